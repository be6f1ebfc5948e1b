"""What the tests of sync share: a clock, journals, stores in memory, and an office that keeps the protocol."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TypeVar

import jwt
import msgspec
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kube_pos.clock import Clock
from kube_pos.errors import KubePosError, StaleCursor
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.entries import Draw, Line, Redemption, Source, encode
from kube_pos.ledger.ids import (
    BenefitMonth,
    CardToken,
    EntitlementId,
    FundId,
    LedgerId,
    OutletId,
    ProductId,
    ProgramId,
    RecipientId,
    SaleId,
    StaffId,
)
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.sync.cycle import Traffic
from kube_pos.sync.failures import ClockSkew
from kube_pos.sync.outbox import Packed
from kube_pos.sync.ports import Waiting
from kube_pos.sync.problems import failure_of
from kube_pos.sync.signing import AUDIENCE, DeviceKey, verify
from kube_pos.sync.wire import (
    BATCH_LABEL,
    MAX_BODY_BYTES,
    Batch,
    Change,
    ChangesPage,
    Problem,
    UploadAnswer,
    Verdict,
)

T = TypeVar("T")
NOW_MS = 1_795_000_000_000
LEDGER = LedgerId("0199c5a0-1111-7222-8333-444455556666")
TILL_KEY = DeviceKey(bytes(range(32)))
OFFICE_KEY = DeviceKey(bytes(range(32, 64)))
FORGER_KEY = DeviceKey(bytes(range(64, 96)))


def redemption(number: int) -> bytes:
    """Return the body of a sale as an outlet makes it: one to four goods against one month's aid."""
    # Digests stand in for the random tokens of cards and sales, which do not compress.
    chance = hashlib.sha256(b"%d" % number).digest()
    entitlement = EntitlementId(100_000 + int.from_bytes(chance[:2], "big") % 3000)
    goods = ((3, 18_000, 5000), (1, 15_500, 1000), (5, 2_500, 10_000), (2, 72_500, 1000), (6, 29_500, 2000))
    lines = []
    for place in range(1 + chance[2] % 4):
        product, price, quantity = goods[(chance[3] + place * chance[4]) % len(goods)]
        total = Rupiah(price * quantity // 1000)
        draws = (Draw(entitlement, total),)
        lines.append(
            Line(
                product=ProductId(product),
                quantity=Thousandths(quantity),
                price=Rupiah(price),
                total=total,
                draws=draws,
            )
        )
    source = Source(entitlement, ProgramId(1), FundId(1), 2026, BenefitMonth("2026-11"), date(2026, 12, 31))
    return encode(
        Redemption(
            at=NOW_MS + number * 61_234 + int.from_bytes(chance[5:7], "big"),
            day=date(2026, 11, 24),
            by=StaffId(12),
            sale=SaleId(hashlib.sha256(chance).hexdigest()[:32]),
            receipt=f"A01-{number:06d}",
            recipient=RecipientId(int.from_bytes(chance[7:9], "big")),
            card=CardToken(chance.hex()[32:]),
            lines=tuple(lines),
            sources=(source,),
            opening=Rupiah(300_000),
            as_of=NOW_MS - 3_600_000,
        )
    )


class MemoryOutbox:
    """A journal in memory; refuses what no store may accept."""

    def __init__(self, ledger_id: LedgerId = LEDGER) -> None:
        self.ledger_id = ledger_id
        self.entries: list[Waiting] = []
        self.acked_seq = 0
        self.verdicts: dict[int, tuple[str, ...]] = {}
        self.acks: list[int] = []
        self.contacts: list[int] = []
        self.bytes_up = self.bytes_down = 0

    def append(self, body: bytes) -> None:
        seq = len(self.entries) + 1
        head = self.entries[-1].hash if self.entries else genesis(self.ledger_id)
        self.entries.append(Waiting(seq, body, link(head, seq, body)))

    def fill(self, count: int) -> MemoryOutbox:
        for _ in range(count):
            self.append(redemption(len(self.entries) + 1))
        return self

    def identity(self) -> Identity:
        return Identity(self.ledger_id, "A01", OutletId(1), b"c" * 32, "http://127.0.0.1", b"", is_demo=False)

    def acked(self) -> tuple[int, bytes]:
        seq = self.acked_seq
        return seq, self.entries[seq - 1].hash if seq else genesis(self.ledger_id)

    def waiting(self, after: int, limit: int) -> list[Waiting]:
        return self.entries[after : after + limit]

    def acknowledge(self, answer: UploadAnswer) -> None:
        assert answer.acked <= len(self.entries)
        self.acks.append(answer.acked)
        self.acked_seq = max(self.acked_seq, answer.acked)
        self.verdicts.update({verdict.seq: verdict.codes for verdict in answer.verdicts})

    def note_contact(self, server_time_ms: int, bytes_up: int, bytes_down: int) -> None:
        self.contacts.append(server_time_ms)
        self.bytes_up += bytes_up
        self.bytes_down += bytes_down


class MemoryFeed:
    """A replica in memory."""

    def __init__(self) -> None:
        self.at = 0
        self.pages = 0
        self.documents: dict[tuple[str, str], bytes] = {}

    def cursor(self) -> int:
        return self.at

    def apply(self, page: ChangesPage) -> None:
        if page.after != self.at:
            raise StaleCursor(expected=self.at, found=page.after)
        for change in page.changes:
            if change.doc is None:
                self.documents.pop((change.kind, change.key), None)
            else:
                self.documents[change.kind, change.key] = bytes(change.doc)
        self.at = page.next
        self.pages += 1

    def restart(self) -> None:
        self.at = 0


class Refusal(Exception):
    """The office answers with a problem document."""

    def __init__(self, code: str, status: int, *, wanted: int | None = None, time_ms: int | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.body = msgspec.json.encode(
            Problem(type="about:blank", title=code, status=status, code=code, wanted=wanted, server_time_ms=time_ms)
        )


@dataclass
class Office:
    """The office for one till, in memory: keeps the protocol to the letter. Safe to share between threads."""

    clock: Clock
    ledger_id: LedgerId = LEDGER
    till_key: bytes = TILL_KEY.public_key()
    received: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Body and hash of each entry, from 1 on."""
    changes: list[Change] = field(default_factory=list)
    page_size: int = 100
    state: str = "active"
    odd: frozenset[int] = frozenset()
    """Entries that are taken with an exception."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def tell(self, kind: str, key: str, doc: bytes | None) -> None:
        raw = None if doc is None else msgspec.Raw(doc)
        self.changes.append(Change(n=len(self.changes) + 1, kind=kind, key=key, doc=raw))

    def authenticate(self, authorization: str) -> None:
        key = Ed25519PublicKey.from_public_bytes(self.till_key)
        options = {"require": ["iss", "iat", "exp", "aud"], "verify_exp": False, "verify_iat": False}
        token = authorization.removeprefix("Bearer ")
        claims = jwt.decode(token, key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=self.ledger_id, options=options)
        assert claims["iat"] < claims["exp"] <= claims["iat"] + 300
        if not claims["iat"] - 120 <= self.clock.now_ms() // 1000 <= claims["exp"] + 120:
            raise Refusal("clock_skew", 401, time_ms=self.clock.now_ms())

    def receive(self, body: bytes, signature: str) -> UploadAnswer:
        if not verify(self.till_key, BATCH_LABEL, body, signature):
            raise Refusal("bad_signature", 401)
        return self.take(body)

    def take(self, body: bytes) -> UploadAnswer:
        raw = zstandard.ZstdDecompressor().decompress(body, max_output_size=MAX_BODY_BYTES)
        assert len(raw) <= MAX_BODY_BYTES
        batch = msgspec.msgpack.decode(raw, type=Batch)
        with self.lock:
            return self._take(batch)

    def _take(self, batch: Batch) -> UploadAnswer:
        held = len(self.received)
        if batch.first > held + 1:
            raise Refusal("gap", 409, wanted=held + 1)
        if self.head(batch.first - 1) != batch.previous:
            raise Refusal("fork", 409)
        head, fresh = batch.previous, []
        for seq, body in enumerate(batch.bodies, start=batch.first):
            head = link(head, seq, body)
            if seq > held:
                fresh.append((body, head))
            elif self.head(seq) != head:
                raise Refusal("fork", 409)
        assert head == batch.head
        self.received += fresh
        last = batch.first + len(batch.bodies) - 1
        verdicts = tuple(Verdict(seq=seq, codes=("overdrawn",)) for seq in sorted(self.odd) if seq <= last)
        return UploadAnswer(
            acked=len(self.received),
            head=self.head(len(self.received)).hex(),
            server_time_ms=self.clock.now_ms(),
            verdicts=verdicts,
        )

    def page(self, after: int) -> ChangesPage:
        if self.state != "active":
            raise Refusal(self.state, 403)
        if after > len(self.changes):
            raise Refusal("cursor_unknown", 410)
        chosen = tuple(self.changes[after : after + self.page_size])
        return ChangesPage(
            after=after,
            next=after + len(chosen),
            more=after + len(chosen) < len(self.changes),
            server_time_ms=self.clock.now_ms(),
            changes=chosen,
        )

    def head(self, seq: int) -> bytes:
        return self.received[seq - 1][1] if seq else genesis(self.ledger_id)


@dataclass
class DirectUpstream:
    """The office without a network between, as a cycle asks it: requests can be prepared to fail."""

    office: Office
    clock: Clock
    troubles: list[KubePosError] = field(default_factory=list)
    """Raised instead of the next requests, one each."""
    requests: list[str] = field(default_factory=list)
    offset_ms: int = 0
    late: list[bytes] = field(default_factory=list)
    """Every batch that ever left, for those that arrive twice or late."""

    def upload(self, packed: Packed) -> UploadAnswer:
        self.requests.append("upload")
        self.late.append(packed.body)
        self._fail()
        return self._asked(partial(self.office.take, packed.body))

    def changes(self, after: int) -> ChangesPage:
        self.requests.append("changes")
        self._fail()
        return self._asked(partial(self.office.page, after))

    def correct_clock(self, server_time_ms: int) -> None:
        self.offset_ms = server_time_ms - self.clock.now_ms()

    def take_traffic(self) -> Traffic:
        return Traffic(100, 50)

    def _fail(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)

    def _asked(self, request: Callable[[], T]) -> T:
        if abs(self.clock.now_ms() + self.offset_ms - self.office.clock.now_ms()) > 120_000:
            raise ClockSkew(self.office.clock.now_ms())
        try:
            return request()
        except Refusal as refusal:
            raise failure_of(refusal.status, refusal.body) from None
