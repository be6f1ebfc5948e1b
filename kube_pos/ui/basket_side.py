"""The right side of the goods page: whose basket, what is left, the rows, what to pay, and the button that stores."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from kube_pos.ledger.basket import Covered, TooMuch
from kube_pos.ledger.quantity import format_quantity, format_rupiah, line_total
from kube_pos.ui.balance_bar import BalanceBar
from kube_pos.ui.basket_view import BasketView, PriceOf
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, label
from kube_pos.ui.open_basket import OpenBasket
from kube_pos.ui.sale_kind import SaleKind
from kube_pos.ui.too_much_box import TooMuchBox

WIDTH = 484


class BasketSide(QFrame):
    """Shows one basket against one balance."""

    changed_by = Signal(object, int, bool)
    put_back = Signal()
    pay_cash = Signal()
    confirmed = Signal()
    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the side out."""
        super().__init__()
        self._context = context
        self._saving = False
        say, theme = context.say, context.theme
        self.setProperty("surface", "card")
        self.setFixedWidth(WIDTH)
        self._name = label("", "large")
        self._rest = label("", "title")
        self._in_kind = label("", "soft", wraps=True)
        self._bar = BalanceBar(theme)
        self._view = BasketView(context, say("goods.empty"))
        self._too_much = TooMuchBox(context)
        self._cash = label("", "large")
        self._total = label("", "title")
        self._confirm = Button(say("goods.confirm"), theme, kind="primary", icon_name="check", hint="F9", tall=True)
        self._back = Button(say("action.back"), theme, hint="Esc", tall=True)
        self._lay_out()
        self._view.changed_by.connect(self.changed_by)
        self._too_much.put_back.connect(self.put_back)
        self._too_much.pay_cash.connect(self.pay_cash)
        self._confirm.clicked.connect(self._confirm_once)
        self._back.clicked.connect(self.left)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.left)
        QShortcut(QKeySequence(Qt.Key.Key_F9), self).activated.connect(self._confirm.click)

    @property
    def is_saving(self) -> bool:
        """Tell whether the sale is being stored."""
        return self._saving

    def show_basket(
        self, kind: SaleKind, basket: OpenBasket, found: Covered | TooMuch | None, price_of: PriceOf
    ) -> None:
        """Show the basket, what is left after it, and what is wrong with it."""
        say = self._context.say
        aid = sum(line_total(quantity, price_of(product)) for product, quantity in basket.picks)
        cash = sum(line_total(quantity, price_of(product)) for product, quantity in basket.cash)
        self._name.setText(kind.title)
        limit = kind.limit or 0
        over = found.excess if isinstance(found, TooMuch) else 0
        used = found.used if isinstance(found, Covered) else limit + over
        whole = format_rupiah(limit)
        if over:
            self._rest.setText(say("goods.over", excess=format_rupiah(over)))
        else:
            self._rest.setText(say("goods.rest", rest=format_rupiah(limit - used), whole=whole))
        self._bar.show_part(used, limit)
        for widget in (self._rest, self._bar):
            widget.setVisible(kind.limit is not None)
        self._show_in_kind(kind)
        self._view.show_basket(basket, price_of)
        self._too_much.advise(found if isinstance(found, TooMuch) else None)
        self._cash.setText(say("goods.cash", amount=format_rupiah(cash)))
        self._cash.setVisible(bool(cash))
        self._total.setText(format_rupiah(aid + cash))
        has_goods = bool(basket.cash if kind.is_cash else basket.picks)
        self._confirm.setEnabled(isinstance(found, Covered) and has_goods and not self._saving)

    def set_saving(self, *, saving: bool) -> None:
        """Shut the buttons while the sale is being stored, so that a second press does nothing."""
        self._saving = saving
        self._confirm.set_words(
            self._context.say("goods.saving" if saving else "goods.confirm"), hint="" if saving else "F9"
        )
        for widget in (self._view, self._too_much, self._back, self._confirm):
            widget.setEnabled(not saving)

    def offer_confirm(self) -> bool:
        """Put the focus on the button that stores, when it can be pressed."""
        if self._confirm.isEnabled():
            self._confirm.setFocus(Qt.FocusReason.TabFocusReason)
        return self._confirm.isEnabled()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        for widget in (self._name, self._rest, self._bar, self._in_kind):
            column.addWidget(widget)
        column.addWidget(self._view, 1)
        column.addWidget(self._too_much)
        column.addWidget(self._cash)
        totals = QHBoxLayout()
        totals.addWidget(label(self._context.say("goods.total"), "title"), 1)
        totals.addWidget(self._total)
        column.addLayout(totals)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._back)
        buttons.addWidget(self._confirm, 1)
        column.addLayout(buttons)

    def _show_in_kind(self, kind: SaleKind) -> None:
        commodities = self._context.desk.till.replica.catalogue().commodities
        parts = [
            f"{commodities[key].name} {format_quantity(quantity, commodities[key].unit)}"
            for key, quantity in kind.in_kind.items()
            if key in commodities
        ]
        self._in_kind.setText(self._context.say("goods.in_kind", goods=", ".join(parts)) if parts else "")
        self._in_kind.setVisible(bool(parts))

    def _confirm_once(self) -> None:
        if not self._saving and self._confirm.isEnabled():
            self.set_saving(saving=True)
            self.confirmed.emit()
