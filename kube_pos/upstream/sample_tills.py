"""What happened in the demo city before the demo: two earlier tills, with real journals received in the usual way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from kube_pos.ledger.cards import CardNumber, card_token
from kube_pos.ledger.chain import genesis
from kube_pos.ledger.days import business_day
from kube_pos.ledger.entries import AnyEntry, DayOpened, Draw, Line, Redemption, Source, encode
from kube_pos.ledger.ids import (
    BenefitMonth,
    EntitlementId,
    FundId,
    LedgerId,
    OutletId,
    ProgramId,
    RecipientId,
    SaleId,
    StaffId,
    uuid7,
)
from kube_pos.ledger.quantity import ONE, Rupiah, Thousandths
from kube_pos.sync.wire import PROTOCOL, Batch, EnrolmentAnswer, EnrolmentRequest, to_base64
from kube_pos.upstream import shares, tables
from kube_pos.upstream.batches import hashes_of
from kube_pos.upstream.enrolment import enrol, make_code
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.ledgers import free_frozen, retire
from kube_pos.upstream.receive import receive
from kube_pos.upstream.sample_goods import RICE_5_KG

_RICE_PRICE = 75_000
_FIRST_OUTLET, _NEIGHBOUR = OutletId(1), OutletId(2)
_CASHIER = StaffId(10)
_SALE_MS = 600_000


@dataclass(frozen=True, slots=True)
class Visit:
    """A family that took goods worth `spent` at the outlet's earlier till."""

    recipient_id: RecipientId
    card: CardNumber
    spent: int


def run_earlier_tills(
    connection: Connection,
    keys: Keys,
    rng: Random,
    visits: Sequence[Visit],
    moved: Sequence[RecipientId],
    at_ms: int,
) -> None:
    """Let the first outlet's earlier till serve some families and retire; give a neighbour's till the moved shares."""
    earlier = _enrol(connection, keys, rng, _FIRST_OUTLET, at_ms)
    entries: list[AnyEntry] = [DayOpened(at=at_ms, day=business_day(at_ms), by=_CASHIER)]
    for visit in visits:
        at = at_ms + len(entries) * _SALE_MS
        entries.append(_redemption(connection, keys, rng, visit, f"{earlier.terminal}-{len(entries):06d}", at))
    upload(connection, earlier.ledger_id, entries, at_ms + (len(entries) + 1) * _SALE_MS)
    retire(connection, earlier.ledger_id, "demo", at_ms)
    free_frozen(connection, earlier.ledger_id, "demo", at_ms)
    neighbour = _enrol(connection, keys, rng, _NEIGHBOUR, at_ms)
    ids = select(tables.entitlement.c.id).where(tables.entitlement.c.recipient_id.in_(moved))
    wanted = set(connection.execute(ids).scalars())
    free = [row for row in shares.free_of_outlet(connection, _FIRST_OUTLET) if row.entitlement_id in wanted]
    shares.grant(connection, neighbour.ledger_id, free)


def upload(connection: Connection, ledger_id: LedgerId, entries: Sequence[AnyEntry], now_ms: int) -> None:
    """Receive a till's first entries, as if it had sent them."""
    bodies = tuple(encode(entry) for entry in entries)
    bare = Batch(PROTOCOL, 1, genesis(ledger_id), bodies, b"")
    batch = Batch(PROTOCOL, 1, bare.previous, bodies, hashes_of(bare)[-1])
    receive(connection, ledger_id, batch, b"", now_ms)


def _enrol(connection: Connection, keys: Keys, rng: Random, outlet_id: OutletId, at_ms: int) -> EnrolmentAnswer:
    code = make_code(connection, keys, outlet_id, "http://127.0.0.1", at_ms)
    key = Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
    request = EnrolmentRequest(
        code=code.code,
        ledger_id=LedgerId(uuid7(at_ms, rng.randbytes(10))),
        public_key=to_base64(key.public_key().public_bytes_raw()),
        device_name="Demo",
        program_version="0",
    )
    return enrol(connection, keys, request, at_ms)


def _redemption(connection: Connection, keys: Keys, rng: Random, visit: Visit, receipt: str, at_ms: int) -> Redemption:
    """Return a sale of rice that draws on the oldest rows first."""
    entitlement = tables.entitlement
    rows = connection.execute(
        select(entitlement).where(entitlement.c.recipient_id == visit.recipient_id).order_by(entitlement.c.month)
    ).all()
    draws, sources, left = [], [], visit.spent
    for row in rows:
        taken = min(left, row.amount)
        if taken:
            draws.append(Draw(EntitlementId(row.id), taken))
            sources.append(
                Source(
                    EntitlementId(row.id),
                    ProgramId(row.program_id),
                    FundId(row.fund_id),
                    row.budget_year,
                    BenefitMonth(row.month),
                    date.fromisoformat(row.expires_on),
                )
            )
            left -= taken
    line = Line(
        product=RICE_5_KG,
        quantity=Thousandths(visit.spent // _RICE_PRICE * ONE),
        price=Rupiah(_RICE_PRICE),
        total=Rupiah(visit.spent),
        draws=tuple(draws),
    )
    return Redemption(
        at=at_ms,
        day=business_day(at_ms),
        by=_CASHIER,
        sale=SaleId(uuid7(at_ms, rng.randbytes(10)).replace("-", "")),
        receipt=receipt,
        recipient=visit.recipient_id,
        card=card_token(keys.city, visit.card),
        lines=(line,),
        sources=tuple(sources),
        opening=Rupiah(sum(row.amount for row in rows)),
        as_of=at_ms,
    )
