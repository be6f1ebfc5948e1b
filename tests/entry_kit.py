"""Strategies for entries, and one specimen of every kind."""

from __future__ import annotations

from datetime import date
from typing import get_args

from hypothesis import strategies as st

from kube_pos.ledger import entries
from kube_pos.ledger.ids import (
    BenefitMonth,
    CardToken,
    CommodityId,
    EntitlementId,
    FundId,
    LedgerId,
    ProductId,
    ProgramId,
    RecipientId,
    SaleId,
    StaffId,
)
from kube_pos.ledger.quantity import Rupiah, Thousandths
from tests.fakes import TODAY

HEAD = {"at": 1_795_485_600_000, "day": TODAY, "by": StaffId(1)}
LINE = entries.Line(
    product=ProductId(1),
    quantity=Thousandths(2000),
    price=Rupiah(75_000),
    total=Rupiah(150_000),
    draws=(entries.Draw(EntitlementId(1), 100_000), entries.Draw(EntitlementId(2), 50_000)),
)
SOURCES = tuple(
    entries.Source(EntitlementId(i), ProgramId(1), FundId(1), 2026, BenefitMonth(f"2026-{9 + i}"), date(2026, 12, 31))
    for i in (1, 2)
)
KIND = entries.Source(
    EntitlementId(3), ProgramId(1), FundId(2), 2026, BenefitMonth("2026-11"), date(2026, 12, 31), CommodityId(1)
)
CASH = entries.Line(product=ProductId(3), quantity=Thousandths(1000), price=Rupiah(5_000), total=Rupiah(5_000))
SALE = SaleId("0" * 31 + "1")
REDEMPTION = entries.Redemption(
    **HEAD,
    sale=SALE,
    receipt="A01-000001",
    recipient=RecipientId(1),
    card=CardToken("c" * 32),
    lines=(LINE,),
    sources=SOURCES,
    opening=Rupiah(600_000),
    cash=(CASH,),
    as_of=1_795_400_000_000,
    manual=True,
    proxy=entries.Proxy(name="Budi", relation="anak", family_card_shown=True, reason="sakit"),
)
GENERAL = entries.GeneralSale(**HEAD, sale=SALE, receipt="A01-000002", lines=(CASH,))
SPECIMENS: tuple[entries.AnyEntry, ...] = (
    REDEMPTION,
    GENERAL,
    entries.Reversal(**HEAD, sale=SALE, receipt="A01-000003", target=1, reason="salah", approver=StaffId(2)),
    entries.BalanceInquiry(**HEAD, recipient=RecipientId(1)),
    entries.TurnedAway(**HEAD, reason="expired"),
    entries.GoodsReceipt(
        **HEAD,
        delivery_note_no="SJ-1",
        supplier="Bulog",
        lines=(
            entries.ReceiptLine(
                product=ProductId(1), stated=Thousandths(9), weighed=Thousandths(8), accepted=Thousandths(7)
            ),
        ),
    ),
    entries.StockMove(**HEAD, product=ProductId(1), quantity=-500, reason=entries.MoveReason.WET, note="hujan"),
    entries.StockCount(**HEAD, product=ProductId(1), counted=Thousandths(90), difference=-10),
    entries.Repack(**HEAD, source=ProductId(1), taken=Thousandths(1000), target=ProductId(2), made=Thousandths(9_000)),
    entries.ShareReleased(**HEAD, entitlement=EntitlementId(1), released=5),
    entries.DataMismatchReport(**HEAD, ticket="A01-L000001", category=entries.Mismatch.MOVED),
    entries.DayOpened(**HEAD),
    entries.DayClosed(**HEAD, sales=(1, 2), entitlement_used=Rupiah(1), goods_out=Rupiah(1), cash=Rupiah(0)),
    entries.Amendment(**HEAD, closing=3, sales=(4,)),
    entries.ReceiptPrinted(**HEAD, receipt="A01-000001", copy=1),
    entries.SlipEntered(**HEAD, slip="K-001", sale=SALE),
    entries.SignedIn(**HEAD),
    entries.SignedOut(**HEAD),
    entries.SettingsChanged(**HEAD, name="printer", value="screen"),
    entries.Restored(**HEAD, previous=LedgerId("x"), previous_seq=9),
    entries.DeliveryConfirmed(**HEAD, target=1, received_by="Budi", relation="anak"),
    entries.Exchange(
        **HEAD,
        target=1,
        reference="A01-T000009",
        product=ProductId(1),
        quantity=Thousandths(500),
        spoilt=ProductId(1),
        spoilt_quantity=Thousandths(500),
        reason=entries.MoveReason.WET,
        approver=StaffId(2),
        to_supplier=True,
    ),
)
KINDS = get_args(entries.AnyEntry)

quantities = st.integers(0, 10**7).map(Thousandths)
draws = st.lists(st.builds(entries.Draw, st.integers(1, 3).map(EntitlementId), st.integers(1, 10**6)), max_size=4).map(
    tuple
)
lines = st.lists(
    st.builds(
        entries.Line,
        product=st.integers(1, 4).map(ProductId),
        quantity=quantities,
        price=st.integers(0, 10**6).map(Rupiah),
        total=st.integers(0, 10**7).map(Rupiah),
        draws=draws,
    ),
    max_size=4,
).map(tuple)
cash_lines = lines.map(
    lambda found: tuple(
        entries.Line(product=f.product, quantity=f.quantity, price=f.price, total=f.total) for f in found
    )
)
redemptions = st.builds(
    entries.Redemption,
    at=st.integers(0, 2**53),
    day=st.dates(),
    by=st.integers(1, 3).map(StaffId),
    sale=st.uuids().map(lambda made: SaleId(made.hex)),
    receipt=st.text(max_size=12),
    recipient=st.integers(1, 2**53).map(RecipientId),
    lines=lines,
    sources=st.just((*SOURCES, KIND)),
    opening=st.integers(0, 10**9).map(Rupiah),
    cash=cash_lines,
    as_of=st.none() | st.integers(0, 2**53),
    manual=st.booleans(),
)
general_sales = st.builds(
    entries.GeneralSale,
    at=st.integers(0, 2**53),
    day=st.dates(),
    by=st.integers(1, 3).map(StaffId),
    sale=st.uuids().map(lambda made: SaleId(made.hex)),
    receipt=st.text(max_size=12),
    lines=cash_lines,
)
