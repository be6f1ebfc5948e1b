"""A basket of goods against a family's open month lines: allocation, and what to drop when it is too much. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from kube_pos.ledger.documents import Allowance, Product, Unit
from kube_pos.ledger.entitlement import Allowed, MonthLine, drawing_order
from kube_pos.ledger.entries import Draw, Line
from kube_pos.ledger.ids import CommodityId, EntitlementId, ProgramId
from kube_pos.ledger.quantity import Rupiah, Thousandths, line_total


@dataclass(frozen=True, slots=True)
class Pick:
    """A product the family wants: how much, at which price per base unit."""

    product: Product
    quantity: Thousandths
    price: Rupiah

    @property
    def total(self) -> Rupiah:
        """Return quantity × price."""
        return line_total(self.quantity, self.price)


@dataclass(frozen=True, slots=True)
class Drop:
    """One line of the advice for a basket that is too much: put `quantity` of `product` back."""

    product: Product
    quantity: Thousandths


@dataclass(frozen=True, slots=True)
class Covered:
    """The basket fits: the lines with their draws, and what stays."""

    lines: tuple[Line, ...]
    used: Rupiah
    remaining: Rupiah


@dataclass(frozen=True, slots=True)
class TooMuch:
    """The basket is worth more than the balance: `excess` rupiah over; dropping `drops` makes it fit."""

    excess: Rupiah
    drops: tuple[Drop, ...]


@dataclass(slots=True)
class _Purse:
    """What is still to be drawn of one open line."""

    entitlement: EntitlementId
    left: int
    commodity: CommodityId | None
    permitted: frozenset[CommodityId]


Permits = Mapping[ProgramId, frozenset[CommodityId]]
"""The commodities that each programme allows on the day of the sale."""


def permits_on(allowances: Iterable[Allowance], day: date) -> Permits:
    """Return what each programme allows on a day."""
    found: dict[ProgramId, frozenset[CommodityId]] = {}
    for allowance in allowances:
        if allowance.from_day <= day and (allowance.until_day is None or day <= allowance.until_day):
            so_far = found.get(allowance.program_id, frozenset())
            found[allowance.program_id] = so_far | {allowance.commodity_id}
    return found


def cover(allowed: Allowed, picks: tuple[Pick, ...], permits: Permits) -> Covered | TooMuch:
    """Return the lines of a basket with their draws, earliest expiry first, or by how much it is too much.

    In-kind rows of the same commodity are drawn before rupiah; what they don't cover costs rupiah. A line draws only on
    rows whose programme permits its commodity, and goods that few rows may pay for draw before goods that many may.
    """
    purses = _purses(allowed.lines, permits)
    drawn = _draw_all(picks, purses)
    short = sum(missing for _, missing in drawn)
    if short:
        return TooMuch(Rupiah(short), _advice(allowed, picks, permits))
    remaining = Rupiah(sum(purse.left for purse in purses if purse.commodity is None))
    lines = tuple(
        Line(product=pick.product.id, quantity=pick.quantity, price=pick.price, total=pick.total, draws=tuple(draws))
        for pick, (draws, _) in zip(picks, drawn, strict=True)
    )
    return Covered(lines, Rupiah(allowed.balance - remaining), remaining)


def cover_partly(lines: tuple[MonthLine, ...], picks: tuple[Pick, ...], permits: Permits) -> tuple[Line, ...]:
    """Return the lines of goods that are gone already: drawn as far as rows reach, the rest told as `over`."""
    drawn = _draw_all(picks, _purses(lines, permits))
    return tuple(
        Line(
            product=pick.product.id,
            quantity=pick.quantity,
            price=pick.price,
            total=pick.total,
            draws=tuple(draws),
            over=Rupiah(missing),
        )
        for pick, (draws, missing) in zip(picks, drawn, strict=True)
    )


def is_permitted(product: Product, allowed: Allowed, permits: Permits) -> bool:
    """Tell whether some open row of the family may pay for a product."""
    return any(
        product.commodity_id in permits.get(line.entitlement.program_id, frozenset())
        for line in allowed.lines
        if line.is_open
    )


def _purses(lines: tuple[MonthLine, ...], permits: Permits) -> list[_Purse]:
    return [
        _Purse(
            line.entitlement.id,
            line.left,
            line.entitlement.commodity_id if line.entitlement.unit is Unit.COMMODITY else None,
            permits.get(line.entitlement.program_id, frozenset()),
        )
        for line in drawing_order(lines)
    ]


def _draw_all(picks: tuple[Pick, ...], purses: list[_Purse]) -> list[tuple[list[Draw], int]]:
    """Draw all picks, those that the fewest rows may pay for first; return the draws and what is missing of each."""

    def choice(place: int) -> int:
        return sum(picks[place].product.commodity_id in purse.permitted for purse in purses)

    found: dict[int, tuple[list[Draw], int]] = {}
    for place in sorted(range(len(picks)), key=choice):
        found[place] = _draw(picks[place], purses)
    return [found[place] for place in range(len(picks))]


def _draw(pick: Pick, purses: list[_Purse]) -> tuple[list[Draw], int]:
    """Draw one pick from the purses, in kind first; return the draws and the rupiah that nothing covers."""
    usable = [purse for purse in purses if pick.product.commodity_id in purse.permitted]
    draws: list[Draw] = []
    in_kind = [purse for purse in usable if purse.commodity == pick.product.commodity_id]
    payable = _draw_in_kind(pick, in_kind, draws)
    missing = _take([purse for purse in usable if purse.commodity is None], payable, draws)
    return draws, missing


def _draw_in_kind(pick: Pick, purses: list[_Purse], draws: list[Draw]) -> Rupiah:
    """Draw whole steps of the product in kind; return the rupiah that the rest of the pick costs."""
    # In millionths, since a step may hold no whole number of thousandths of the commodity.
    per_step = pick.product.step * pick.product.contents
    in_purses = sum(purse.left for purse in purses)
    steps = min(pick.quantity // pick.product.step, in_purses * 1000 // per_step) if per_step else 0
    _take(purses, steps * per_step // 1000, draws)
    return line_total(Thousandths(pick.quantity - steps * pick.product.step), pick.price)


def _take(purses: list[_Purse], amount: int, draws: list[Draw]) -> int:
    """Take an amount from the purses in their order; return what could not be taken."""
    for purse in purses:
        taken = min(purse.left, amount)
        if taken:
            draws.append(Draw(purse.entitlement, taken))
            purse.left -= taken
            amount -= taken
    return amount


def _advice(allowed: Allowed, picks: tuple[Pick, ...], permits: Permits) -> tuple[Drop, ...]:
    """Return what to put back, the last line first, in whole steps, so that the rest fits and nothing more would."""
    kept: tuple[Pick, ...] = ()
    drops: list[Drop] = []
    for pick in picks:
        keep = _most_that_fits(allowed, kept, pick, permits)
        if keep:
            kept = (*kept, Pick(pick.product, keep, pick.price))
        if keep < pick.quantity:
            drops.append(Drop(pick.product, Thousandths(pick.quantity - keep)))
    return tuple(reversed(drops))


def _most_that_fits(allowed: Allowed, kept: tuple[Pick, ...], pick: Pick, permits: Permits) -> Thousandths:
    """Return how much of a line fits beside what is kept: all of it, or the most in whole steps."""
    if _fits(allowed, (*kept, pick), permits):
        return pick.quantity
    step = pick.product.step
    low, high = 0, pick.quantity // step
    while low < high:
        middle = (low + high + 1) // 2
        tried = Pick(pick.product, Thousandths(middle * step), pick.price)
        if _fits(allowed, (*kept, tried), permits):
            low = middle
        else:
            high = middle - 1
    return Thousandths(low * step)


def _fits(allowed: Allowed, picks: tuple[Pick, ...], permits: Permits) -> bool:
    return all(missing == 0 for _, missing in _draw_all(picks, _purses(allowed.lines, permits)))
