"""Goods on the shelf: what came in, and what the book says is there."""

from __future__ import annotations

from dataclasses import dataclass

from kube_pos.errors import KubePosError
from kube_pos.ledger import entries
from kube_pos.ledger.documents import Product, price_on
from kube_pos.ledger.ids import ProductId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Rupiah, Thousandths, line_total
from kube_pos.operations.till import Session, Till


class DeliveryIncomplete(KubePosError):
    """A delivery has no note number, no supplier or no accepted goods. Facts: field."""

    code = "delivery_incomplete"


@dataclass(frozen=True, slots=True)
class StockLine:
    """One product of the stock page; `worth` at today's price, 0 when it has none."""

    product: Product
    on_hand: int
    worth: Rupiah


def stock_lines(till: Till) -> tuple[StockLine, ...]:
    """Return every product with its book stock, by name."""
    today, stock = till.today(), till.journal.stock()
    lines = []
    for product in till.replica.catalogue().products.values():
        on_hand = stock.get(product.id, 0)
        price = price_on(product, today) or Rupiah(0)
        lines.append(StockLine(product, on_hand, line_total(Thousandths(max(on_hand, 0)), price)))
    return tuple(sorted(lines, key=lambda line: line.product.name))


def receive_delivery(
    till: Till, session: Session, note_no: str, supplier: str, accepted: dict[ProductId, entries.ReceiptLine]
) -> Stored:
    """Journal a delivery against its note and put the accepted goods in stock. Raises DeliveryIncomplete."""
    for field, value in (("delivery_note_no", note_no), ("supplier", supplier)):
        if not value.strip():
            raise DeliveryIncomplete(field=field)
    lines = tuple(line for line in accepted.values() if line.stated or line.accepted)
    if not lines:
        raise DeliveryIncomplete(field="lines")
    entry = entries.GoodsReceipt(
        at=till.now_ms(),
        day=till.today(),
        by=session.staff_id,
        delivery_note_no=note_no.strip(),
        supplier=supplier.strip(),
        lines=lines,
    )
    stored = till.journal.append(entry)
    till.wake_sync()
    return stored
