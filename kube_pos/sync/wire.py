"""The messages between a till and upstream, exactly as they travel (PROTOCOL.md). Pure.

Uploads are msgpack compressed with zstandard, since they carry the entries' own bytes; answers and pages are JSON.
A signature is Ed25519 over a label, a zero byte, and the bytes of the message; it travels base64url in a header.
"""

from __future__ import annotations

import base64
from enum import StrEnum

import msgspec

from kube_pos.ledger.ids import CardToken, LedgerId, OutletId, RecipientId

PROTOCOL = 0
SIGNATURE_HEADER = "Kube-Signature"
BATCH_LABEL = b"kube-pos batch"
ANSWER_LABEL = b"kube-pos answer"
PAGE_LABEL = b"kube-pos page"
ENROLMENT_LABEL = b"kube-pos enrolment"
REQUEST_LABEL = b"kube-pos request"
SHARE_LABEL = b"kube-pos share"
MAX_BATCH_ENTRIES = 500
MAX_BODY_BYTES = 2 * 1024 * 1024
"""The largest body, decompressed, that either side takes."""


_GONE = frozenset({b"", b"null"})


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Anything sent over the wire."""


class EnrolmentRequest(Message, frozen=True, kw_only=True):
    """POST /v1/enrolments: a till asks to be taken in. `public_key` is Ed25519, 32 bytes, base64url."""

    code: str
    ledger_id: LedgerId
    public_key: str
    device_name: str
    program_version: str


class EnrolmentAnswer(Message, frozen=True, kw_only=True):
    """The till is taken in; signed with the key whose fingerprint the enrolment code named."""

    ledger_id: LedgerId
    terminal: str
    """The prefix of every receipt number of this ledger; never given twice."""
    outlet_id: OutletId
    upstream_key: str
    city_key: str
    """The key of `cards.keyed_hash`, base64url."""
    server_time_ms: int
    is_demo: bool = False


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """POST /v1/ledgers/{ledger_id}/entries: entries `first`, `first`+1, … with the chain's head after the last."""

    protocol: int
    first: int
    previous: bytes
    bodies: tuple[bytes, ...]
    head: bytes


class Verdict(Message, frozen=True, kw_only=True):
    """An entry that upstream took with an exception: codes as in PROTOCOL.md. Others are accepted without a word."""

    seq: int
    codes: tuple[str, ...]


class UploadAnswer(Message, frozen=True, kw_only=True):
    """What upstream holds durably: everything up to `acked`, whose chain hash is `head` (hexadecimal)."""

    acked: int
    head: str
    server_time_ms: int
    verdicts: tuple[Verdict, ...] = ()


class ShareRequest(Message, frozen=True, kw_only=True):
    """POST /v1/ledgers/{ledger_id}/share-requests: a family stands here; by its card, or by its id when known."""

    card: CardToken | None = None
    recipient: RecipientId | None = None


class ShareState(StrEnum):
    """How a share request stands; asking again tells how it stands now."""

    GRANTED = "granted"
    """The till holds something of the family's rows; its feed has them."""
    WAITING = "waiting"
    """Another till holds it and was asked to give it back."""
    NOTHING = "nothing"
    """There is nothing left that could come."""
    REFUSED = "refused"
    """The card or the family can't be served."""


class ShareAnswer(Message, frozen=True, kw_only=True):
    """What upstream did about a share request; the share itself comes with the changes."""

    state: ShareState
    server_time_ms: int
    recipient: RecipientId | None = None


class Change(Message, frozen=True, kw_only=True):
    """One document that is new, or (without `doc`) gone. `n` is the place in upstream's order."""

    n: int
    kind: str
    key: str
    doc: msgspec.Raw | None = None


class ChangesPage(Message, frozen=True, kw_only=True):
    """GET /v1/ledgers/{ledger_id}/changes?after=N: changes N+1 … `next`; `more` tells that others wait already."""

    after: int
    next: int
    more: bool
    server_time_ms: int
    changes: tuple[Change, ...]


class _ReadChange(msgspec.Struct, frozen=True):
    """A change as it is decoded: the decoder takes `Raw | None` for «null or nothing», so the default stands in."""

    n: int
    kind: str
    key: str
    doc: msgspec.Raw = msgspec.Raw()


class _ReadPage(msgspec.Struct, frozen=True):
    """A page as it is decoded; see `read_page`."""

    after: int
    next: int
    more: bool
    server_time_ms: int
    changes: tuple[_ReadChange, ...]


class Problem(Message, frozen=True, kw_only=True):
    """An RFC 9457 problem document; `code` is stable: fork, gap, clock_skew, unknown_ledger, retired, bad_signature."""

    type: str
    title: str
    status: int
    code: str
    wanted: int | None = None
    """For `gap`: the sequence number that upstream wants next."""
    server_time_ms: int | None = None


class EnrolmentCode(Message, frozen=True, kw_only=True):
    """What the office's QR says: where upstream is, which key it has, and the one-time code."""

    address: str
    fingerprint: str
    """The first 32 hexadecimal digits of the SHA-256 of upstream's public key."""
    code: str


def read_page(body: bytes) -> ChangesPage:
    """Return the page in a body, each document as its own bytes; raises msgspec.MsgspecError when it is none.

    A page must be read by this: `msgspec.json.decode(body, type=ChangesPage)` takes no page that holds a document.
    """
    page = msgspec.json.decode(body, type=_ReadPage)
    changes = tuple(
        Change(n=change.n, kind=change.kind, key=change.key, doc=None if bytes(change.doc) in _GONE else change.doc)
        for change in page.changes
    )
    return ChangesPage(
        after=page.after, next=page.next, more=page.more, server_time_ms=page.server_time_ms, changes=changes
    )


def write_enrolment_code(code: EnrolmentCode) -> str:
    """Return the text of an enrolment QR: `KUBE1 address fingerprint code`."""
    return f"KUBE1 {code.address} {code.fingerprint} {code.code}"


def read_enrolment_code(text: str) -> EnrolmentCode:
    """Return the enrolment code in a scanned or typed text; raises ValueError when it is none."""
    parts = text.split()
    if len(parts) != 4 or parts[0] != "KUBE1":
        raise ValueError("not an enrolment code")
    return EnrolmentCode(address=parts[1], fingerprint=parts[2], code=parts[3])


def to_base64(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    """Return the bytes of base64url text, padded or not; raises ValueError when it is not."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def signed(label: bytes, body: bytes) -> bytes:
    """Return the bytes that a signature of a labelled message covers."""
    return label + b"\0" + body
