"""The basket as rows: name, less, quantity, more, total. Rows of cash say so."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from kube_pos.ledger.documents import Product
from kube_pos.ledger.quantity import Rupiah, Thousandths, format_quantity, format_rupiah, line_total
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, card, label, scrolled
from kube_pos.ui.open_basket import OpenBasket

_NAME_WIDTH = 136
"""Wide enough for most names; a longer one gets a second line, because its end often tells it from its neighbour."""

PriceOf = Callable[[Product], Rupiah]


class BasketView(QWidget):
    """Shows the basket; `changed_by` carries product, signed quantity and whether it is the cash row."""

    changed_by = Signal(object, int, bool)

    def __init__(self, context: Context, empty_text: str) -> None:
        """Begin empty; `empty_text` says how goods come in."""
        super().__init__()
        self._context = context
        inner = QWidget()
        self._rows = QVBoxLayout(inner)
        self._rows.setContentsMargins(0, 0, 4, 0)
        self._rows.setSpacing(6)
        self._rows.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._empty = label(empty_text, "soft", wraps=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._empty, 1)
        self._area = scrolled(inner)
        outer.addWidget(self._area, 1)

    def show_basket(self, basket: OpenBasket, price_of: PriceOf) -> None:
        """Show what is in the basket; the focus stays on the button it was on."""
        focused = QApplication.focusWidget()
        held = focused.objectName() if focused is not None and self.isAncestorOf(focused) else ""
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        for goods, is_cash in ((basket.picks, False), (basket.cash, True)):
            for product, quantity in goods:
                self._rows.addWidget(self._row(product, quantity, price_of(product), is_cash=is_cash))
        self._empty.setVisible(basket.is_empty)
        self._area.setVisible(not basket.is_empty)
        again = self.findChild(Button, held) if held else None
        if isinstance(again, Button):
            again.setFocus()

    def _row(self, product: Product, quantity: Thousandths, price: Rupiah, *, is_cash: bool) -> QFrame:
        say = self._context.say
        frame = card("sunken")
        row = QHBoxLayout(frame)
        row.setContentsMargins(10, 4, 8, 4)
        row.setSpacing(3)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(_narrow(label(product.name, "strong", wraps=True)))
        each = say("goods.price", price=format_rupiah(price), unit=product.unit)
        price_words = say("goods.cash_row", price=each) if is_cash else each
        names.addWidget(_narrow(label(price_words, "small", wraps=True)))
        row.addLayout(names)
        row.addStretch(1)
        row.addWidget(self._step(product, -1, is_cash=is_cash))
        shown = label(format_quantity(quantity, product.unit), "strong", figures=True)
        shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        shown.setFixedWidth(84)
        row.addWidget(shown)
        row.addWidget(self._step(product, 1, is_cash=is_cash))
        total = label(format_rupiah(line_total(quantity, price)), "strong", figures=True)
        total.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        total.setFixedWidth(88)
        row.addWidget(total)
        return frame

    def _step(self, product: Product, sign: int, *, is_cash: bool) -> Button:
        button = Button("", self._context.theme, kind="square", icon_name="plus" if sign > 0 else "minus")
        key = "goods.more" if sign > 0 else "goods.less"
        button.setAccessibleName(self._context.say(key, product=product.name))
        button.setObjectName(f"step{sign}-{product.id}-{int(is_cash)}")
        button.clicked.connect(lambda: self.changed_by.emit(product, sign * product.step, is_cash))
        return button


def _narrow(words: QLabel) -> QLabel:
    """Give words the width of the name column and as many lines as they need."""
    words.setFixedWidth(_NAME_WIDTH)
    words.ensurePolished()
    words.setMinimumHeight(words.heightForWidth(_NAME_WIDTH))
    return words
