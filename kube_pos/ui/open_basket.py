"""The basket being filled: goods for aid and goods for cash, kept in a form that survives a power cut. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kube_pos.ledger.basket import Drop
from kube_pos.ledger.documents import Product
from kube_pos.ledger.entries import Line, Proxy
from kube_pos.ledger.ids import CardToken, ProductId, RecipientId, SaleId
from kube_pos.ledger.quantity import Thousandths
from kube_pos.operations.redemption import Basket

Goods = dict[ProductId, tuple[Product, Thousandths]]


class KeptBasket(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of an open basket, as JSON: whose it is and what is in it; no number that can be read."""

    sale: SaleId
    recipient: RecipientId
    token: CardToken | None
    last4: str
    manual: bool
    picks: tuple[tuple[ProductId, int], ...]
    cash: tuple[tuple[ProductId, int], ...]
    proxy: Proxy | None = None
    delivery: bool = False


class OpenBasket:
    """A basket with the id of the sale that it will become; the id never changes, so confirming twice sells once."""

    def __init__(self, sale: SaleId) -> None:
        """Begin empty."""
        self.sale = sale
        self.proxy: Proxy | None = None
        self.delivery = False
        self._picks: Goods = {}
        self._cash: Goods = {}

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is in it."""
        return not self._picks and not self._cash

    @property
    def picks(self) -> tuple[tuple[Product, Thousandths], ...]:
        """Return the goods to be taken from the aid, in the order they came."""
        return tuple(self._picks.values())

    @property
    def cash(self) -> tuple[tuple[Product, Thousandths], ...]:
        """Return the goods that the family pays itself."""
        return tuple(self._cash.values())

    def quantity_of(self, product: ProductId) -> Thousandths:
        """Return how much of a product is in it, aid and cash together."""
        parts = (goods[product][1] for goods in (self._picks, self._cash) if product in goods)
        return Thousandths(sum(parts))

    def add(self, product: Product, quantity: int, *, cash: bool = False) -> None:
        """Put goods in, or take them out by a negative quantity; a product at zero is gone."""
        goods = self._cash if cash else self._picks
        held = goods[product.id][1] if product.id in goods else 0
        if held + quantity > 0:
            goods[product.id] = (product, Thousandths(held + quantity))
        else:
            goods.pop(product.id, None)

    def put_back(self, drops: Iterable[Drop]) -> None:
        """Take out what is too much."""
        for drop in drops:
            self.add(drop.product, -drop.quantity)

    def pay_cash(self, drops: Iterable[Drop]) -> None:
        """Let the family pay what is too much."""
        for drop in drops:
            self.add(drop.product, -drop.quantity)
            self.add(drop.product, drop.quantity, cash=True)

    def repeat(self, lines: Iterable[Line], products: Mapping[ProductId, Product]) -> None:
        """Put in what a family took the last time, as far as `products` still has it."""
        for line in lines:
            product = products.get(line.product)
            if product is not None:
                self.add(product, line.quantity)

    def as_basket(self) -> Basket:
        """Return the basket as the sale takes it."""
        return Basket(self.sale, self.picks, self.cash, self.proxy, self.delivery)

    def keep(self, recipient: RecipientId, token: CardToken | None, last4: str, *, manual: bool) -> bytes:
        """Return the bytes from which the basket comes back."""
        kept = KeptBasket(
            sale=self.sale,
            recipient=recipient,
            token=token,
            last4=last4,
            manual=manual,
            picks=tuple((key, quantity) for key, (_, quantity) in self._picks.items()),
            cash=tuple((key, quantity) for key, (_, quantity) in self._cash.items()),
            proxy=self.proxy,
            delivery=self.delivery,
        )
        return msgspec.json.encode(kept)


def kept_in(body: bytes) -> KeptBasket | None:
    """Return what was kept, or None when the bytes are of another version."""
    try:
        return msgspec.json.decode(body, type=KeptBasket)
    except msgspec.DecodeError:
        return None


def bring_back(kept: KeptBasket, products: Mapping[ProductId, Product]) -> OpenBasket:
    """Return the basket that was kept, without products that no longer exist."""
    basket = OpenBasket(kept.sale)
    basket.proxy = kept.proxy
    basket.delivery = kept.delivery
    for part, is_cash in ((kept.picks, False), (kept.cash, True)):
        for product_id, quantity in part:
            product = products.get(product_id)
            if product is not None:
                basket.add(product, quantity, cash=is_cash)
    return basket
