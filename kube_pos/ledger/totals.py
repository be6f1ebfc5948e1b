"""Sums over sales: by month, fund, product and cashier, and the three-way check of a day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kube_pos.ledger.entries import GeneralSale, Line, Redemption, Reversal
from kube_pos.ledger.ids import BenefitMonth, FundId, ProductId, StaffId
from kube_pos.ledger.ports import Sale, Stored
from kube_pos.ledger.quantity import Rupiah


@dataclass(slots=True)
class Totals:
    """What a set of sales adds up to; a reversal counts its target with the opposite sign."""

    redemptions: int = 0
    general_sales: int = 0
    reversals: int = 0
    entitlement_used: int = 0
    """Rupiah drawn on entitlements, from the draws."""
    goods_out: int = 0
    """Rupiah of goods handed out against rupiah entitlements, from the lines."""
    in_kind_out: int = 0
    """Thousandths of commodities drawn in kind."""
    cash: int = 0
    over: int = 0
    """Rupiah of goods on paper slips that no entitlement covered when they were entered."""
    stand_in: int = 0
    """Rupiah given to other outlets' families on a programme's word."""
    by_month: dict[BenefitMonth, int] = field(default_factory=dict)
    by_fund: dict[FundId, int] = field(default_factory=dict)
    by_product: dict[ProductId, int] = field(default_factory=dict)
    """Thousandths handed out of each product, aid and cash together."""
    by_staff: dict[StaffId, int] = field(default_factory=dict)

    @property
    def difference(self) -> Rupiah:
        """Return what accounts for the goods − goods out: 0 unless a line's draws do not cover it."""
        return Rupiah(self.entitlement_used + self.over + self.stand_in - self.goods_out)


def add_up(sales: Iterable[Stored], targets: Mapping[int, Stored]) -> Totals:
    """Return the totals of sales; `targets` holds the sale that each reversal undoes, by sequence number."""
    totals = Totals()
    for stored in sales:
        entry = stored.entry
        if isinstance(entry, Reversal):
            totals.reversals += 1
            target = targets[entry.target].entry
            if isinstance(target, Redemption | GeneralSale):
                _add(totals, target, -1)
        elif isinstance(entry, Redemption):
            totals.redemptions += 1
            _add(totals, entry, 1)
        elif isinstance(entry, GeneralSale):
            totals.general_sales += 1
            _add(totals, entry, 1)
    return totals


def rupiah_drawn(entry: Redemption) -> Rupiah:
    """Return what a redemption took of rupiah entitlements."""
    in_kind = {source.entitlement for source in entry.sources if source.commodity is not None}
    return Rupiah(sum(draw.amount for line in entry.lines for draw in line.draws if draw.entitlement not in in_kind))


def over_of(entry: Redemption) -> Rupiah:
    """Return what a paper slip handed out beyond every entitlement."""
    return Rupiah(sum(line.over for line in entry.lines))


def _add(totals: Totals, entry: Sale, sign: int) -> None:
    if isinstance(entry, Redemption):
        for line in entry.lines:
            _add_line(totals, entry, line, sign)
        _add_cash(totals, entry.cash, sign)
        totals.over += over_of(entry) * sign
        totals.stand_in += (entry.stand_in.amount if entry.stand_in else 0) * sign
        drawn = rupiah_drawn(entry) * sign
        totals.by_staff[entry.by] = totals.by_staff.get(entry.by, 0) + drawn
    elif isinstance(entry, GeneralSale):
        _add_cash(totals, entry.lines, sign)


def _add_line(totals: Totals, entry: Redemption, line: Line, sign: int) -> None:
    sources = {source.entitlement: source for source in entry.sources}
    in_kind = False
    drawn = 0
    for draw in line.draws:
        source = sources[draw.entitlement]
        if source.commodity is not None:
            totals.in_kind_out += draw.amount * sign
            in_kind = True
            continue
        drawn += draw.amount
        totals.by_month[source.month] = totals.by_month.get(source.month, 0) + draw.amount * sign
        totals.by_fund[source.fund] = totals.by_fund.get(source.fund, 0) + draw.amount * sign
    totals.entitlement_used += drawn * sign
    # A line paid partly in kind costs only what its rupiah draws and its excess say; any other costs its total.
    totals.goods_out += (drawn + line.over if in_kind else line.total) * sign
    totals.by_product[line.product] = totals.by_product.get(line.product, 0) + line.quantity * sign


def _add_cash(totals: Totals, lines: Iterable[Line], sign: int) -> None:
    for line in lines:
        totals.cash += line.total * sign
        totals.by_product[line.product] = totals.by_product.get(line.product, 0) + line.quantity * sign
