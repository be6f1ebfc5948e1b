"""A made-up sale for trying a printer: `kube-pos receipt --sample` and the test page. Pure."""

from __future__ import annotations

from datetime import date

from kube_pos.ledger import documents as docs
from kube_pos.ledger.chain import genesis
from kube_pos.ledger.days import at_wita
from kube_pos.ledger.entries import Draw, Line, Redemption, Source
from kube_pos.ledger.ids import (
    BenefitMonth,
    CommodityId,
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
from kube_pos.ledger.ports import Catalogue, Identity, Stored
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.operations.receipts import Paper
from kube_pos.texts import Texts

_DAY = date(2026, 11, 24)
_LEDGER = LedgerId("00000000-0000-7000-8000-000000000000")
_RICE, _EGGS = ProductId(1), ProductId(2)
_PROGRAM, _FUND, _OUTLET, _CASHIER = ProgramId(1), FundId(1), OutletId(1), StaffId(1)


def sample_paper(texts: Texts) -> Paper:
    """Return a receipt of two months released at once, marked as a sample; its code is not signed."""
    october, november = EntitlementId(1), EntitlementId(2)
    entry = Redemption(
        at=at_wita(_DAY, 10, 5),
        day=_DAY,
        by=_CASHIER,
        sale=SaleId("0" * 32),
        receipt="A01-000123",
        recipient=RecipientId(1),
        lines=(
            _line(_RICE, 4000, 78_500, (Draw(october, 300_000), Draw(november, 14_000))),
            _line(_EGGS, 1500, 30_000, (Draw(november, 45_000),)),
        ),
        sources=(_source(october, "2026-10"), _source(november, "2026-11")),
        opening=Rupiah(600_000),
    )
    return Paper(
        stored=Stored(123, entry, genesis(_LEDGER)),
        target=None,
        identity=Identity(_LEDGER, "A01", _OUTLET, b"", "", b"", is_demo=True),
        catalogue=_catalogue(),
        name="S*** A*****",
        card_last4="0042",
        national_id_last4="0007",
        cashier="Rahmah",
        is_sent=False,
        next_release=texts.say("receipt.next", day=texts.day(date(2027, 1, 18))),
        copy=0,
        code="KUBER1.00000000.123.A01-000123.359000.0000000000000000.0.SAMPLE",
    )


def _line(product: ProductId, quantity: int, price: int, draws: tuple[Draw, ...]) -> Line:
    total = Rupiah(sum(draw.amount for draw in draws))
    return Line(product=product, quantity=Thousandths(quantity), price=Rupiah(price), total=total, draws=draws)


def _source(entitlement: EntitlementId, month: str) -> Source:
    return Source(entitlement, _PROGRAM, _FUND, 2026, BenefitMonth(month), date(2026, 12, 31))


def _product(product: ProductId, name: str, unit: str) -> docs.Product:
    return docs.Product(id=product, commodity_id=CommodityId(product), name=name, unit=unit, prices=())


def _catalogue() -> Catalogue:
    outlet = docs.Outlet(id=_OUTLET, code="KUBE-01", name="KUBE Melati", ward="Rawa Makmur", district="Palaran")
    program = docs.Program(id=_PROGRAM, name="Bantuan Pangan Samarinda", contact="Dinas Sosial, (0541) 000-000")
    products = (_product(_RICE, "Beras medium 5 kg", "karung"), _product(_EGGS, "Telur ayam", "kg"))
    return Catalogue(
        outlets={_OUTLET: outlet},
        programs={_PROGRAM: program},
        funds={_FUND: docs.Fund(id=_FUND, name="APBD")},
        commodities={},
        products={product.id: product for product in products},
        staff={},
        cycles=(),
        policies=(),
        allowances=(),
    )
