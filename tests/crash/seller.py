"""A till that sells as fast as it can until it is killed, and says through a pipe what it has promised."""

from __future__ import annotations

import itertools
import os
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from kube_pos.ledger.ports import Stored
from kube_pos.operations.redemption import Basket
from kube_pos.operations.till import Session
from tests.crash.day import Day
from tests.crash.outlet import CrashOutlet
from tests.ledger_kit import CASHIER, EGG_KG
from tests.use_case_kit import redemption_of

ENTRY, ACKED, RETRIED = b"E", b"A", b"R"
FAMILY = 3


def sell(folder: str, pipe: Connection) -> None:
    """Sell until the end; every promise is told after the commit it stands for."""
    outlet = CrashOutlet(Path(folder), chance=os.urandom)
    outlet.session = Session(CASHIER)
    telling = threading.Lock()

    def note(what: str, number: int, value: object) -> None:
        kind = {"entry": ENTRY, "acked": ACKED}.get(what)
        if kind is not None:
            with telling:
                pipe.send_bytes(kind + number.to_bytes(8, "big") + (value if isinstance(value, bytes) else b""))

    day = Day(outlet, note)
    day.cards[FAMILY] = outlet.family(FAMILY)
    outlet.entitle("2026-11", 2_000_000_000 // 1000, family=FAMILY)
    outlet.prints.recover()
    _finish_basket(day, pipe)
    threading.Thread(target=_send, args=(day,), daemon=True).start()
    for number in itertools.count():
        name = f"sale {number}"
        day.fill(name, (EGG_KG, 500), (EGG_KG, 500))
        day.redeem(name, FAMILY)
        if number % 2:
            day.begin_print()
            day.end_print()
        # Undone at once, so that neither the share nor the shelf ever runs out.
        day.reverse(name)
        if number % 20 == 19:
            day.checkpoint()
        if number % 50 == 49:
            day.close_day()


def _finish_basket(day: Day, pipe: Connection) -> None:
    """Confirm the basket that the last run left open, under its own id, twice."""
    body = day.outlet.journal.open_basket()
    if body is None:
        return
    name, _, sale = body.decode().rpartition(" ")
    made = Basket(sale, ((EGG_KG, 1000),))  # type: ignore[arg-type]
    day.baskets[name] = made
    first, again = day.redeem(name, FAMILY), day.redeem(name, FAMILY)
    if again != first or redemption_of(first).sale != sale:
        raise AssertionError("the same basket became two sales")
    pipe.send_bytes(RETRIED)


def _send(day: Day) -> None:
    """Send what waits, beside the sales, over and over."""
    pause = threading.Event()
    while True:
        head: Stored | None = day.outlet.journal.entry(day.outlet.journal.head()[0])
        if head is not None and head.seq > day.outlet.outbox.acked()[0] + 2:
            day.send()
        pause.wait(0.005)
