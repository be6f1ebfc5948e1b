"""The composition root of the window: builds the engine and the window, and joins them through the bridge."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import PySide6
import sqlcipher3.dbapi2 as sqlcipher
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from kube_pos.background import Worker
from kube_pos.clock import Clock
from kube_pos.devices.document import PrintDocument
from kube_pos.devices.zxing import qr_modules
from kube_pos.engine import Engine, Listeners
from kube_pos.enrolment import program_version
from kube_pos.folder import TillFolder
from kube_pos.health import health, support_bundle
from kube_pos.operations.till import Session
from kube_pos.texts import Texts
from kube_pos.ui.application import make_application
from kube_pos.ui.banner import Tone
from kube_pos.ui.bridge import Bridge, install_excepthook
from kube_pos.ui.desk import Desk
from kube_pos.ui.main_window import MainWindow
from kube_pos.ui.wedge_filter import WedgeFilter


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A till with its window, built."""

    application: QApplication
    engine: Engine
    bridge: Bridge
    window: MainWindow
    wedge: WedgeFilter

    def close(self) -> None:
        """Close the window and stop the engine."""
        self.window.close()
        self.engine.stop()


def run_window(folder: TillFolder, texts: Texts, clock: Clock, session: Session | None) -> int:
    """Open the till's window and return when it is closed. Raises NotEnrolled and DeviceSettingWrong."""
    opened = open_window(folder, texts, clock, session)
    try:
        return int(opened.application.exec())
    finally:
        opened.close()


def open_and_close(folder: TillFolder, texts: Texts, clock: Clock) -> int:
    """Open the till's window and close it once it was painted: a new version shows that it starts.

    The engine is built and never started. Its data may be put back afterwards, and no print, no word to the office and
    no mark could be: what waits would be printed twice, and a share that was given back would be spent.
    """
    opened = _build(folder, texts, clock, None)
    QTimer.singleShot(0, opened.window, opened.application.quit)
    code = int(opened.application.exec())
    opened.window.close()
    return code


def open_window(
    folder: TillFolder,
    texts: Texts,
    clock: Clock,
    session: Session | None,
    on_ready: Callable[[], None] | None = None,
) -> OpenWindow:
    """Build the till and show its window; the devices start after the first paint, then `on_ready` is called."""
    opened = _build(folder, texts, clock, session)

    def start() -> None:
        opened.engine.start()
        if on_ready is not None:
            on_ready()

    # A turn of the event loop later: the window is on the screen before the first device is opened.
    QTimer.singleShot(0, opened.window, start)
    return opened


def _build(folder: TillFolder, texts: Texts, clock: Clock, session: Session | None) -> OpenWindow:
    application = make_application(sys.argv[:1])
    writer = Worker("writer")
    bridge = Bridge(writer)
    engine = Engine(folder, texts, clock, writer, _listeners(bridge))
    install_excepthook(bridge)
    window = MainWindow(_desk(engine, session), bridge)
    wedge = WedgeFilter(engine.supervisor.scanned, clock)
    wedge.watch_all(application)
    wedge.input_method_seen.connect(lambda: window.context.tell(Tone.WARN, window.context.say("readers.input_method")))
    engine.readers.attach(wedge)
    window.showMaximized()
    return OpenWindow(application, engine, bridge, window, wedge)


def _listeners(bridge: Bridge) -> Listeners:
    return Listeners(
        on_scan=bridge.on_scan,
        on_device=bridge.on_status,
        on_frame=bridge.on_frame,
        on_sync=bridge.on_sync,
        on_print=bridge.on_print_job,
        on_document=_on_paper,
    )


def _on_paper(_: PrintDocument) -> None:
    """Nothing more is to do for the screen printer: the page shows the paper from the entry itself."""


def _desk(engine: Engine, session: Session | None) -> Desk:
    return Desk(
        till=engine.till,
        texts=engine.texts,
        writer=engine.writer,
        pins=engine.pins,
        render=engine.document,
        qr_matrix=qr_modules,
        print_states=engine.prints.states,
        answer_unknown_print=engine.answer_unknown_print,
        unknown_prints=engine.unknown_prints,
        printers=engine.printing,
        readers=engine.readers,
        sync_status=engine.sync_status,
        office_said=engine.outbox.verdict_of,
        sync_now=engine.sync_now,
        verify=engine.verify,
        versions=versions(),
        folder=str(engine.folder.path),
        session=session,
        paint_clock=time.perf_counter_ns,
        backup=engine.backup_sentence,
        ask_share=engine.shares.ask,
        health=lambda: health(engine),
        support=lambda: support_bundle(engine, versions()),
    )


def versions() -> tuple[tuple[str, str], ...]:
    """Return the versions that a technician asks for."""
    return (
        ("kube-pos", program_version()),
        ("Python", platform.python_version()),
        ("Qt", PySide6.__version__),
        ("SQLite", sqlcipher.sqlite_version),
        ("OS", platform.platform()),
    )
