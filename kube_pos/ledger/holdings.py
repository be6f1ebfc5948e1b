"""What a till's two files hold, as counts and sums without a name: for the report on a lost till. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kube_pos.ledger.ids import BenefitMonth, FundId, ProgramId


@dataclass(frozen=True, slots=True)
class OpenShare:
    """What a till may still give out of one programme, fund and month; `families` of how many."""

    program: ProgramId
    program_name: str
    fund: FundId
    fund_name: str
    month: BenefitMonth
    unit: str
    """`rupiah`, or `commodity` in thousandths."""
    amount: int
    families: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """The counts."""

    families: int
    cards: int
    cards_elsewhere: int
    """Cards of other outlets' families: their state alone, without a family."""
    staff: int
    entries: int
    unsent: int
    proxies: int
    """Entries that name who collected for a family."""
    open_shares: tuple[OpenShare, ...]
    list_as_of_ms: int | None
