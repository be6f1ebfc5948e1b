"""What a sale costs on the wire, counted by the till's own client against a real office on loopback."""

from __future__ import annotations

import secrets
from pathlib import Path

from kube_pos.bench.figures import Figures, microseconds
from kube_pos.demo import DemoOutlet, demo_settings, prepare, sync_once
from kube_pos.ledger.documents import Staff
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.ids import RecipientId
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.operations.look_up import goods_for, visit_of_recipient
from kube_pos.operations.redemption import Basket, redeem
from kube_pos.operations.till import Session, Till

_BATCH = 50


def run(folder: Path) -> Figures:
    """Measure in an empty folder: the sample city, a till enrolled in it, real sales."""
    demo = prepare(folder, demo_settings(folder, "id"), _hear)
    try:
        return _measure(demo)
    finally:
        demo.folder.close()
        demo.office.stop()


def _measure(demo: DemoOutlet) -> Figures:
    journal, replica = SqliteJournal(demo.folder.journal), SqliteReplica(demo.folder.replica)
    till = Till(journal.identity(), replica, journal, demo.clock, secrets.token_bytes, _nothing, _nothing)
    outbox = SqliteOutbox(demo.folder.journal)
    families = _Families(till, demo.cashier)

    def cost() -> int:
        before = outbox.status()
        sync_once(demo.folder, demo.clock)
        after = outbox.status()
        return after.bytes_up + after.bytes_down - before.bytes_up - before.bytes_down

    cost()
    idle = cost()
    families.sell(1)
    alone = cost()
    families.sell(_BATCH)
    batch = cost()
    families.sell(_BATCH)
    push_us = microseconds(lambda: sync_once(demo.folder, demo.clock))
    return {
        "sync.bytes_idle": idle,
        "sync.bytes_alone": alone - idle,
        "sync.bytes_batch50": (batch - idle) / _BATCH,
        "sync.push_50_ms": push_us / 1000,
    }


class _Families:
    """Sells a basket of two lines to one family after another."""

    def __init__(self, till: Till, cashier: Staff) -> None:
        self._till = till
        self._session = Session(cashier)
        self._next = 1

    def sell(self, count: int) -> None:
        sold = 0
        while sold < count:
            visit = visit_of_recipient(self._till, self._till.replica.recipient(RecipientId(self._next)))
            self._next += 1
            if not isinstance(visit.decision, Allowed) or visit.decision.balance < 200_000:
                if self._next > self._till.replica.family_count() * 60:
                    self._next = 1
                continue
            goods = [good for good in goods_for(self._till, visit.decision) if good.permitted and good.price < 90_000]
            picks = tuple((good.product, Thousandths(1000)) for good in goods[:2])
            basket = Basket(self._till.new_sale_id(), picks)
            redeem(self._till, self._session, visit, visit.decision, basket)
            sold += 1


def _hear(_: str) -> None:
    """Nobody watches the demo being made here."""


def _nothing() -> None:
    """Sync is run by hand here."""
