"""What an entry does: shares, stock, the list of sales; a reversal is the exact opposite of its sale."""

from __future__ import annotations

import pytest
from hypothesis import given

from kube_pos.ledger.effects import SaleFacts, effects_of
from kube_pos.ledger.entries import GeneralSale, Redemption, Reversal
from kube_pos.ledger.ids import StaffId
from tests.entry_kit import GENERAL, HEAD, REDEMPTION, SALE, SPECIMENS, general_sales, redemptions


def undoing(target: int = 1) -> Reversal:
    return Reversal(**HEAD, sale=SALE, receipt="A01-000009", target=target, reason="salah", approver=StaffId(2))


def test_a_redemption_takes_shares_and_goods_also_those_paid_in_cash() -> None:
    found = effects_of(REDEMPTION)
    assert found.spent == {1: 100_000, 2: 50_000}
    assert found.stock == {1: -2000, 3: -1000}
    assert found.sale == SaleFacts(SALE, "A01-000001", REDEMPTION.recipient)


def test_a_cash_sale_takes_goods_only() -> None:
    found = effects_of(GENERAL)
    assert (found.spent, found.stock) == ({}, {3: -1000})
    assert found.sale == SaleFacts(SALE, "A01-000002")


@given(redemptions)
def test_a_reversal_is_exactly_the_negative_of_its_redemption(entry: Redemption) -> None:
    done, undone = effects_of(entry), effects_of(undoing(), entry)
    assert undone.spent == {key: -amount for key, amount in done.spent.items()}
    assert undone.stock == {key: -amount for key, amount in done.stock.items()}
    assert undone.sale == SaleFacts(SALE, "A01-000009", entry.recipient, 1)
    assert sum(done.spent.values()) == sum(draw.amount for line in entry.lines for draw in line.draws)


@given(general_sales)
def test_a_reversal_is_exactly_the_negative_of_its_cash_sale(entry: GeneralSale) -> None:
    done, undone = effects_of(entry), effects_of(undoing(), entry)
    assert undone.stock == {key: -amount for key, amount in done.stock.items()}
    assert undone.spent == {}


@pytest.mark.parametrize("target", [None, undoing(), SPECIMENS[3]])
def test_only_a_sale_can_be_undone(target: Reversal | None) -> None:
    with pytest.raises(TypeError, match="sale"):
        effects_of(undoing(), target)


def test_what_every_other_kind_does() -> None:
    done = {type(entry).__name__: effects_of(entry, REDEMPTION) for entry in SPECIMENS}
    assert done["GoodsReceipt"].stock == {1: 7}
    assert done["StockMove"].stock == {1: -500}
    assert done["StockCount"].stock == {1: -10}
    assert done["Repack"].stock == {1: -1000, 2: 9000}
    assert done["ShareReleased"].released == {1: 5}
    assert done["DayClosed"].closes == (1, 2)
    assert done["Exchange"].stock == {1: -500}
    idle = set(done) - {
        "Redemption", "GeneralSale", "Reversal", "GoodsReceipt", "StockMove", "StockCount", "Repack", "ShareReleased",
        "DayClosed", "Exchange",
    }  # fmt: skip
    for name in idle:
        found = done[name]
        assert (found.stock, found.spent, found.released, found.sale, found.closes) == ({}, {}, {}, None, ())
