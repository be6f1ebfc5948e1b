"""The papers as text and as the bytes for a printer: `python -m tests.unit.golden` writes them anew.

Look at each one before committing: the tests only say that nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec

from kube_pos.devices.document import WIDTHS, PrintDocument
from kube_pos.devices.escpos_printer import to_bytes
from kube_pos.devices.printer_models import model_for
from kube_pos.ledger import documents as docs
from kube_pos.ledger import entries
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.entries import Draw, Line, Source
from kube_pos.ledger.ids import BenefitMonth, CardToken, EntitlementId, RecipientId, SaleId, StaffId
from kube_pos.ledger.ports import Catalogue, Identity, Stored
from kube_pos.ledger.quantity import Rupiah, Thousandths, line_total
from kube_pos.ledger.totals import add_up
from kube_pos.operations.receipts import Paper, mask_name, render
from kube_pos.operations.report_slips import DaySlip, report_slip, stock_slip
from kube_pos.operations.slips import SlipFacts, balance_slip, mismatch_ticket, turned_away_slip
from kube_pos.operations.stock import StockLine
from kube_pos.texts import Texts
from tests import ledger_kit as kit
from tests.fakes import TODAY
from tests.pure_kit import NOW, allowed, entitlement, row

FOLDER = Path(__file__).resolve().parent.parent / "data" / "golden"
IDENTITY = Identity(kit.LEDGER, "A01", kit.HERE, kit.CITY_KEY, "http://127.0.0.1:9", bytes(32), is_demo=False)
CODE = "KUBER1.01234567.2.A01-000123.165000.0011223344556677.0." + "A" * 86
CATALOGUE = Catalogue(
    outlets={doc.id: doc for doc in kit.PLACES if isinstance(doc, docs.Outlet)},
    programs={doc.id: doc for doc in kit.PLACES if isinstance(doc, docs.Program)},
    funds={doc.id: doc for doc in kit.PLACES if isinstance(doc, docs.Fund)},
    commodities={doc.id: doc for doc in kit.PLACES if isinstance(doc, docs.Commodity)},
    products={doc.id: doc for doc in kit.PLACES if isinstance(doc, docs.Product)},
    staff={doc.id: doc for doc in kit.PLACES if isinstance(doc, docs.Staff)},
    cycles=(),
    policies=(),
    allowances=(),
)
ODD_CATALOGUE = replace(
    CATALOGUE,
    products={
        key: msgspec.structs.replace(
            goods, name=f"{goods.name} “Mayas” – kémasan\x1bp\x00 ISTIMEWA_{'X' * 40} 中 cap Dua Burung", unit="karung"
        )
        for key, goods in CATALOGUE.products.items()
    },
)


def source(number: int, month: str, *, in_kind: bool = False, expires_on: date = date(2026, 12, 31)) -> Source:
    fund = kit.BAZNAS if in_kind else kit.APBD
    commodity = kit.RICE if in_kind else None
    return Source(EntitlementId(number), kit.FOOD, fund, int(month[:4]), BenefitMonth(month), expires_on, commodity)


def line(goods: docs.Product, quantity: int, *draws: tuple[int, int]) -> Line:
    price = goods.prices[0].price
    return Line(
        product=goods.id,
        quantity=Thousandths(quantity),
        price=price,
        total=line_total(Thousandths(quantity), price),
        draws=tuple(Draw(EntitlementId(number), amount) for number, amount in draws),
    )


def redemption(
    lines: tuple[Line, ...], sources: tuple[Source, ...], opening: int, **more: object
) -> entries.Redemption:
    return entries.Redemption(
        at=NOW,
        day=TODAY,
        by=StaffId(1),
        sale=SaleId("a" * 32),
        receipt="A01-000123",
        recipient=RecipientId(1),
        card=CardToken("c" * 32),
        lines=lines,
        sources=sources,
        opening=Rupiah(opening),
        **more,  # type: ignore[arg-type]
    )


ONE_MONTH = redemption(
    (line(kit.RICE_BAG, 2000, (1, 150_000)), line(kit.EGG_KG, 500, (1, 15_000))), (source(1, "2026-11"),), 300_000
)
RAPEL = redemption(
    (line(kit.RICE_BAG, 6000, (1, 300_000), (2, 150_000)),), (source(1, "2026-10"), source(2, "2026-11")), 600_000
)
IN_KIND = redemption((line(kit.RICE_BAG, 2000, (3, 10_000)),), (source(3, "2026-11", in_kind=True),), 0)
MIXED = redemption(
    (line(kit.RICE_BAG, 4000, (3, 10_000), (1, 150_000)), line(kit.EGG_KG, 1500, (1, 45_000))),
    (source(1, "2026-11"), source(3, "2026-11", in_kind=True)),
    300_000,
    cash=(line(kit.SOAP_BAR, 3000), line(kit.EGG_KG, 250)),
    proxy=entries.Proxy(name="Budi Santoso", relation="anak", family_card_shown=True, reason="sakit"),
)
REVERSAL = entries.Reversal(
    at=NOW, day=TODAY, by=StaffId(1), sale=SaleId("b" * 32), receipt="A01-000124", target=2,
    reason="Barang tertukar dengan keluarga lain", approver=StaffId(2),
)  # fmt: skip
GENERAL = entries.GeneralSale(
    at=NOW, day=TODAY, by=StaffId(1), sale=SaleId("d" * 32), receipt="A01-000125", lines=(line(kit.SOAP_BAR, 3000),)
)


def paper_of(entry: entries.Redemption | entries.Reversal | entries.GeneralSale, **more: object) -> Paper:
    served = not isinstance(entry, entries.GeneralSale)
    facts = {
        "stored": Stored(2, entry, bytes(32)),
        "target": Stored(2, ONE_MONTH, bytes(32)) if isinstance(entry, entries.Reversal) else None,
        "identity": IDENTITY,
        "catalogue": CATALOGUE,
        "name": mask_name("Siti Aminah") if served else "",
        "card_last4": "4321" if served else "",
        "national_id_last4": "0001" if served else "",
        "cashier": "Rahmah",
        "is_sent": False,
        "next_release": Texts().say("receipt.next", day="16 Desember 2026") if served else "",
        "copy": 0,
        "code": CODE,
    } | more
    return Paper(**facts)  # type: ignore[arg-type]


def facts_of(*, is_demo: bool = False) -> SlipFacts:
    return SlipFacts(CATALOGUE.outlets[kit.HERE], is_demo, NOW, "Rahmah", CATALOGUE)


def family() -> Allowed:
    return allowed(
        row(entitlement(1, "2026-10", expires_on=date(2026, 11, 20))),
        row(entitlement(2, "2026-11"), spent=165_000),
        row(entitlement(3, "2026-11", 10_000, commodity=kit.RICE)),
        row(entitlement(4, "2026-12", released_on=date(2026, 12, 16), expires_on=date(2027, 1, 31))),
    )


REPORT = entries.DataMismatchReport(
    at=NOW, day=TODAY, by=StaffId(1), ticket="A01-L000042", category=entries.Mismatch.WRONG_NAME
)
REASON = "Bantuan Oktober 2026 hangus per 20 November 2026. Perpanjangan hanya dari Dinas Sosial (0541) 000000."
SHELF = tuple(
    StockLine(goods, on_hand, Rupiah(on_hand * 75))
    for goods, on_hand in ((kit.RICE_BAG, 398_000), (kit.EGG_KG, 12_250), (kit.SOAP_BAR, -1000))
)


def day_slip(*, is_close: bool) -> DaySlip:
    sales = [Stored(number, entry, bytes(32)) for number, entry in enumerate((ONE_MONTH, MIXED, GENERAL, REVERSAL), 2)]
    return DaySlip(is_close, TODAY, "A01-000123", "A01-000125", add_up(sales, {2: sales[0]}))


Maker = Callable[[Texts, int], PrintDocument]
PAPERS: dict[str, Maker] = {
    "one_month": lambda texts, columns: render(paper_of(ONE_MONTH, is_sent=True), texts, columns),
    "rapel": lambda texts, columns: render(paper_of(RAPEL), texts, columns),
    "in_kind": lambda texts, columns: render(paper_of(IN_KIND), texts, columns),
    "mixed_with_cash": lambda texts, columns: render(paper_of(MIXED), texts, columns),
    "reversal": lambda texts, columns: render(paper_of(REVERSAL), texts, columns),
    "general_sale": lambda texts, columns: render(paper_of(GENERAL), texts, columns),
    "copy": lambda texts, columns: render(paper_of(ONE_MONTH, copy=1), texts, columns),
    "offline": lambda texts, columns: render(paper_of(ONE_MONTH, is_sent=False), texts, columns),
    "second_copy_of_rapel": lambda texts, columns: render(paper_of(RAPEL, copy=2), texts, columns),
    "long_names": lambda texts, columns: render(
        paper_of(MIXED, catalogue=ODD_CATALOGUE, name=mask_name("Siti " * 20)), texts, columns
    ),
    "demo": lambda texts, columns: render(paper_of(GENERAL, identity=replace(IDENTITY, is_demo=True)), texts, columns),
    "slip_balance": lambda texts, columns: balance_slip(facts_of(), family(), texts, columns),
    "slip_turned_away": lambda texts, columns: turned_away_slip(facts_of(), REASON, texts, columns),
    "report_x": lambda texts, columns: report_slip(facts_of(), day_slip(is_close=False), texts, columns),
    "report_z": lambda texts, columns: report_slip(facts_of(), day_slip(is_close=True), texts, columns),
    "stock": lambda texts, columns: stock_slip(facts_of(), SHELF, texts, columns),
    "slip_balance_copy": lambda texts, columns: balance_slip(replace(facts_of(), copy=1), family(), texts, columns),
    "slip_mismatch": lambda texts, columns: mismatch_ticket(facts_of(), REPORT, texts, columns),
}


def path_of(name: str, columns: int, ending: str = "txt") -> Path:
    return FOLDER / f"{name}_{columns}.{ending}"


def bytes_of(name: str, columns: int) -> bytes:
    model = model_for(columns)
    assert model is not None
    return to_bytes(PAPERS[name](Texts("id"), columns), model)


def text_of(name: str, columns: int) -> str:
    return PAPERS[name](Texts("id"), columns).plain_text()


def main() -> None:
    """Write every paper at every width."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PAPERS:
        for columns in WIDTHS:
            path_of(name, columns).write_text(text_of(name, columns), encoding="utf-8")
            path_of(name, columns, "bin").write_bytes(bytes_of(name, columns))


if __name__ == "__main__":
    main()
