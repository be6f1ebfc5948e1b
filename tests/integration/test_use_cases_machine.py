"""Random histories against a small model: balances, shelf, totals three ways, and the proof of the file."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from kube_pos.errors import AlreadyReversed, BasketTooMuch, NotEnoughStock
from kube_pos.ledger.documents import Product
from kube_pos.ledger.entitlement import Allowed, drawing_order
from kube_pos.ledger.entries import DayClosed, MoveReason, ReceiptLine, Redemption, ShareReleased
from kube_pos.ledger.ids import EntitlementId, ProductId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.ledger.totals import add_up
from kube_pos.operations.closing import NothingToClose, close_day, x_report
from kube_pos.operations.corrections import reverse
from kube_pos.operations.exchanges import NotOfThatSale, Swap, exchange
from kube_pos.operations.redemption import redeem, sell_for_cash
from kube_pos.operations.stock import receive_delivery
from tests.fakes import TODAY
from tests.ledger_kit import APBD, BAZNAS, EGG_KG, MANAGER, RICE, RICE_BAG, SOAP_BAR, Outlet
from tests.use_case_kit import MANAGING, basket, scan

HISTORIES = int(os.environ.get("KUBE_POS_HISTORIES", "200"))
"""How many sequences of steps; the full proof asks for 50,000."""
FAMILIES = (1, 2, 3)
PRICES = {RICE_BAG.id: 75_000, EGG_KG.id: 30_000, SOAP_BAR.id: 5_000}


class Till(RuleBasedStateMachine):
    """A till and a model of it: plain dictionaries."""

    sales: Bundle[int] = Bundle("sales")

    @initialize()
    def open(self) -> None:
        """Open an outlet with three families and goods on the shelf."""
        self.folder = tempfile.TemporaryDirectory()
        self.outlet = Outlet(Path(self.folder.name))
        self.outlet.stock_up(20_000)
        self.cards = {number: self.outlet.family(number) for number in FAMILIES}
        self.shelf: dict[int, int] = {RICE_BAG.id: 20_000, EGG_KG.id: 20_000, SOAP_BAR.id: 20_000}
        self.left: dict[int, int] = {}
        self.granted: dict[int, int] = {}
        self.months: dict[int, tuple[str, int, int, bool]] = {}
        self.by_month: dict[str, int] = {}
        self.by_fund: dict[int, int] = {}
        self.handed: dict[int, int] = {}
        self.undone: set[int] = set()
        self.swapped: set[int] = set()
        self.unclosed: list[int] = []
        self.cash = 0
        self.bodies: dict[int, Stored] = {}

    @rule(
        family=st.sampled_from(FAMILIES),
        month=st.sampled_from(["2026-09", "2026-10", "2026-11"]),
        amount=st.integers(1, 400_000),
        granted=st.integers(0, 100),
        fund=st.sampled_from([APBD, BAZNAS]),
        in_kind=st.booleans(),
    )
    def entitle(self, family: int, month: str, amount: int, granted: int, fund: int, in_kind: bool) -> None:  # noqa: FBT001
        """Take in a row with a part of it granted here."""
        held = amount * granted // 100
        row = self.outlet.entitle(
            month, amount, family=family, granted=held, fund=APBD if fund == APBD else BAZNAS,
            commodity=RICE if in_kind else None,
        )  # fmt: skip
        self.granted[row] = self.left[row] = held
        self.months[row] = (month, fund, family, in_kind)

    @rule(target=sales, family=st.sampled_from(FAMILIES), bags=st.integers(0, 4), eggs=st.integers(0, 6))
    def shop(self, family: int, bags: int, eggs: int) -> object:
        """Fill a basket and confirm it."""
        visit = scan(self.outlet, self.cards[family])
        picks = [(p, q) for p, q in ((RICE_BAG, bags * 1000), (EGG_KG, eggs * 500)) if q]
        balance, rice = self._balance(family)
        if not isinstance(visit.decision, Allowed):
            assert (balance, rice) == (0, 0)
            return multiple()
        assert (visit.decision.balance, visit.decision.in_kind.get(RICE, 0)) == (balance, rice)
        if not picks:
            return multiple()
        paid_in_kind = min(bags, rice // 5_000)
        cost = (bags - paid_in_kind) * 75_000 + eggs * 15_000
        wanted = basket(self.outlet, *picks)
        try:
            stored = redeem(self.outlet.till, self.outlet.session, visit, visit.decision, wanted)
        except BasketTooMuch:
            assert cost > balance
            return multiple()
        except NotEnoughStock:
            assert any(quantity > self.shelf[product.id] for product, quantity in picks)
            return multiple()
        assert cost <= balance
        assert redeem(self.outlet.till, self.outlet.session, visit, visit.decision, wanted) == stored
        self._take(stored, [line.entitlement.id for line in drawing_order(visit.decision.lines)], cost, paid_in_kind)
        return stored.seq

    @rule(target=sales, bars=st.integers(1, 5))
    def sell(self, bars: int) -> object:
        """Sell soap for cash."""
        wanted = basket(self.outlet, cash=((SOAP_BAR, bars * 1000),))
        try:
            stored = sell_for_cash(self.outlet.till, self.outlet.session, wanted)
        except NotEnoughStock:
            assert bars * 1000 > self.shelf[SOAP_BAR.id]
            return multiple()
        self._hand_out(SOAP_BAR, bars * 1000)
        self.cash += bars * 5_000
        self._remember(stored)
        return stored.seq

    @rule(seq=sales)
    def undo(self, seq: int) -> None:
        """Undo a sale, once."""
        try:
            stored = reverse(self.outlet.till, self.outlet.session, seq, "salah", MANAGER)
        except AlreadyReversed:
            assert seq in self.undone
            return
        assert seq not in self.undone
        self.undone.add(seq)
        self._remember(stored)
        entry = self.bodies[seq].entry
        lines = entry.lines  # type: ignore[union-attr]
        for line in lines:
            self.shelf[line.product] += line.quantity
            self.handed[line.product] -= line.quantity
            for draw in line.draws:
                self.left[draw.entitlement] += draw.amount
                self._count(draw.entitlement, -draw.amount)
        if not isinstance(entry, Redemption):
            self.cash -= sum(line.total for line in lines)

    @rule(seq=sales)
    def swap(self, seq: int) -> None:
        """Exchange the first line of a sale for the same goods: once, from the shelf, and nothing else moves."""
        line = self.bodies[seq].entry.lines[0]  # type: ignore[union-attr]
        product = {p.id: p for p in (RICE_BAG, EGG_KG, SOAP_BAR)}[line.product]
        goods = Swap(product, line.quantity, product, line.quantity, MoveReason.WET)
        try:
            exchange(self.outlet.till, self.outlet.session, seq, goods, MANAGER)
        except NotOfThatSale:
            assert seq in self.undone | self.swapped
            return
        except NotEnoughStock:
            assert line.quantity > self.shelf[product.id]
            return
        assert seq not in self.undone | self.swapped
        self.swapped.add(seq)
        self.shelf[product.id] -= line.quantity

    @rule(product=st.sampled_from([RICE_BAG, EGG_KG, SOAP_BAR]), quantity=st.integers(1, 9_000))
    def receive(self, product: Product, quantity: int) -> None:
        """Take in a delivery."""
        whole = Thousandths(quantity)
        line = ReceiptLine(product=product.id, stated=whole, weighed=whole, accepted=whole)
        receive_delivery(self.outlet.till, MANAGING, "SJ", "Bulog", {product.id: line})
        self.shelf[product.id] += quantity

    @rule(part=st.integers(0, 100), which=st.integers(0, 30))
    def release(self, part: int, which: int) -> None:
        """Give a part of a share back to upstream."""
        if not self.left:
            return
        row = sorted(self.left)[which % len(self.left)]
        use = self.outlet.journal.uses([EntitlementId(row)]).get(EntitlementId(row))
        given = self.left[row] * part // 100
        total = (use.released if use else 0) + given
        entry = ShareReleased(
            at=self.outlet.till.now_ms(), day=TODAY, by=MANAGER.id, entitlement=EntitlementId(row), released=total
        )
        self.outlet.journal.release(entry, self.granted[row])
        self.left[row] -= given

    @rule()
    def close_the_day(self) -> None:
        """Close what is open."""
        try:
            stored = close_day(self.outlet.till, MANAGING)
        except NothingToClose:
            assert self.unclosed == []
            return
        assert isinstance(stored.entry, DayClosed)
        assert list(stored.entry.sales) == self.unclosed
        assert stored.entry.entitlement_used == stored.entry.goods_out
        self.unclosed = []

    @rule(ms=st.integers(-10_000_000, 10_000_000))
    def turn_the_clock(self, ms: int) -> None:
        """Let time pass, or go back."""
        self.outlet.clock.now = min(max(self.outlet.clock.now + ms, 1_795_485_600_000 - 36_000_000), 1_795_485_600_000)

    @rule()
    def restart(self) -> None:
        """Close the files and open them again."""
        chance = self.outlet.till.random_bytes
        self.outlet.close()
        self.outlet.open()
        self.outlet.till = replace(self.outlet.till, random_bytes=chance)

    @invariant()
    def the_shelf_is_the_models(self) -> None:
        """Compare the book stock."""
        if hasattr(self, "outlet"):
            assert self.outlet.journal.stock() == {ProductId(key): value for key, value in self.shelf.items()}

    @invariant()
    def no_more_is_spent_than_granted(self) -> None:
        """Compare every share."""
        if not hasattr(self, "outlet"):
            return
        uses = self.outlet.journal.uses(EntitlementId(row) for row in self.granted)
        for row, granted in self.granted.items():
            use = uses.get(EntitlementId(row))
            spent, released = (use.spent, use.released) if use else (0, 0)
            assert granted - released - spent == self.left[row] >= 0

    @invariant()
    def open_sales_are_those_of_no_close(self) -> None:
        """Compare the X report."""
        if hasattr(self, "outlet"):
            assert list(x_report(self.outlet.till).sales) == self.unclosed

    def teardown(self) -> None:
        """Add everything up three ways and prove the file."""
        if not hasattr(self, "outlet"):
            return
        try:
            self._add_up()
        finally:
            self.outlet.close()
            self.folder.cleanup()

    def _add_up(self) -> None:
        rows = self.outlet.journal.sales(limit=10_000)
        stored = [found for row in reversed(rows) if (found := self.outlet.journal.entry(row.seq)) is not None]
        totals = add_up(stored, {found.seq: found for found in stored})
        used = {row for row in self.months if not self.months[row][3]}
        uses = self.outlet.journal.uses(EntitlementId(row) for row in used)
        assert _some(totals.by_month) == _some(self.by_month)
        assert _some(totals.by_fund) == _some(self.by_fund)
        assert _some(totals.by_product) == _some(self.handed)
        assert totals.cash == self.cash
        assert totals.difference == 0
        assert totals.entitlement_used == sum(use.spent for use in uses.values())
        assert verify(self.outlet.journal_file).is_clean, "rebuilt = live"
        numbers = [row.entry.receipt for row in rows]
        assert len(set(numbers)) == len(numbers)

    def _balance(self, family: int) -> tuple[int, int]:
        money = goods = 0
        for row, (_, _, owner, in_kind) in self.months.items():
            if owner == family:
                money += 0 if in_kind else self.left[row]
                goods += self.left[row] if in_kind else 0
        return money, goods

    def _take(self, stored: Stored, order: list[EntitlementId], cost: int, bags_in_kind: int) -> None:
        """Draw on the model's rows in the drawing order."""
        for wanted, kind in ((cost, False), (bags_in_kind * 5_000, True)):
            rest = wanted
            for row in order:
                if self.months[row][3] is kind:
                    taken = min(self.left[row], rest)
                    self.left[row] -= taken
                    rest -= taken
                    self._count(row, taken)
            assert rest == 0
        assert isinstance(stored.entry, Redemption)
        for line in stored.entry.lines:
            self.shelf[line.product] -= line.quantity
            self.handed[line.product] = self.handed.get(line.product, 0) + line.quantity
        self._remember(stored)

    def _count(self, row: int, amount: int) -> None:
        month, fund, _, in_kind = self.months[row]
        if not in_kind:
            self.by_month[month] = self.by_month.get(month, 0) + amount
            self.by_fund[fund] = self.by_fund.get(fund, 0) + amount

    def _hand_out(self, product: Product, quantity: int) -> None:
        self.shelf[product.id] -= quantity
        self.handed[product.id] = self.handed.get(product.id, 0) + quantity

    def _remember(self, stored: Stored) -> None:
        assert stored.entry.at >= self.outlet.journal.last_at_ms()
        self.bodies[stored.seq] = stored
        self.unclosed.append(stored.seq)


def _some(sums: dict[object, int] | dict[str, int] | dict[int, int]) -> dict[object, int]:
    return {key: value for key, value in sums.items() if value}


TestHistories = Till.TestCase
TestHistories.settings = settings(
    max_examples=HISTORIES,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
