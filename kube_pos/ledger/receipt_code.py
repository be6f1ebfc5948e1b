"""The code on a receipt: what was given, signed by the till, so that an officer can check a paper offline. Pure.

`KUBER1.<ledger id, 8 digits>.<seq>.<receipt>.<rupiah>.<chain hash, 16 digits>.<copy>.<signature, base64url>`; the
signature covers everything before the last dot.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from kube_pos.ledger.ids import LedgerId

_MARK = "KUBER1"


@dataclass(frozen=True, slots=True)
class ReceiptCode:
    """What a receipt's QR says, before or after its signature is checked."""

    ledger_start: str
    seq: int
    receipt: str
    rupiah: int
    hash_start: str
    copy: int

    def text(self) -> str:
        """Return the part that is signed."""
        parts = (self.ledger_start, self.seq, self.receipt, self.rupiah, self.hash_start, self.copy)
        return ".".join([_MARK, *map(str, parts)])


def receipt_code(ledger_id: LedgerId, seq: int, chain_hash: bytes, receipt: str, rupiah: int, copy: int) -> ReceiptCode:
    """Return the code of a printed receipt."""
    return ReceiptCode(ledger_id[:8], seq, receipt, rupiah, chain_hash.hex()[:16], copy)


def write(code: ReceiptCode, signature: bytes) -> str:
    """Return the whole text of the QR."""
    return f"{code.text()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def read(text: str) -> tuple[ReceiptCode, bytes]:
    """Return the code and the signature in a QR's text; raises ValueError when it is no receipt's."""
    parts = text.strip().split(".")
    if len(parts) != 8 or parts[0] != _MARK:
        raise ValueError("not a receipt's code")
    signature = base64.b64decode(parts[7] + "=" * (-len(parts[7]) % 4), altchars=b"-_", validate=True)
    code = ReceiptCode(parts[1], int(parts[2]), parts[3], int(parts[4]), parts[5], int(parts[6]))
    return code, signature
