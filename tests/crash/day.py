"""A scripted day at the till, by its real use cases; after every step what the till has promised is written down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from kube_pos.ledger import documents as docs
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.entries import ReceiptLine
from kube_pos.ledger.ids import EntitlementId, ProductId, RecipientId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_backup import copy_journal
from kube_pos.ledger.sqlite_queues import StoredPrintState
from kube_pos.operations.closing import close_day
from kube_pos.operations.corrections import reprint, reverse
from kube_pos.operations.look_up import record_balance_inquiry, record_turned_away
from kube_pos.operations.redemption import Basket, redeem, sell_for_cash
from kube_pos.operations.signing_in import sign_in
from kube_pos.operations.stock import receive_delivery
from kube_pos.operations.till import Session
from kube_pos.sync.outbox import check_answer, make_batch
from kube_pos.sync.ports import Waiting
from kube_pos.sync.wire import UploadAnswer
from tests.crash.image import image_of
from tests.crash.outlet import IDENTITY, CrashOutlet
from tests.fakes import CountingBytes
from tests.ledger_kit import CASHIER, EGG_KG, HERE, MANAGER, PLACES, RICE, RICE_BAG, SOAP_BAR
from tests.use_case_kit import MANAGING, basket, scan

BACKUP = "backup.db"
Step = Callable[[], object]
Pick = tuple[docs.Product, int]


@dataclass
class Day:
    """An outlet and the steps of its day. Each step is one durable transaction, or reads and one."""

    outlet: CrashOutlet
    note: Callable[[str, int, object], None]
    cards: dict[int, str] = field(default_factory=dict)
    held: int = 0
    """How many entries upstream holds."""
    baskets: dict[str, Basket] = field(default_factory=dict)
    sold: dict[str, int] = field(default_factory=dict)
    """The entries' numbers of named sales."""
    printing: int = 0
    """The print that is being sent."""

    # What is promised

    def listen(self) -> None:
        """Hear of entries from a till that says «Tersimpan» too early."""
        if self.outlet.setup.acknowledges_early:
            self.outlet.journal.tell = self.stored  # type: ignore[attr-defined]

    def stored(self, stored: Stored) -> Stored:
        """Write down that an entry was said to be stored."""
        self.note("entry", stored.seq, stored.hash)
        return stored

    def images(self) -> None:
        """Write down what both files say between two steps."""
        self.note("image", 0, image_of(self.outlet.journal_file))
        self.note("image", 1, image_of(self.outlet.replica_file))

    # Steps

    def enrol(self) -> None:
        """Take in who this till is."""
        self.outlet.journal.set_identity(IDENTITY)
        self.note("enrolled", 1, None)

    def page(self, documents: tuple[docs.Document, ...], *, whole: bool = True) -> None:
        """Apply a page of upstream's documents."""
        self.outlet.take_in(documents, as_of_ms=None if whole else 0)
        self.note("cursor", self.outlet.replica.cursor(), None)

    def family(self, number: int) -> None:
        """Apply a page with a family and its card."""
        self.cards[number] = self.outlet.family(number)
        self.note("cursor", self.outlet.replica.cursor(), None)

    def entitle(self, family: int, month: str, amount: int, *, in_kind: bool = False) -> None:
        """Apply a page with a month of a family."""
        self.outlet.entitle(month, amount, family=family, commodity=RICE if in_kind else None)
        self.note("cursor", self.outlet.replica.cursor(), None)

    def sign_in(self) -> None:
        """Sign the cashier in."""
        self.outlet.session = sign_in(self.outlet.till, CASHIER)
        seq, head = self.outlet.journal.head()
        self.note("entry", seq, head)

    def deliver(self, quantity: int) -> Stored:
        """Take in goods."""
        amount = Thousandths(quantity)
        lines = {
            p.id: ReceiptLine(product=p.id, stated=amount, weighed=amount, accepted=amount)
            for p in (RICE_BAG, EGG_KG, SOAP_BAR)
        }
        return self.stored(receive_delivery(self.outlet.till, MANAGING, "SJ-1", "Bulog", lines))

    def fill(self, name: str, *picks: Pick, cash: tuple[Pick, ...] = (), delivery: bool = False) -> None:
        """Make a basket and keep it, as the screen does while it is filled."""
        self.baskets[name] = made = replace(basket(self.outlet, *picks, cash=cash), delivery=delivery)
        self.outlet.journal.save_basket(f"{name} {made.sale}".encode())

    def redeem(self, name: str, family: int) -> Stored:
        """Confirm a basket of a family."""
        visit = scan(self.outlet, self.cards[family])
        assert isinstance(visit.decision, Allowed), visit.decision
        done = redeem(self.outlet.till, self.outlet.session, visit, visit.decision, self.baskets[name])
        self.sold[name] = done.seq
        return self.stored(done)

    def sell(self, name: str) -> Stored:
        """Confirm a basket that is paid in cash."""
        done = sell_for_cash(self.outlet.till, self.outlet.session, self.baskets[name])
        self.sold[name] = done.seq
        return self.stored(done)

    def reverse(self, name: str) -> Stored:
        """Undo a sale."""
        return self.stored(reverse(self.outlet.till, self.outlet.session, self.sold[name], "salah", MANAGER))

    def reprint(self, name: str) -> None:
        """Print a sale again."""
        reprint(self.outlet.till, self.outlet.session, self.sold[name])
        self.note("entry", *self.outlet.journal.head())

    def inquire(self, family: int) -> Stored:
        """Tell a family its balance."""
        decision = scan(self.outlet, self.cards[family]).decision
        assert isinstance(decision, Allowed), decision
        return self.stored(record_balance_inquiry(self.outlet.till, self.outlet.session, decision))

    def turn_away(self) -> Stored:
        """Turn away a family without any month."""
        return self.stored(
            record_turned_away(self.outlet.till, self.outlet.session, scan(self.outlet, self.cards[9]), with_slip=True)
        )

    def begin_print(self) -> None:
        """Mark the oldest print as being sent."""
        job = self.outlet.prints.next_pending()
        assert job is not None
        self.printing = job.id
        assert self.outlet.prints.claim(job.id, "printer")
        self.note("printing", job.id, "sending")

    def end_print(self) -> None:
        """Mark the print that is being sent as sent."""
        self.outlet.prints.mark(self.printing, StoredPrintState.SENT)
        self.note("printing", self.printing, "sent")

    def send(self) -> None:
        """Send what waits; upstream proves it, holds it, answers; the answer is taken in."""
        acked, previous = self.outlet.outbox.acked()
        rows = self.outlet.outbox.waiting(acked, 20)
        if not rows:
            return
        packed = make_batch([Waiting(row.seq, row.body, row.hash) for row in rows], previous)
        now = self.outlet.clock.now_ms()
        answer = UploadAnswer(acked=packed.last, head=packed.batch.head.hex(), verdicts=(), server_time_ms=now)
        verdicts = {packed.last: ("late",), packed.last - 1: ()}
        if self.outlet.setup.sends_late:
            self.outlet.outbox.acknowledge(packed.last, verdicts)
        self.held = packed.last
        self.note("held", packed.last, None)
        if not self.outlet.setup.sends_late:
            self.outlet.outbox.acknowledge(check_answer(answer, packed).acked, verdicts)
        self.note("acked", packed.last, None)

    def contact(self) -> None:
        """Record that upstream answered."""
        self.outlet.outbox.note_contact(self.outlet.clock.now_ms(), self.outlet.clock.now_ms(), 500, 900)

    def close_day(self) -> Stored:
        """Close the day."""
        return self.stored(close_day(self.outlet.till, MANAGING))

    def checkpoint(self) -> None:
        """Move the logs into the files."""
        self.outlet.journal_file.checkpoint()
        self.outlet.replica_file.checkpoint()

    def checkpoint_beside_a_reader(self) -> None:
        """Move the log while a second connection still reads an older state."""
        reader = self.outlet.setup.database(
            self.outlet.journal_file.path, self.outlet.journal_file._key, self.outlet.setup.schemas[0],
            options=self.outlet.journal_file._options,
        )  # fmt: skip
        try:
            reader.read().exec_driver_sql("BEGIN")
            reader.read().exec_driver_sql("SELECT count(*) FROM entry").scalar_one()
            self.fill("beside a reader", (EGG_KG, 500))
            self.images()
            self.checkpoint()
        finally:
            reader.close()

    def copy(self) -> None:
        """Make a backup of the journal, or a newer one in the place of the last."""
        to = self.outlet.folder.resolve() / BACKUP
        copied = copy_journal(self.outlet.journal_file, to, lambda *_: None, threading.Event())
        self.note("copied", copied.seq, copied.hash)

    @property
    def chance(self) -> CountingBytes:
        """Where this day's ids come from."""
        assert isinstance(self.outlet.chance, CountingBytes)
        return self.outlet.chance

    def restart(self) -> None:
        """Close the till, open it again, and look after prints that were under way."""
        self.outlet.close()
        self.outlet.open()
        self.listen()
        self.outlet.session = Session(CASHIER)
        self.outlet.prints.recover()


