"""The window on real stores in a folder, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from argon2 import PasswordHasher
from PySide6.QtCore import QDeadlineTimer, QEventLoop, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from kube_pos.background import Worker
from kube_pos.devices.ports import Scan, Source
from kube_pos.devices.zxing import qr_modules
from kube_pos.ledger import documents as docs
from kube_pos.ledger import entries
from kube_pos.ledger.cards import keyed_hash
from kube_pos.ledger.documents import Product
from kube_pos.ledger.ids import BenefitMonth, CardToken, CommodityId, StaffId
from kube_pos.ledger.ports import PrintKind, PrintRequest
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_queues import SqliteOutbox, SqlitePrints
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.papers import Papers
from kube_pos.operations.report_slips import ReportPapers
from kube_pos.operations.signing_in import PinGate
from kube_pos.operations.till import Session
from kube_pos.texts import Texts
from kube_pos.ui.application import dress
from kube_pos.ui.bridge import Bridge
from kube_pos.ui.desk import Desk, PrinterDesk
from kube_pos.ui.main_window import MainWindow
from kube_pos.ui.theme import LIGHT, Theme
from tests.fakes import TODAY
from tests.ledger_kit import BAZNAS, CITY_KEY, FOOD, RICE, Outlet, product

PIN, MANAGER_PIN = "1234", "9876"
# The cheapest hash: the tests check the gate, not the strength of argon2.
_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
CASHIER = docs.Staff(id=StaffId(11), name="Rahmah", role=docs.Role.CASHIER, pin_hash=_HASHER.hash(PIN))
MANAGER = docs.Staff(id=StaffId(12), name="Hj. Norhayati", role=docs.Role.MANAGER, pin_hash=_HASHER.hash(MANAGER_PIN))
NIK = "6472025208850003"
OIL, SUGAR, MILK, FISH = CommodityId(11), CommodityId(12), CommodityId(13), CommodityId(14)
_KINDS = ((OIL, "Minyak goreng", "l"), (SUGAR, "Gula", "kg"), (MILK, "Susu", "kotak"), (FISH, "Ikan", "kg"))
CIGARETTES = product(31, CommodityId(31), "Rokok filter", "bungkus", 28_000, barcode="8990000000310")
GOODS: tuple[Product, ...] = (
    product(11, OIL, "Minyak goreng 1 liter", "botol", 18_000, barcode="8990000000112"),
    product(12, OIL, "Minyak goreng 2 liter", "botol", 35_000),
    product(13, SUGAR, "Gula pasir", "kg", 17_500, step=Thousandths(500)),
    product(14, MILK, "Susu UHT 200 ml", "kotak", 6_500),
    product(15, FISH, "Ikan layang segar", "kg", 38_000, step=Thousandths(250)),
    product(16, RICE, "Beras Mayas 10 kg", "karung", 149_000, contents=Thousandths(10_000)),
    product(17, FISH, "Ikan asin", "kg", 62_000, step=Thousandths(250)),
    product(18, SUGAR, "Gula merah", "kg", 24_000, step=Thousandths(500)),
)


@dataclass(slots=True)
class Counter:
    """A window on an outlet, with the threads and stores behind it."""

    outlet: Outlet
    desk: Desk
    bridge: Bridge
    window: MainWindow
    prints: SqlitePrints
    synced: list[int]
    closed: bool = False

    def scan(self, payload: str, source: Source = Source.SERIAL) -> None:
        """Let a reader's thread report a code."""
        self.bridge.on_scan(Scan(payload, source, "code128", self.desk.till.clock.monotonic_ms()))

    def close(self) -> None:
        """Shut the window and the writer; the stores stay open."""
        if not self.closed:
            self.closed = True
            self.window.close()
            self.desk.writer.stop()
            self.window.deleteLater()


def furnish(outlet: Outlet) -> None:
    """Give an outlet people with PINs, more goods, and stock of them."""
    since = date(2026, 1, 1)
    kinds = [docs.Commodity(id=key, name=name, unit=unit) for key, name, unit in _KINDS]
    allowed = [docs.Allowance(program_id=FOOD, commodity_id=key, from_day=since) for key, _, _ in _KINDS]
    upcoming = docs.Cycle(
        id=7, program_id=FOOD, months=(BenefitMonth("2026-12"),), published=False, released_on=date(2026, 12, 16)
    )
    retired = [docs.Staff(id=StaffId(n), name="-", role=docs.Role.CASHIER, pin_hash="", active=False) for n in (1, 2)]
    tobacco = docs.Commodity(id=CommodityId(31), name="Rokok", unit="bungkus")
    outlet.take_in((*kinds, *allowed, upcoming, CASHIER, MANAGER, *retired, tobacco, CIGARETTES, *GOODS))
    lines = tuple(
        entries.ReceiptLine(product=p.id, stated=q, weighed=q, accepted=q)
        for p, q in zip(
            (*GOODS, CIGARETTES),
            map(Thousandths, (60_000, 24_000, 40_000, 200_000, 12_500, 18_000, 0, 9_500, 5_000)),
            strict=True,
        )
        if q
    )
    outlet.journal.append(
        entries.GoodsReceipt(
            at=outlet.till.now_ms(), day=TODAY, by=MANAGER.id, delivery_note_no="SJ-2", supplier="Bulog", lines=lines
        )
    )


