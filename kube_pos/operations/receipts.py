"""The receipt of a sale or a reversal. Pure.

A `Paper` holds all the facts; `render` lays them out for 32, 42 or 48 columns. Nothing here reads a clock or a store,
so a copy shows what the original showed.
"""

from __future__ import annotations

from dataclasses import dataclass

from kube_pos.devices.document import Cut, PrintDocument, QrCode
from kube_pos.ledger.entries import GeneralSale, Line, Redemption, Reversal
from kube_pos.ledger.ids import CommodityId
from kube_pos.ledger.ports import Catalogue, Identity, Stored
from kube_pos.ledger.quantity import Rupiah, format_quantity, format_rupiah
from kube_pos.ledger.totals import over_of, rupiah_drawn
from kube_pos.operations.layout import Layout
from kube_pos.texts import Texts


@dataclass(frozen=True, slots=True)
class Paper:
    """Everything that a receipt says. `code` is the signed QR's text; `copy` 0 is the original."""

    stored: Stored
    target: Stored | None
    """For a reversal: the sale that it undoes."""
    identity: Identity
    catalogue: Catalogue
    name: str
    """The family's masked name; empty for a general sale."""
    card_last4: str
    national_id_last4: str
    cashier: str
    is_sent: bool
    next_release: str
    copy: int
    code: str


def mask_name(name: str) -> str:
    """Return a name of which only initials and lengths show: «Siti Aminah» → «S*** A*****»."""
    return " ".join(word[:1] + "*" * (len(word) - 1) for word in name.split())


def render(paper: Paper, texts: Texts, columns: int) -> PrintDocument:
    """Return a sale's or reversal's receipt, laid out for a number of columns."""
    out = Layout(columns)
    entry = paper.stored.entry
    if not isinstance(entry, Redemption | GeneralSale | Reversal):
        raise TypeError("only sales and reversals have receipts")
    _head(out, paper, texts, entry)
    match entry:
        case Redemption():
            _redemption(out, paper, texts, entry)
        case GeneralSale():
            _lines(out, paper, entry.lines)
            out.total(texts.say("receipt.cash_total"), _total(entry.lines))
        case Reversal():
            _reversal(out, paper, texts, entry)
    _foot(out, paper, texts, entry)
    return out.document()


def _head(out: Layout, paper: Paper, texts: Texts, entry: Redemption | GeneralSale | Reversal) -> None:
    if paper.identity.is_demo:
        out.centred(texts.say("receipt.demo"), bold=True)
    if paper.copy:
        out.big(texts.say("receipt.copy", copy=paper.copy))
    # A till whose list is being fetched anew still prints.
    place = paper.catalogue.outlets.get(paper.identity.outlet_id)
    if place is not None:
        out.centred(place.name, bold=True)
        out.centred(texts.say("receipt.place", ward=place.ward, district=place.district))
    out.rule()
    out.centred(texts.say(f"receipt.title_{type(entry).__name__}"), bold=True)
    out.pair(texts.say("receipt.number"), entry.receipt)
    out.pair(texts.say("receipt.time"), texts.moment(entry.at))
    out.pair(texts.say("receipt.terminal"), paper.identity.terminal)
    out.pair(texts.say("receipt.cashier"), paper.cashier)
    out.rule()


def _family(out: Layout, paper: Paper, texts: Texts) -> None:
    if paper.name:
        out.pair(texts.say("receipt.family"), paper.name)
    if paper.card_last4:
        out.pair(texts.say("receipt.card"), f"****{paper.card_last4}")
    if paper.national_id_last4:
        out.pair(texts.say("receipt.national_id"), f"****{paper.national_id_last4}")


def _redemption(out: Layout, paper: Paper, texts: Texts, entry: Redemption) -> None:
    _family(out, paper, texts)
    for program in sorted({source.program for source in entry.sources}):
        found = paper.catalogue.programs.get(program)
        out.wrapped(found.name if found else str(program))
    if entry.sources:
        out.wrapped(texts.say("receipt.period", months=period(entry, texts)))
        out.wrapped(texts.say("receipt.funds", funds=_funds(paper, entry)))
    out.rule()
    _lines(out, paper, entry.lines)
    out.total(texts.say("receipt.aid_total"), _total(entry.lines))
    if entry.cash:
        out.rule()
        out.centred(texts.say("receipt.cash_part"))
        _lines(out, paper, entry.cash)
        out.total(texts.say("receipt.cash_total"), _total(entry.cash))
    out.rule()
    used = rupiah_drawn(entry)
    if entry.opening or used:
        out.pair(texts.say("receipt.opening"), format_rupiah(entry.opening))
        out.pair(texts.say("receipt.used"), format_rupiah(used))
        out.pair(texts.say("receipt.remaining"), format_rupiah(entry.opening - used), bold=True)
    _in_kind(out, paper, texts, entry)
    if entry.sources:
        first = min(source.expires_on for source in entry.sources)
        out.wrapped(texts.say("receipt.expires", day=f"{first:%d/%m/%Y}"))
    _marks(out, paper, texts, entry)
    if entry.proxy is not None:
        out.wrapped(texts.say("receipt.proxy", name=mask_name(entry.proxy.name), relation=entry.proxy.relation))


