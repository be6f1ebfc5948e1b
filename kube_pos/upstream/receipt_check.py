"""Checks the code on a paper receipt: made by which till, unchanged, and in agreement with what the office holds."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from kube_pos.errors import KubePosError
from kube_pos.ledger.receipt_code import ReceiptCode, read
from kube_pos.upstream import tables


class ReceiptCodeUnreadable(KubePosError):
    """The text is no receipt's code. Facts: none."""

    code = "receipt_code_unreadable"


class ReceiptTillUnknown(KubePosError):
    """The code names a till that this office never enrolled. Facts: ledger."""

    code = "receipt_till_unknown"


class ReceiptForged(KubePosError):
    """The signature is not that of the till that the code names. Facts: receipt, terminal."""

    code = "receipt_forged"


class ReceiptDiffers(KubePosError):
    """The till signed it, but another entry stands at that place in what it sent. Facts: receipt, terminal."""

    code = "receipt_differs"


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """A code that is genuine, and whether its sale has arrived."""

    code: ReceiptCode
    terminal: str
    outlet: str
    is_stored: bool


def check_receipt(connection: Connection, text: str) -> CheckedReceipt:
    """Return what a genuine code says.

    Raises ReceiptCodeUnreadable, ReceiptTillUnknown, ReceiptForged, or ReceiptDiffers.
    """
    try:
        code, signature = read(text)
    except ValueError as error:
        raise ReceiptCodeUnreadable from error
    ledger, outlet = tables.ledger, tables.outlet
    query = (
        select(ledger.c.id, ledger.c.terminal, ledger.c.public_key, outlet.c.name)
        .join_from(ledger, outlet, ledger.c.outlet_id == outlet.c.id)
        .where(ledger.c.id.startswith(code.ledger_start, autoescape=True))
    )
    tills = connection.execute(query).all()
    if not tills or not code.ledger_start:
        raise ReceiptTillUnknown(ledger=code.ledger_start)
    for till in tills:
        if _has_signed(till.public_key, code, signature):
            stored = _is_stored(connection, till.id, code)
            if stored is False:
                raise ReceiptDiffers(receipt=code.receipt, terminal=till.terminal)
            return CheckedReceipt(code, till.terminal, till.name, bool(stored))
    raise ReceiptForged(receipt=code.receipt, terminal=tills[0].terminal)


def _has_signed(key: bytes, code: ReceiptCode, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, code.text().encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_stored(connection: Connection, ledger_id: str, code: ReceiptCode) -> bool | None:
    """Tell whether the entry of a code is the one that the office holds; None when it has not come yet."""
    entry = tables.entry
    row = connection.execute(
        select(entry.c.hash).where(entry.c.ledger_id == ledger_id, entry.c.seq == code.seq)
    ).first()
    return None if row is None else row.hash.hex().startswith(code.hash_start)
