"""The goods that may be taken, as tiles for fingers and arrow keys; a field finds them by name."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from kube_pos.ledger.documents import Product
from kube_pos.ledger.quantity import format_quantity, format_rupiah
from kube_pos.operations.look_up import Good
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, label, restyle, scrolled
from kube_pos.ui.open_basket import OpenBasket

COLUMNS = 3


class GoodTile(Button):
    """One product: name, price, stock, and how much of it is in the basket."""

    def __init__(self, context: Context, good: Good) -> None:
        """Draw the tile."""
        super().__init__("", context.theme, kind="tile")
        self.good = good
        product = good.product
        price = context.say("goods.price", price=format_rupiah(good.price), unit=product.unit)
        stock = context.say("goods.stock", stock=format_quantity(good.on_hand, product.unit))
        if good.on_hand <= 0:
            stock = context.say("goods.no_stock")
        ceiling = product.ceiling_price
        if ceiling is not None and good.price > ceiling:
            price = context.say("goods.above_ceiling", price=price, ceiling=format_rupiah(ceiling))
        self.setAccessibleName(f"{product.name}, {price}, {stock}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setEnabled(good.on_hand > 0)
        self.setProperty("gone", "true" if good.on_hand <= 0 else "false")
        self._context = context
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        column.setSpacing(1)
        column.addWidget(label(product.name, "strong", wraps=True))
        column.addWidget(label(price, "body", wraps=True))
        column.addWidget(label(stock, "small"))
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        self._sign = IconLabel("basket", context.theme.colours.on_accent_soft, 20)
        self._taken = label("", "strong")
        foot.addWidget(self._sign)
        foot.addWidget(self._taken, 1)
        column.addLayout(foot)
        for child in self.findChildren(QWidget):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.show_taken(0)

    def show_taken(self, quantity: int) -> None:
        """Show how much of the product is in the basket."""
        self._taken.setText(format_quantity(quantity, self.good.product.unit) if quantity else "")
        self._sign.setVisible(bool(quantity))
        chosen = "true" if quantity else "false"
        if self.property("chosen") != chosen:
            self.setProperty("chosen", chosen)
            restyle(self)


class GoodsTiles(QWidget):
    """A grid of tiles; `wanted` carries the product of the tile that was pressed."""

    wanted = Signal(object)
    typed = Signal(str)
    """A character typed while a tile has the focus belongs into the find field."""

    def __init__(self, context: Context) -> None:
        """Begin without goods."""
        super().__init__()
        self._context = context
        self._inner = inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(2, 2, 8, 2)
        self._grid.setSpacing(10)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        for column in range(COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self._nothing = label(context.say("goods.nothing_found"), "large", wraps=True)
        self._nothing.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._nothing)
        self._area = scrolled(inner)
        outer.addWidget(self._area, 1)
        self._tiles: list[GoodTile] = []
        self._shown: list[GoodTile] = []

    def show_goods(self, goods: tuple[Good, ...]) -> None:
        """Show the tiles of a family's goods."""
        for tile in self._tiles:
            self._grid.removeWidget(tile)
            tile.deleteLater()
        self._tiles = [GoodTile(self._context, good) for good in goods]
        for tile in self._tiles:
            tile.setParent(self._inner)
        for tile in self._tiles:
            tile.clicked.connect(lambda _checked=False, product=tile.good.product: self.wanted.emit(product))
        self.filter("")

    def filter(self, text: str) -> None:
        """Show only the goods whose name has every word of `text`."""
        parts = text.casefold().split()
        self._shown = []
        for tile in self._tiles:
            self._grid.removeWidget(tile)
            fits = all(part in tile.good.product.name.casefold() for part in parts)
            if fits:
                place = len(self._shown)
                self._grid.addWidget(tile, place // COLUMNS, place % COLUMNS)
                self._shown.append(tile)
            # After it has a parent: a tile shown without one would be a window of its own.
            tile.setVisible(fits)
        self._nothing.setVisible(not self._shown)

    def first(self) -> Product | None:
        """Return the first product on show that is in stock."""
        return next((tile.good.product for tile in self._shown if tile.isEnabled()), None)

    def enter(self) -> None:
        """Put the focus on the first tile."""
        tile = next((tile for tile in self._shown if tile.isEnabled()), None)
        if tile is not None:
            tile.setFocus(Qt.FocusReason.TabFocusReason)

    def show_basket(self, basket: OpenBasket) -> None:
        """Show on each tile how much of it is in the basket."""
        for tile in self._tiles:
            tile.show_taken(basket.quantity_of(tile.good.product.id))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move among the tiles by arrow keys; give what is typed to the find field."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -COLUMNS, Qt.Key.Key_Down: COLUMNS}
        places = [place for place, tile in enumerate(self._shown) if tile.hasFocus()]
        step = steps.get(Qt.Key(event.key()))
        if step is not None and places:
            self._move(places[0], step)
        elif event.text().isprintable() and event.text().strip():
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def _move(self, place: int, step: int) -> None:
        place += step
        while 0 <= place < len(self._shown):
            tile = self._shown[place]
            if tile.isEnabled():
                tile.setFocus(Qt.FocusReason.TabFocusReason)
                self._area.ensureWidgetVisible(tile)
                return
            place += step
        if place < 0:
            self.typed.emit("")
