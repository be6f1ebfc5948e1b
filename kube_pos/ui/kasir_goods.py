"""Kasir, third state: goods into the basket by tile, by name, by scan; `3*` before a choice means three."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.errors import KubePosError
from kube_pos.ledger.basket import Covered, TooMuch
from kube_pos.ledger.documents import Product, price_on
from kube_pos.ledger.entries import Redemption
from kube_pos.ledger.quantity import Rupiah, format_quantity
from kube_pos.operations.look_up import Good
from kube_pos.ui.banner import Tone
from kube_pos.ui.basket_side import BasketSide
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, field
from kube_pos.ui.find_field import sought
from kube_pos.ui.goods_tiles import GoodsTiles
from kube_pos.ui.keypad import ROW, Keypad
from kube_pos.ui.open_basket import OpenBasket
from kube_pos.ui.sale_kind import SaleKind


class GoodsPanel(QWidget):
    """Fills one basket for one family."""

    changed = Signal()
    confirmed = Signal()
    code_typed = Signal(str)
    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the panel out."""
        super().__init__()
        self._context = context
        self._kind: SaleKind | None = None
        self._basket: OpenBasket | None = None
        self._last: Redemption | None = None
        self._goods: dict[int, Good] = {}
        say, theme = context.say, context.theme
        self._find = field(say("goods.find"), say("goods.find_hint"))
        self._find.setMaxLength(40)
        self._repeat = Button("", theme, kind="left", icon_name="repeat")
        self._tiles = GoodsTiles(context)
        self._side = BasketSide(context)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 14, 16, 14)
        row.setSpacing(14)
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(self._find)
        column.addWidget(Keypad(theme, self._find, say("key.back"), ROW))
        column.addWidget(self._repeat)
        column.addWidget(self._tiles, 1)
        row.addLayout(column, 1)
        row.addWidget(self._side)
        self._wire()

    def begin(self, kind: SaleKind, basket: OpenBasket) -> None:
        """Show the goods for a sale and its basket."""
        till = self._context.desk.till
        self._kind, self._basket = kind, basket
        goods = kind.goods()
        self._goods = {good.product.id: good for good in goods}
        self._tiles.show_goods(tuple(good for good in goods if good.permitted))
        self._last = till.journal.last_sale_of(kind.family) if kind.family is not None else None
        self._find.clear()
        self.set_saving(saving=False)
        self._find.setFocus()

    def take_focus(self) -> None:
        """Put the cursor into the find field."""
        self._find.setFocus()

    def add_product(self, product: Product | None) -> None:
        """Put a scanned or chosen product in: one step of it, or what the `3*` prefix says; None is unknown here."""
        if product is None:
            self._warn(self._context.say("goods.unknown"))
            return
        good = self._goods.get(product.id)
        if good is None or not good.permitted:
            self._offer_cash(product, good)
            return
        quantity = sought(self._find.text()).quantity or product.step
        self._find.clear()
        if quantity % product.step:
            step = format_quantity(product.step, product.unit)
            self._warn(self._context.say("goods.step", product=product.name, step=step))
            return
        self._change(product, quantity, is_cash=self._kind is not None and self._kind.is_cash)

    def set_saving(self, *, saving: bool) -> None:
        """Shut the panel while the sale is being stored."""
        self._side.set_saving(saving=saving)
        if not saving:
            self._show()

    def _wire(self) -> None:
        self._find.textChanged.connect(self._filter)
        self._find.returnPressed.connect(self._enter)
        self._tiles.wanted.connect(self.add_product)
        self._tiles.typed.connect(self._type_on)
        self._repeat.clicked.connect(self._repeat_last)
        self._side.changed_by.connect(lambda product, by, is_cash: self._change(product, by, is_cash=is_cash))
        self._side.put_back.connect(lambda: self._settle(pays_cash=False))
        self._side.pay_cash.connect(lambda: self._settle(pays_cash=True))
        self._side.confirmed.connect(self.confirmed)
        self._side.left.connect(self.left)
        down = QShortcut(QKeySequence(Qt.Key.Key_Down), self._find, context=Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(self._tiles.enter)
        QShortcut(QKeySequence(Qt.Key.Key_F5), self).activated.connect(self._repeat.click)

    def _filter(self, typed: str) -> None:
        found = sought(typed)
        self._tiles.filter("" if found.is_code else found.text)

    def _enter(self) -> None:
        found = sought(self._find.text())
        if found.is_code:
            self._find.setText(self._find.text()[: -len(found.text)])
            self.code_typed.emit(found.text)
        elif found.text:
            product = self._tiles.first()
            if product is not None:
                self.add_product(product)
        elif self._find.text() or not self._side.offer_confirm():
            self._tiles.enter()

    def _type_on(self, text: str) -> None:
        self._find.setFocus()
        self._find.insert(text)

    def _change(self, product: Product, quantity: int, *, is_cash: bool) -> None:
        if self._basket is not None and not self._side.is_saving:
            self._basket.add(product, quantity, cash=is_cash)
            self._show()
            self.changed.emit()

    def _settle(self, *, pays_cash: bool) -> None:
        found = self._quote()
        if self._basket is not None and isinstance(found, TooMuch):
            (self._basket.pay_cash if pays_cash else self._basket.put_back)(found.drops)
            self._show()
            self.changed.emit()
            self._side.offer_confirm()

    def _offer_cash(self, product: Product, good: Good | None) -> None:
        say = self._context.say
        if good is None:
            self._warn(say("goods.no_price", product=product.name))
            return
        self._context.banner.ask(
            Tone.WARN,
            say("goods.not_permitted", product=product.name),
            (say("goods.leave_out"), lambda: None),
            (say("goods.sell_cash"), lambda: self._change(product, product.step, is_cash=True)),
            key="not_permitted",
        )

    def _warn(self, text: str) -> None:
        self._context.banner.show_message(Tone.WARN, text)

    def _repeat_last(self) -> None:
        if self._basket is not None and self._last is not None and self._basket.is_empty:
            there = {good.product.id: good.product for good in self._goods.values() if good.permitted and good.on_hand}
            self._basket.repeat(self._last.lines, there)
            self._show()
            self.changed.emit()
            self._side.offer_confirm()

    def _show(self) -> None:
        if self._kind is None or self._basket is None:
            return
        self._side.show_basket(self._kind, self._basket, self._quote(), self._price)
        self._tiles.show_basket(self._basket)
        self._show_repeat()

    def _show_repeat(self) -> None:
        products = self._context.desk.till.replica.catalogue().products
        lines = self._last.lines if self._last is not None else ()
        goods = ", ".join(
            f"{products[line.product].name} {format_quantity(line.quantity, products[line.product].unit)}"
            for line in lines
            if line.product in products
        )
        short = goods if len(goods) <= 60 else f"{goods[:58]}…"
        self._repeat.set_words(self._context.say("goods.repeat", goods=short), hint="F5")
        self._repeat.setVisible(bool(goods) and self._basket is not None and self._basket.is_empty)

    def _quote(self) -> Covered | TooMuch | None:
        if self._kind is None or self._basket is None:
            return None
        try:
            return self._kind.quote(self._basket.as_basket())
        except KubePosError as error:
            self._context.fail(error)
            return None

    def _price(self, product: Product) -> Rupiah:
        return price_on(product, self._context.desk.till.today()) or Rupiah(0)