def _marks(out: Layout, paper: Paper, texts: Texts, entry: Redemption) -> None:
    """Say what is out of the usual: a paper slip, goods beyond the balance, a delivery, a stand-in."""
    if entry.slip is not None:
        out.wrapped(texts.say("receipt.slip", slip=entry.slip.number, moment=texts.moment(entry.slip.at)))
    if over := over_of(entry):
        out.pair(texts.say("receipt.over"), format_rupiah(over), bold=True)
    if entry.delivery:
        out.wrapped(texts.say("receipt.delivery"), bold=True)
    if (given := entry.stand_in) is not None:
        program = paper.catalogue.programs.get(given.program)
        name = program.name if program else str(given.program)
        out.wrapped(texts.say("receipt.stand_in", program=name, limit=format_rupiah(given.limit)), bold=True)


def period(entry: Redemption, texts: Texts) -> str:
    """Return the months of a redemption: «Okt 2026 + Nov 2026 (dirapel)»."""
    months = sorted({source.month for source in entry.sources})
    joined = " + ".join(texts.short_month(month) for month in months)
    return texts.say("receipt.arrears", months=joined) if len(months) > 1 else joined


def _in_kind(out: Layout, paper: Paper, texts: Texts, entry: Redemption) -> None:
    in_kind = {s.entitlement: s.commodity for s in entry.sources if s.commodity is not None}
    taken: dict[CommodityId, int] = {}
    for line in entry.lines:
        for draw in line.draws:
            drawn = in_kind.get(draw.entitlement)
            if drawn is not None:
                taken[drawn] = taken.get(drawn, 0) + draw.amount
    for commodity in paper.catalogue.commodities.values():
        if commodity.id in taken:
            quantity = format_quantity(taken[commodity.id], commodity.unit)
            out.pair(texts.say("receipt.in_kind", commodity=commodity.name), quantity)


def _reversal(out: Layout, paper: Paper, texts: Texts, entry: Reversal) -> None:
    target = paper.target.entry if paper.target else None
    _family(out, paper, texts)
    if isinstance(target, Redemption | GeneralSale):
        out.wrapped(texts.say("receipt.reverses", receipt=target.receipt))
        _lines(out, paper, target.lines)
        total = _total(target.lines)
        if isinstance(target, Redemption):
            _lines(out, paper, target.cash)
            total = Rupiah(total + _total(target.cash))
        out.total(texts.say("receipt.given_back"), total)
    out.wrapped(texts.say("receipt.reason", reason=entry.reason))
    approver = paper.catalogue.staff.get(entry.approver)
    out.pair(texts.say("receipt.approver"), approver.name if approver else str(entry.approver))


def _lines(out: Layout, paper: Paper, lines: tuple[Line, ...]) -> None:
    for line in lines:
        product = paper.catalogue.products.get(line.product)
        out.wrapped(product.name if product else f"#{line.product}")
        quantity = format_quantity(line.quantity, product.unit if product else "")
        out.pair(f"  {quantity} x {format_rupiah(line.price)}", format_rupiah(line.total))


def _foot(out: Layout, paper: Paper, texts: Texts, entry: Redemption | GeneralSale | Reversal) -> None:
    out.rule()
    if paper.next_release:
        out.wrapped(paper.next_release)
    out.centred(texts.say("receipt.sent" if paper.is_sent else "receipt.offline"), bold=True)
    out.centred(texts.say("receipt.free"))
    for contact in dict.fromkeys(program.contact for program in paper.catalogue.programs.values()):
        out.wrapped(texts.say("receipt.contact", contact=contact))
    if paper.copy:
        out.big(texts.say("receipt.copy", copy=paper.copy))
    if paper.code:
        out.add(QrCode(paper.code))
    out.centred(texts.say("receipt.end", receipt=entry.receipt))
    out.add(Cut())


def _funds(paper: Paper, entry: Redemption) -> str:
    names = []
    for fund in sorted({source.fund for source in entry.sources}):
        found = paper.catalogue.funds.get(fund)
        names.append(found.name if found else str(fund))
    return ", ".join(names)


def _total(lines: tuple[Line, ...]) -> Rupiah:
    return Rupiah(sum(line.total for line in lines))
