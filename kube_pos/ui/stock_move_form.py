"""Stok: goods that move without a sale. Shrinkage, return to the supplier, repacking, and the blind count."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ledger.documents import Product, Role, Staff
from kube_pos.ledger.entries import MoveReason
from kube_pos.ledger.ids import ProductId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Thousandths, format_quantity, parse_quantity
from kube_pos.operations import stock_moves
from kube_pos.operations.stock_moves import SHRINKAGE, Frozen
from kube_pos.ui.approval import Approval
from kube_pos.ui.banner import Tone
from kube_pos.ui.choice_row import ChoiceRow
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, choice, field, label, named_field, scrolled
from kube_pos.ui.outcome_box import OutcomeBox

_KINDS = ("shrink", "return", "repack", "count")
_ROWS = {
    "shrink": ("reason", "quantity"),
    "return": ("quantity",),
    "repack": ("target", "quantity", "made"),
    "count": ("good", "damaged"),
}


class StockMoveForm(QFrame):
    """Asks for one movement; a cashier's needs the manager's PIN, except a repack or a count that agrees."""

    stored = Signal()
    left = Signal()
    counting = Signal(bool)
    """A count is blind: whoever shows the book figures hides them while this is true."""

    def __init__(self, context: Context) -> None:
        """Lay the form out."""
        super().__init__()
        self._context = context
        self._products: dict[ProductId, Product] = {}
        self._frozen: Frozen | None = None
        self._told = False
        say = context.say
        self.setProperty("surface", "card")
        self.setFixedWidth(560)
        self._kind = ChoiceRow(
            context.theme, say("stock_move.what"), tuple((kind, say(f"stock_move.{kind}")) for kind in _KINDS)
        )
        self._kind.chosen.connect(lambda _: self._show_kind())
        self._product, self._target = choice(say("stock.product")), choice(say("stock_move.target"))
        self._product.currentIndexChanged.connect(lambda _: self._freeze())
        self._reason = choice(say("stock_move.reason"))
        for reason in SHRINKAGE:
            self._reason.addItem(context.texts.say(f"movement.{reason.value}"), reason.value)
        self._amounts = {
            name: field(say(f"stock_move.{name}"), "0") for name in ("quantity", "made", "good", "damaged")
        }
        self._note = field(say("stock_move.note"))
        self._words = OutcomeBox(context, "")
        self._approval = Approval(context, say("stock_move.save"), keypad=False)
        self._approval.approved.connect(self._store)
        self._save = Button(say("stock_move.save"), context.theme, kind="primary", icon_name="check")
        self._save.clicked.connect(self._ask)
        self._lay_out()

    def begin(self, product: ProductId | None) -> None:
        """Begin a new movement, of a product when one is chosen."""
        self._products = dict(self._context.desk.till.replica.catalogue().products)
        for box in (self._product, self._target):
            box.clear()
            for each in sorted(self._products.values(), key=lambda each: each.name):
                box.addItem(f"{each.name} ({each.unit})", each.id)
        if product is not None:
            self._product.setCurrentIndex(self._product.findData(product))
        self._note.clear()
        self._kind.choose("shrink")
        self._show_kind()
        self._product.setFocus()

    def _lay_out(self) -> None:
        say, theme = self._context.say, self._context.theme
        inner = QWidget()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(2, 2, 2, 2)
        outer.addWidget(scrolled(inner))
        column = QVBoxLayout(inner)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        column.addWidget(label(say("stock_move.title"), "title"))
        column.addWidget(self._kind)
        column.addWidget(self._words)
        column.addWidget(named_field(say("stock.product"), self._product))
        self._fields: dict[str, QWidget] = {
            "target": named_field(say("stock_move.target"), self._target),
            "reason": named_field(say("stock_move.reason"), self._reason),
        }
        self._fields |= {name: named_field(say(f"stock_move.{name}"), edit) for name, edit in self._amounts.items()}
        column.addWidget(self._fields["target"])
        row = QHBoxLayout()
        for name in ("reason", "quantity", "made", "good", "damaged"):
            row.addWidget(self._fields[name], 1)
        column.addLayout(row)
        self._fields["note"] = named_field(say("stock_move.note"), self._note)
        column.addWidget(self._fields["note"])
        column.addWidget(self._approval)
        column.addStretch(1)
        buttons = QHBoxLayout()
        leave = Button(say("action.cancel"), theme, icon_name="back")
        leave.clicked.connect(self.left)
        buttons.addWidget(leave)
        buttons.addWidget(self._save, 1)
        column.addLayout(buttons)

    def _show_kind(self) -> None:
        kind = self._kind.value
        for name, box in self._fields.items():
            box.setVisible(name in _ROWS[kind] or (name == "note" and kind != "repack"))
        self.counting.emit(kind == "count")
        for edit in self._amounts.values():
            edit.clear()
        self._note.setPlaceholderText(self._context.say("stock_move.note_return") if kind == "return" else "")
        self._words.put("info", self._context.say(f"stock_move.words_{kind}"))
        self._close_approval()
        self._freeze()

    def _close_approval(self) -> None:
        self._approval.hide()
        self._save.show()
        self._save.setEnabled(True)

    def _freeze(self) -> None:
        self._told = False
        product = self._chosen(self._product)
        self._frozen = stock_moves.begin_count(self._context.desk.till, product.id) if product else None

    def _ask(self) -> None:
        """Look at what was entered; tell a difference once before it may be saved, then ask for the manager."""
        if None in (self._amount(name) for name in _ROWS[self._kind.value] if name in self._amounts):
            self._context.tell(Tone.WARN, self._context.say("stock_move.bad_quantity"))
            return
        if self._kind.value == "count" and self._difference() and not self._told:
            self._tell_difference()
        elif self._needs_manager() and self._context.session().staff.role is Role.CASHIER:
            self._save.hide()
            self._approval.show()
            self._approval.begin()
        else:
            self._store(None)

    def _tell_difference(self) -> None:
        frozen, product = self._frozen, self._chosen(self._product)
        if frozen is None or product is None:
            return
        self._told = True
        differs = self._difference()
        self._words.put(
            "warn",
            self._context.say(
                "stock_move.differs",
                counted=format_quantity(frozen.book + differs, product.unit),
                book=format_quantity(frozen.book, product.unit),
                difference=format_quantity(differs, product.unit),
            ),
        )

    def _needs_manager(self) -> bool:
        kind = self._kind.value
        return kind in {"shrink", "return"} or (kind == "count" and bool(self._difference() or self._amount("damaged")))

    def _difference(self) -> int:
        good, damaged = (Thousandths(self._amount(name) or 0) for name in ("good", "damaged"))
        return stock_moves.difference(self._frozen, good, damaged) if self._frozen else 0

    def _store(self, manager: Staff | None) -> None:
        job = self._job(manager)
        if job is None:
            return
        self._save.setEnabled(False)
        self._context.bridge.run(job, lambda _: self._done(), self._failed)

    def _job(self, manager: Staff | None) -> Callable[[], Stored] | None:
        till, session, note = self._context.desk.till, self._context.session(), self._note.text()
        product, target, frozen = self._chosen(self._product), self._chosen(self._target), self._frozen
        if product is None or target is None or frozen is None:
            return None
        quantity, made, good, damaged = (Thousandths(self._amount(name) or 0) for name in self._amounts)
        match self._kind.value:
            case "shrink":
                move = (product, quantity, MoveReason(str(self._reason.currentData())))
                return lambda: stock_moves.shrink(till, session, move, note, manager)
            case "return":
                return lambda: stock_moves.return_to_supplier(till, session, product, quantity, note, manager)
            case "repack":
                return lambda: stock_moves.repack(till, session, (product, quantity), (target, made))
            case _:
                return lambda: stock_moves.store_count(till, session, (frozen, good, damaged), note, manager)

    def _chosen(self, box: QComboBox) -> Product | None:
        return self._products.get(ProductId(int(box.currentData() or 0)))

    def _amount(self, name: str) -> int | None:
        text = self._amounts[name].text().strip()
        if text == "0" or (not text and name == "damaged"):
            return 0
        return parse_quantity(text)

    def _done(self) -> None:
        self._context.tell(Tone.GOOD, self._context.say("stock_move.stored"))
        self.stored.emit()

    def _failed(self, error: Exception) -> None:
        self._close_approval()
        self._context.fail(error)
