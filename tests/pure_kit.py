"""Makers of the pure ledger's values, with defaults that a test can do without."""

from __future__ import annotations

from datetime import date

from kube_pos.ledger import documents as docs
from kube_pos.ledger.days import at_wita
from kube_pos.ledger.entitlement import Allowed, Row, Situation, month_lines
from kube_pos.ledger.ids import (
    BenefitMonth,
    CardToken,
    CommodityId,
    EntitlementId,
    FundId,
    ProgramId,
    RecipientId,
)
from tests.fakes import TODAY
from tests.ledger_kit import APBD, FOOD, HERE

NOW = at_wita(TODAY, 10)
"""24 November 2026, 10:00 in Samarinda: the moment at which a FixedClock stands."""
ACTIVE_POLICY = docs.Policy(program_id=FOOD, from_day=date(2026, 1, 1))
FAMILY = docs.Recipient(
    id=RecipientId(1), name="Siti Aminah", ward="Rawa Makmur", neighbourhood="RT 04", home_outlet_id=HERE
)
CARD = docs.Card(token=CardToken("a" * 32), state=docs.CardState.ACTIVE, outlet_id=HERE, recipient_id=RecipientId(1))


def entitlement(
    number: int = 1,
    month: str = "2026-11",
    amount: int = 300_000,
    *,
    released_on: date = date(2026, 11, 16),
    expires_on: date = date(2026, 12, 31),
    commodity: CommodityId | None = None,
    fund: FundId = APBD,
    program: ProgramId = FOOD,
) -> docs.Entitlement:
    return docs.Entitlement(
        id=EntitlementId(number),
        recipient_id=RecipientId(1),
        program_id=program,
        fund_id=fund,
        budget_year=int(month[:4]),
        month=BenefitMonth(month),
        amount=amount,
        released_on=released_on,
        expires_on=expires_on,
        unit=docs.Unit.RUPIAH if commodity is None else docs.Unit.COMMODITY,
        commodity_id=commodity,
    )


def row(of: docs.Entitlement, *, spent: int = 0, released: int = 0, granted: int | None = None) -> Row:
    return Row(of, of.amount if granted is None else granted, released, spent)


def situation(
    *rows: Row,
    now_ms: int = NOW,
    as_of_ms: int | None = NOW - 3_600_000,
    card: docs.Card | None = CARD,
    recipient: docs.Recipient | None = FAMILY,
    cycles: tuple[docs.Cycle, ...] = (),
    policies: tuple[docs.Policy, ...] = (ACTIVE_POLICY,),
) -> Situation:
    return Situation(
        now_ms=now_ms,
        outlet_id=HERE,
        list_as_of_ms=as_of_ms,
        card=card,
        recipient=recipient,
        rows=rows,
        cycles=cycles,
        policies=policies,
    )


def allowed(*rows: Row) -> Allowed:
    """A family that may take what its rows hold, today."""
    return Allowed(FAMILY, month_lines(situation(*rows)), rows, 0, None)


def cycle(
    *months: str, released_on: date = TODAY, published: bool = False, number: int = 1, program: ProgramId = FOOD
) -> docs.Cycle:
    return docs.Cycle(
        id=number,
        program_id=program,
        months=tuple(BenefitMonth(month) for month in months),
        published=published,
        released_on=released_on,
    )