def family_with_rapel(outlet: Outlet, number: int = 1) -> str:
    """Take in a family with two open months and one used up; return its card number."""
    digits = outlet.family(
        number,
        national_id_hash=keyed_hash(CITY_KEY, "nik", NIK) if number == 1 else "",
        national_id_last4=NIK[-4:],
    )
    outlet.entitle("2026-10", family=number, expires_on=date(2026, 12, 31))
    outlet.entitle("2026-11", family=number, fund=BAZNAS, expires_on=date(2027, 1, 31))
    return digits


def open_counter(
    outlet: Outlet,
    *,
    language: str = "id",
    signed_in: docs.Staff | None = CASHIER,
    demo: bool = False,
    theme: Theme = LIGHT,
    clock_ns: Callable[[], int] = lambda: 0,
    printers: PrinterDesk | None = None,
    ask_share: Callable[[CardToken, Callable[[str], None]], None] | None = None,
) -> Counter:
    """Open the window on an outlet."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    dress(application, theme)
    texts = Texts(language)
    till = replace(outlet.till, identity=replace(outlet.till.identity, is_demo=demo))
    outbox, prints = SqliteOutbox(outlet.journal_file), SqlitePrints(outlet.journal_file)
    papers = ReportPapers(Papers(till, texts, lambda _: bytes(64), lambda: outbox.acked()[0]))
    writer = Worker("writer")
    bridge = Bridge(writer)
    synced: list[int] = []

    def render(kind: PrintKind, seq: int, copy: int) -> object:
        return papers.paper(kind, seq, copy, 42)

    desk = Desk(
        till=till,
        texts=texts,
        writer=writer,
        pins=PinGate(till),
        render=render,  # type: ignore[arg-type]
        qr_matrix=qr_modules,
        print_states=prints.states,
        answer_unknown_print=lambda seq, came: prints.answer_unknown(seq, came_out=came) and None,
        unknown_prints=lambda: tuple(PrintRequest(PrintKind(job.kind), job.ref, job.copy) for job in prints.unknown()),
        printers=printers,
        sync_status=outbox.status,
        office_said=outbox.verdict_of,
        sync_now=lambda: synced.append(1),
        verify=lambda: (verify(outlet.journal_file).is_clean, "Jurnal utuh."),
        versions=(("kube-pos", "0.1.0"), ("Python", "3.11")),
        folder=str(outlet.folder),
        session=Session(signed_in) if signed_in else None,
        paint_clock=clock_ns,
        ask_share=ask_share,
    )
    writer.start()
    window = MainWindow(desk, bridge, theme)
    return Counter(outlet, desk, bridge, window, prints, synced)


def settle(counter: Counter, until: Callable[[], bool] = lambda: True, most_ms: int = 3000) -> None:
    """Let the writer finish what it was given, and the window take it in."""
    finished: list[bool] = []
    counter.bridge.run(lambda: None, lambda _: finished.append(True))
    deadline = QDeadlineTimer(most_ms)
    while not deadline.hasExpired() and not (finished and until()):
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
    for _ in range(3):
        QApplication.processEvents()


def show(counter: Counter, qtbot: QtBot) -> None:
    """Put the window on the (off-)screen and give it the keyboard."""
    counter.window.resize(1366, 768)
    with qtbot.waitExposed(counter.window):
        counter.window.show()
    counter.window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)


def press(counter: Counter, key: Qt.Key) -> None:
    """Press a key on the widget that has the focus."""
    QTest.keyClick(QApplication.focusWidget() or counter.window, key)
    settle(counter)


def shortcut(counter: Counter, key: Qt.Key) -> None:
    """Press a key as the window system does, so that shortcuts see it."""
    QTest.keyClick(counter.window.windowHandle(), key)
    settle(counter)


def type_in(text: str) -> None:
    """Type into the widget that has the focus."""
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClicks(target, text)


def scan(counter: Counter, payload: str) -> None:
    """Let a scanner report a code, and the window act on it."""
    counter.scan(payload)
    settle(counter)


def button(counter: Counter, key: str, **facts: str | int) -> QPushButton:
    """Return the one button on show that says a sentence."""
    name = counter.desk.texts.say(key, **facts)
    found = [b for b in counter.window.findChildren(QPushButton) if b.accessibleName() == name and b.isVisible()]
    assert len(found) == 1, name
    return found[0]


def touch(counter: Counter, control: QWidget) -> None:
    """Tap a control."""
    QTest.mouseClick(control, Qt.MouseButton.LeftButton)
    settle(counter)


def words_on(counter: Counter) -> str:
    """Return all words on labels on show."""
    return "\n".join(label.text() for label in counter.window.findChildren(QLabel) if label.isVisible())


def banner(counter: Counter) -> str:
    """Return what the banner says."""
    return counter.window.context.banner.text


def entries_of(counter: Counter, kind: type[entries.Entry]) -> list[entries.Entry]:
    """Return the journal's entries of a kind."""
    last = counter.outlet.journal.head()[0]
    stored = [counter.outlet.journal.entry(seq) for seq in range(1, last + 1)]
    return [found.entry for found in stored if found is not None and isinstance(found.entry, kind)]