def opening(day: Day) -> Iterator[tuple[str, Step]]:
    """Yield the steps from an empty folder to a till that can sell."""
    months = ((1, "2026-10", 100_000, False), (1, "2026-11", 300_000, False), (2, "2026-11", 900_000, False),
              (2, "2026-11", 20_000, True), (3, "2026-11", 2_000_000, False))  # fmt: skip
    yield "enrol", day.enrol
    yield "snapshot 1", lambda: day.page(PLACES[:8], whole=False)
    yield "snapshot 2", lambda: day.page(PLACES[8:], whole=True)
    for number in (1, 2, 3):
        yield f"family {number}", lambda number=number: day.family(number)  # type: ignore[misc]
    for family, month, amount, in_kind in months:
        yield "entitle", lambda f=family, m=month, a=amount, k=in_kind: day.entitle(f, m, a, in_kind=k)  # type: ignore[misc]
    yield "sign in", day.sign_in
    yield "deliver", lambda: day.deliver(100_000)


def selling(day: Day) -> Iterator[tuple[str, Step]]:
    """Yield the steps of a day, late corrections and a restart included."""
    yield "basket", lambda: day.fill("one line", (EGG_KG, 1000))
    yield "redeem", lambda: day.redeem("one line", 2)
    yield "begin print", day.begin_print
    yield "end print", day.end_print
    yield "basket", lambda: day.fill("three months, cash", (RICE_BAG, 2000), (EGG_KG, 3500), cash=((SOAP_BAR, 2000),))
    yield "basket", lambda: day.fill("three months, cash", (RICE_BAG, 3000), (EGG_KG, 3500), cash=((SOAP_BAR, 2000),))
    yield "redeem", lambda: day.redeem("three months, cash", 1)
    yield "begin print", day.begin_print
    yield "balance", lambda: day.inquire(2)
    yield "end print", day.end_print
    yield "send", day.send
    yield "contact", day.contact
    yield "basket", lambda: day.fill("in kind", (RICE_BAG, 5000), (EGG_KG, 500))
    yield "redeem", lambda: day.redeem("in kind", 2)
    yield "checkpoint", day.checkpoint
    yield "family 9", lambda: day.family(9)
    yield "turn away", day.turn_away
    yield "basket", lambda: day.fill("cash", cash=((SOAP_BAR, 4000),))
    yield "sell", lambda: day.sell("cash")
    yield "reverse", lambda: day.reverse("one line")
    yield "delta", lambda: _delta(day)
    yield "send", day.send
    yield "reprint", lambda: day.reprint("in kind")
    yield "close day", day.close_day
    yield "begin print", day.begin_print
    yield "checkpoint", day.checkpoint
    yield "late reversal", lambda: day.reverse("in kind")
    yield "close day", day.close_day
    yield "restart", day.restart
    yield "basket", lambda: day.fill("after", (RICE_BAG, 1000), (EGG_KG, 1000), (EGG_KG, 1500))
    yield "redeem", lambda: day.redeem("after", 3)
    if day.outlet.setup.has_readers:
        yield "reader", day.checkpoint_beside_a_reader
        yield "redeem", lambda: day.redeem("beside a reader", 3)
    yield "checkpoint", day.checkpoint
    yield "send", day.send
    for number in range(1, 5):
        yield "basket", lambda n=number: day.fill(f"more {n}", (RICE_BAG, 1000), (EGG_KG, 500 * n))  # type: ignore[misc]
        yield "redeem", lambda n=number: day.redeem(f"more {n}", 3)  # type: ignore[misc]
    yield "restart", day.restart


def _delta(day: Day) -> None:
    """Apply a page of changes: a new name, a month more, a share that grows, a document that is gone."""
    outlet = day.outlet
    family = docs.Recipient(
        id=RecipientId(3), name="Nurhayati", ward="Rawa Makmur", neighbourhood="RT 05", home_outlet_id=HERE
    )
    price = docs.Price(from_day=date(2026, 12, 1), price=RICE_BAG.prices[0].price)
    rice = docs.Product(
        id=ProductId(RICE_BAG.id), commodity_id=RICE, name="Beras 5 kg", unit="karung",
        prices=(*RICE_BAG.prices, price), barcode=RICE_BAG.barcode, contents=RICE_BAG.contents,
    )  # fmt: skip
    share = docs.Share(entitlement_id=EntitlementId(5), recipient_id=RecipientId(3), granted=2_500_000)
    outlet.take_in((family, rice, share))
    day.note("cursor", outlet.replica.cursor(), None)
