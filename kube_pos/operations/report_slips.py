"""Reports on the receipt printer: X and Z of the day, and what is on the shelf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kube_pos.devices.document import Cut, PrintDocument
from kube_pos.errors import UnknownSale
from kube_pos.ledger import entries
from kube_pos.ledger.ports import Catalogue, PrintKind, PrintRequest, Stored
from kube_pos.ledger.quantity import Rupiah, format_number, format_quantity, format_rupiah
from kube_pos.ledger.totals import Totals, add_up
from kube_pos.operations.layout import Layout
from kube_pos.operations.papers import Papers
from kube_pos.operations.slips import SlipFacts, slip_head
from kube_pos.operations.stock import StockLine, stock_lines
from kube_pos.operations.till import Till
from kube_pos.texts import Texts


@dataclass(frozen=True, slots=True)
class DaySlip:
    """What an X or Z report says."""

    is_close: bool
    day: date
    first_receipt: str
    last_receipt: str
    totals: Totals


def report_slip(facts: SlipFacts, report: DaySlip, texts: Texts, columns: int) -> PrintDocument:
    """Return an X or Z report, with its three-way check in words. Pure."""
    out = slip_head(facts, texts, columns, "report.z_title" if report.is_close else "report.x_title")
    totals = report.totals
    out.pair(texts.say("report.day"), texts.day(report.day))
    if report.first_receipt:
        out.pair(texts.say("report.first"), report.first_receipt)
        out.pair(texts.say("report.last"), report.last_receipt)
    for name, count in (
        ("redemptions", totals.redemptions),
        ("general_sales", totals.general_sales),
        ("reversals", totals.reversals),
    ):
        out.pair(texts.say(f"report.{name}"), format_number(count))
    out.rule()
    _money(out, totals, texts)
    _parts(out, totals, facts.catalogue, texts)
    out.rule()
    if report.is_close:
        for name in ("cashier", "manager"):
            out.wrapped("")
            out.wrapped("")
            out.wrapped(texts.say(f"report.signed_{name}").ljust(columns, "."))
    else:
        out.wrapped(texts.say("report.x_words"))
    out.add(Cut())
    return out.document()


def stock_slip(facts: SlipFacts, lines: tuple[StockLine, ...], texts: Texts, columns: int) -> PrintDocument:
    """Return what the book says is on the shelf. Pure."""
    out = slip_head(facts, texts, columns, "report.stock_title")
    for line in lines:
        out.pair(line.product.name, format_quantity(line.on_hand, line.product.unit))
    worth = Rupiah(sum(line.worth for line in lines))
    out.total(texts.say("report.worth"), worth)
    out.rule()
    out.wrapped(texts.say("report.stock_words"))
    out.add(Cut())
    return out.document()


def _money(out: Layout, totals: Totals, texts: Texts) -> None:
    out.pair(texts.say("report.used"), format_rupiah(totals.entitlement_used))
    for name, amount in (("over", totals.over), ("stand_in", totals.stand_in)):
        if amount:
            out.pair(texts.say(f"report.{name}"), format_rupiah(amount))
    out.pair(texts.say("report.out"), format_rupiah(totals.goods_out))
    out.pair(texts.say("report.cash"), format_rupiah(totals.cash), bold=True)
    difference = totals.difference
    words = "report.differs" if difference else "report.agrees"
    out.wrapped(texts.say(words, difference=format_rupiah(difference)), bold=True)


def _parts(out: Layout, totals: Totals, catalogue: Catalogue, texts: Texts) -> None:
    months = [(texts.short_month(month), amount) for month, amount in sorted(totals.by_month.items())]
    funds = [(_name(catalogue.funds.get(key), key), amount) for key, amount in totals.by_fund.items()]
    staff = [(_name(catalogue.staff.get(key), key), amount) for key, amount in totals.by_staff.items()]
    for name, rows in (("months", months), ("funds", funds), ("staff", staff)):
        if rows:
            out.rule()
            out.wrapped(texts.say(f"report.by_{name}"))
            for label, amount in rows:
                out.pair(f"  {label}", format_rupiah(amount))
    if totals.by_product:
        out.rule()
        out.wrapped(texts.say("report.by_product"))
        for key, quantity in sorted(totals.by_product.items()):
            product = catalogue.products.get(key)
            out.pair(f"  {_name(product, key)}", format_quantity(quantity, product.unit if product else ""))


def _name(found: object, key: object) -> str:
    return str(getattr(found, "name", f"#{key}"))


@dataclass(frozen=True, slots=True)
class ReportPapers:
    """Makes the paper of every print there is: those of entries, and those of several."""

    papers: Papers

    def paper(self, kind: PrintKind, ref: int, copy: int, columns: int) -> PrintDocument:
        """Return what a print shows. Raises UnknownSale when its entry has no such paper."""
        till, texts = self.papers.till, self.papers.texts
        match kind:
            case PrintKind.X_REPORT:
                return report_slip(self._facts_of_head(ref, copy), self._open(ref), texts, columns)
            case PrintKind.Z_REPORT:
                stored = till.journal.entry(ref)
                if stored is None or not isinstance(stored.entry, entries.DayClosed):
                    raise UnknownSale(receipt=str(ref))
                facts = self.papers.facts(stored.entry.at, stored.entry.by, copy)
                return report_slip(facts, self._closed(stored.entry), texts, columns)
            case PrintKind.STOCK:
                return stock_slip(self._facts_of_head(ref, copy), stock_lines(till), texts, columns)
            case _:
                return self.papers.document(ref, copy, columns)

    def _facts_of_head(self, ref: int, copy: int) -> SlipFacts:
        stored = self.papers.till.journal.entry(ref)
        if stored is None:
            raise UnknownSale(receipt=str(ref))
        return self.papers.facts(max(stored.entry.at, self.papers.till.clock.now_ms()), stored.entry.by, copy)

    def _open(self, ref: int) -> DaySlip:
        till = self.papers.till
        return self._slip(
            [stored for stored in till.journal.open_sales() if stored.seq <= ref], till.today(), close=False
        )

    def _closed(self, close: entries.DayClosed) -> DaySlip:
        journal = self.papers.till.journal
        sales = [stored for seq in close.sales if (stored := journal.entry(seq)) is not None]
        return self._slip(sales, close.day, close=True)

    def _slip(self, sales: list[Stored], day: date, *, close: bool) -> DaySlip:
        journal = self.papers.till.journal
        targets = {}
        receipts = []
        for stored in sales:
            if isinstance(stored.entry, entries.Redemption | entries.GeneralSale | entries.Reversal):
                receipts.append(stored.entry.receipt)
            if isinstance(stored.entry, entries.Reversal):
                target = journal.entry(stored.entry.target)
                if target is not None:
                    targets[target.seq] = target
        first, last = (receipts[0], receipts[-1]) if receipts else ("", "")
        return DaySlip(close, day, first, last, add_up(sales, targets))


def print_report(till: Till, kind: PrintKind, ref: int = 0) -> int:
    """Ask for a report; `ref` names the close of a Z report. Return the copy that comes out, 0 the original.

    Raises StorageFailed. On the writer's thread.
    """
    shown = ref or till.journal.head()[0]
    copy = till.journal.copies_of(shown, kind)
    till.journal.request_print(PrintRequest(kind, ref=shown, copy=copy))
    till.wake_printing()
    return copy


def print_again(till: Till, request: PrintRequest) -> int:
    """Ask for another print of a slip or report, marked as a copy; return which. On the writer's thread."""
    copy = till.journal.copies_of(request.ref, request.kind)
    till.journal.request_print(PrintRequest(request.kind, ref=request.ref, copy=copy))
    till.wake_printing()
    return copy
