"""What a cashier does, as one-liners on an outlet: scan, fill a basket, confirm, read the paper."""

from __future__ import annotations

from datetime import date

from kube_pos.devices.document import PrintDocument
from kube_pos.ledger import documents as docs
from kube_pos.ledger.days import at_wita
from kube_pos.ledger.entitlement import Allowed, Refused
from kube_pos.ledger.entries import Redemption
from kube_pos.ledger.ids import ProductId, SaleId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Thousandths
from kube_pos.operations.look_up import Visit, look_up
from kube_pos.operations.papers import Papers
from kube_pos.operations.redemption import Basket, redeem
from kube_pos.operations.till import Session
from kube_pos.texts import Texts
from tests.ledger_kit import MANAGER, Outlet

ID = Texts("id")
MANAGING = Session(MANAGER)


def scan(outlet: Outlet, payload: str) -> Visit:
    found = look_up(outlet.till, payload)
    assert isinstance(found, Visit), found
    return found


def may(outlet: Outlet, payload: str) -> Allowed:
    decision = scan(outlet, payload).decision
    assert isinstance(decision, Allowed), decision
    return decision


def may_not(outlet: Outlet, payload: str) -> Refused:
    decision = scan(outlet, payload).decision
    assert isinstance(decision, Refused), decision
    return decision


def basket(outlet: Outlet, *picks: tuple[docs.Product, int], cash: tuple[tuple[docs.Product, int], ...] = ()) -> Basket:
    def whole(wanted: tuple[tuple[docs.Product, int], ...]) -> tuple[tuple[docs.Product, Thousandths], ...]:
        return tuple((product, Thousandths(quantity)) for product, quantity in wanted)

    return Basket(outlet.till.new_sale_id(), whole(picks), whole(cash))


def shop(outlet: Outlet, payload: str, *picks: tuple[docs.Product, int], sale: SaleId | None = None) -> Stored:
    visit = scan(outlet, payload)
    assert isinstance(visit.decision, Allowed), visit.decision
    wanted = basket(outlet, *picks)
    if sale is not None:
        wanted = Basket(sale, wanted.picks)
    return redeem(outlet.till, outlet.session, visit, visit.decision, wanted)


def redemption_of(stored: Stored) -> Redemption:
    assert isinstance(stored.entry, Redemption)
    return stored.entry


def papers(outlet: Outlet, acked: int = 0) -> Papers:
    return Papers(outlet.till, ID, sign=lambda _: bytes(64), acked=lambda: acked)


def sentence(outlet: Outlet, payload: str) -> str:
    return papers(outlet).refusal(scan(outlet, payload))


def paper(outlet: Outlet, seq: int, *, copy: int = 0, columns: int = 32, acked: int = 0) -> str:
    return printed(papers(outlet, acked).document(seq, copy, columns))


def printed(document: PrintDocument) -> str:
    return document.plain_text()


def go_to(outlet: Outlet, day: date, hour: int = 10) -> None:
    outlet.clock.now = at_wita(day, hour)


def on_hand(outlet: Outlet, product: docs.Product) -> int:
    return outlet.journal.stock().get(ProductId(product.id), 0)
