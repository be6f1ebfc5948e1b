"""The edge cases that the demo city shows, each on a card of its own. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kube_pos.ledger.documents import CardState, RecipientState
from kube_pos.ledger.ids import BenefitMonth, CommodityId, FundId, ProgramId
from kube_pos.upstream.sample_goods import RICE

PROGRAM = ProgramId(1)
ELDERLY_PROGRAM = ProgramId(2)
APBD = FundId(1)
BAZNAS = FundId(2)
MONTHLY = 300_000
BAZNAS_MONTHLY = 100_000
RICE_10_KG = 10_000


@dataclass(frozen=True, slots=True)
class Release:
    """Rows of some months that become usable on one day."""

    months: tuple[BenefitMonth, ...]
    released_on: date
    expires_on: date
    amount: int = MONTHLY
    fund_id: FundId = APBD
    commodity_id: CommodityId | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One edge case: its key under `demo_case`, what the till must say, and how the family differs.

    `releases` of None stands for what everybody gets; `spent` is what an earlier till of the outlet gave out.
    """

    key: str
    sentence: str
    releases: tuple[Release, ...] | None = None
    card_state: CardState = CardState.ACTIVE
    state: RecipientState = RecipientState.ACTIVE
    delivery: bool = False
    spent: int = 0
    moved_share: bool = False
    second_card: str = ""
    """The case of a second, newer card of the same family."""


ALLOWED = "allowed"
OTHER_OUTLET = "other_outlet"


def usual_releases(year: int) -> tuple[Release, ...]:
    """Return what every family gets: October to December, released late and at once."""
    return (
        Release(_months(year, 10, 11), date(year, 11, 16), date(year, 12, 31)),
        Release(_months(year, 12), date(year, 11, 16), date(year + 1, 1, 31)),
    )


def baznas_release(year: int) -> Release:
    """Return the second fund's rows of the families that have some."""
    months = _months(year, 10, 11, 12)
    return Release(months, date(year, 11, 16), date(year, 12, 31), BAZNAS_MONTHLY, BAZNAS)


def cases(year: int) -> tuple[Case, ...]:
    """Return the cases of the demo outlet's own families, in the order of the card sheet."""
    usual, october = usual_releases(year), date(year, 10, 31)
    november = Release(_months(year, 11), date(year, 11, 16), date(year, 12, 31))
    rice = Release(_months(year, 11), date(year, 11, 16), date(year, 12, 31), RICE_10_KG, BAZNAS, RICE)
    later = Release(_months(year, 12), date(year, 12, 15), date(year + 1, 1, 31))
    year_end = (
        Release(_months(year, 12), date(year, 11, 16), date(year, 12, 31)),
        Release(_months(year + 1, 1), date(year, 11, 16), date(year + 1, 2, 28)),
    )
    return (
        Case("arrears", ALLOWED),
        Case("one_month", ALLOWED, releases=(november,)),
        Case("partly_used", ALLOWED, spent=MONTHLY + MONTHLY // 2),
        Case("used_up", "refusal.used_up", spent=3 * MONTHLY),
        Case("expired", "refusal.expired", releases=(Release(_months(year, 9), date(year, 9, 16), october),)),
        Case("not_published", "refusal.not_published", releases=()),
        Case("not_released", "refusal.not_released", releases=(later,)),
        Case("on_hold", "refusal.on_hold", state=RecipientState.ON_HOLD),
        Case("card_blocked", "refusal.card_blocked", card_state=CardState.BLOCKED),
        Case("card_lost", "refusal.card_lost", card_state=CardState.LOST),
        Case("card_replaced", "refusal.card_replaced", card_state=CardState.REPLACED, second_card="replacement"),
        Case("two_funds", ALLOWED, releases=(*usual, baznas_release(year))),
        Case("in_kind", ALLOWED, releases=(november, rice)),
        Case("over_year_end", ALLOWED, releases=year_end),
        Case("delivery", ALLOWED, delivery=True),
        Case("held_elsewhere", "refusal.held_elsewhere", moved_share=True),
    )


def _months(year: int, *numbers: int) -> tuple[BenefitMonth, ...]:
    return tuple(BenefitMonth(f"{year:04d}-{number:02d}") for number in numbers)
