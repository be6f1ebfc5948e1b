"""The window's frame: rail, pages, banner, foot. What happens on a page stands in the page's own file."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from kube_pos.devices.ports import DeviceState, DeviceStatus, Frame, Scan, Source
from kube_pos.operations.signing_in import sign_out
from kube_pos.operations.till import Session
from kube_pos.ui import device_words
from kube_pos.ui.banner import Banner, Tone
from kube_pos.ui.bridge import Bridge, SyncNews
from kube_pos.ui.closing_page import ClosingPage
from kube_pos.ui.context import Context, Shift
from kube_pos.ui.desk import Desk
from kube_pos.ui.devices_page import DevicesPage
from kube_pos.ui.foot import Foot
from kube_pos.ui.help_page import HelpPage
from kube_pos.ui.kasir_done import DonePanel
from kube_pos.ui.kasir_page import KasirPage
from kube_pos.ui.print_question import PrintQuestion
from kube_pos.ui.rail import Rail
from kube_pos.ui.riwayat_page import RiwayatPage
from kube_pos.ui.sign_in_page import SignInPage
from kube_pos.ui.stock_page import StockPage
from kube_pos.ui.sync_page import SyncPage
from kube_pos.ui.theme import LIGHT, Theme

REFRESH_MS = 5_000
SOON_MS = 250
"""How long after a write the foot is read again: several writes of one visit make one reading."""
LOCK_AFTER_MS = 15 * 60_000
"""So long without a key, a touch or a scan, and the till locks itself; a demo never does."""


class MainWindow(QMainWindow):
    """The till's only window."""

    decision_painted = Signal(object)
    """Nanoseconds from a code's arrival on the main thread to its decision on the screen, for measuring."""

    def __init__(self, desk: Desk, bridge: Bridge, theme: Theme = LIGHT) -> None:
        """Build the pages; whoever is given in `desk.session` is at work at once."""
        super().__init__()
        self._banner = Banner(theme, desk.texts.say("ui.action.close"))
        self._context = context = Context(desk, bridge, theme, self._banner, Shift())
        self.setWindowTitle(context.say("window.title"))
        self.resize(1366, 768)
        self._sign_in = SignInPage(context)
        self._kasir = KasirPage(context)
        self._devices = DevicesPage(context)
        self._stock = StockPage(context)
        self._sync = SyncPage(context)
        self._pages: dict[
            str, KasirPage | RiwayatPage | StockPage | ClosingPage | SyncPage | DevicesPage | HelpPage
        ] = {
            "kasir": self._kasir,
            "riwayat": RiwayatPage(context),
            "stok": self._stock,
            "tutup": ClosingPage(context),
            "sinkron": self._sync,
            "perangkat": self._devices,
            "bantuan": HelpPage(context),
        }
        self._print_question = PrintQuestion(context)
        self._rail = Rail(context, self)
        self._foot = Foot(context)
        self._place = "kasir"
        self._lay_out()
        self._wire()
        if desk.session is not None:
            self._admit(desk.session)
        else:
            self.lock()

    @property
    def context(self) -> Context:
        """Return what the pages work with."""
        return self._context

    @property
    def place(self) -> str:
        """Return the name of the page that is open; `masuk` while the till is locked."""
        return self._place if self._context.shift.session is not None else "masuk"

    def open_page(self, name: str) -> None:
        """Open a page; nothing happens while the till is locked."""
        if self._context.shift.session is None:
            return
        self._place = name
        page = self._pages[name]
        self._stack.setCurrentWidget(page)
        self._rail.show_place(name)
        page.begin()

    def page(self, name: str) -> QWidget:
        """Return a page by its name."""
        return self._sign_in if name == "masuk" else self._pages[name]

    def lock(self) -> None:
        """Shut the pages until someone signs in; an open basket stays as it is."""
        session = self._context.shift.session
        self._context.shift.end()
        self._banner.clear()
        self._rail.hide()
        self._stack.setCurrentWidget(self._sign_in)
        self._sign_in.begin()
        self._foot.refresh()
        if session is not None:
            till = self._context.desk.till
            self._context.bridge.run(lambda: sign_out(till, session), lambda _: None)

    def showEvent(self, event: QShowEvent) -> None:
        """Watch the window itself for signs of life: there every key and touch passes once."""
        super().showEvent(event)
        self.windowHandle().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Start the lock's time again whenever someone does something."""
        if event.type() in {QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin}:
            self._idle.start()
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the timers; the basket is on disk already."""
        self._tick.stop()
        self._idle.stop()
        self._soon.stop()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        centre = QWidget()
        centre.setObjectName("page")
        outer = QVBoxLayout(centre)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        if self._context.desk.till.identity.is_demo:
            outer.addWidget(_demo_band(self._context))
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self._rail)
        column = QVBoxLayout()
        column.setSpacing(0)
        self._stack = QStackedWidget()
        for page in (self._sign_in, *self._pages.values()):
            self._stack.addWidget(page)
        column.addWidget(self._banner)
        column.addWidget(self._stack, 1)
        middle.addLayout(column, 1)
        outer.addLayout(middle, 1)
        outer.addWidget(self._foot)
        self.setCentralWidget(centre)

    def _wire(self) -> None:
        bridge = self._context.bridge
        bridge.scan.connect(self._take_scan)
        bridge.device_status.connect(self._take_status)
        bridge.frame.connect(self._take_frame)
        bridge.sync_state.connect(self._take_sync)
        bridge.print_job.connect(self._refresh)
        bridge.print_job.connect(self._ask_about_prints)
        bridge.failed.connect(self._fail)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self._foot.refresh)
        bridge.delivered.connect(self._soon.start)
        self._rail.chosen.connect(self.open_page)
        self._foot.place_wanted.connect(self.open_page)
        self._foot.lock_wanted.connect(self.lock)
        self._sign_in.signed_in.connect(self._admit)
        self._kasir.decision_painted.connect(self.decision_painted)
        self._tick = QTimer(self)
        self._tick.timeout.connect(self._foot.refresh)
        self._tick.start(REFRESH_MS)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(LOCK_AFTER_MS)
        self._idle.timeout.connect(self._lock_when_idle)
        self._idle.start()

    def _admit(self, session: Session) -> None:
        self._context.shift.begin(session)
        self._banner.clear()
        self._rail.show()
        self._foot.refresh()
        self.open_page("kasir")
        self._kasir.resume()
        self._ask_about_prints()

    def _lock_when_idle(self) -> None:
        if not self._context.desk.till.identity.is_demo and self._context.shift.session is not None:
            self.lock()

    def _take_scan(self, scan: Scan) -> None:
        self._idle.start()
        if self._context.shift.session is None:
            self._context.tell(Tone.INFO, self._context.say("sign_in.first"))
        elif self._place == "perangkat":
            self._devices.take_scan(scan)
        elif not (self._place == "stok" and self._stock.take_code(scan.payload)):
            if self._place != "kasir":
                self.open_page("kasir")
            self._kasir.take_code(scan.payload, manual=scan.source is Source.TYPED)

    def _take_status(self, status: DeviceStatus) -> None:
        self._foot.show_status(status)
        self._devices.show_status(status)
        is_printer = status.device.startswith("printer")
        if is_printer and status.state in {DeviceState.ATTENTION, DeviceState.LOST} and self.place != "masuk":
            # Said before the next sale, not when its receipt does not come.
            self._context.tell(Tone.WARN, device_words.sentence(self._context.texts, status))

    def _ask_about_prints(self) -> None:
        panel = self._kasir.state if self._place == "kasir" else None
        self._print_question.look(panel.seq if isinstance(panel, DonePanel) else 0)

    def _fail(self, error: Exception) -> None:
        self._context.fail(error)

    def _take_sync(self, news: SyncNews) -> None:
        self._foot.hear_sync(news)
        self._sync.hear_sync(news)
        self._refresh()

    def _take_frame(self, frame: Frame) -> None:
        if self._place == "perangkat":
            self._devices.show_frame(frame)
        else:
            self._kasir.show_frame(frame)

    def _refresh(self) -> None:
        self._foot.refresh()
        page = self._pages[self._place]
        if self._context.shift.session is not None and not isinstance(page, HelpPage | DevicesPage | StockPage):
            page.refresh()


def _demo_band(context: Context) -> QLabel:
    band = QLabel(context.say("window.demo"))
    band.setObjectName("demo")
    band.setAlignment(Qt.AlignmentFlag.AlignCenter)
    band.setFixedHeight(38)
    return band
