"""The till's printers: which there are, which print comes out where, trying one out and choosing another.

Part of the composition root. A second printer is for slips and reports, or stands in while the first can't print.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kube_pos.devices.document import PrintDocument
from kube_pos.devices.ports import (
    DeviceState,
    DeviceStatus,
    FoundPrinter,
    Printed,
    Printer,
    PrinterChoice,
    PrinterError,
    PrintTerms,
)
from kube_pos.devices.print_queue import JobState, PrintJob, PrintQueue, QueueCallbacks, QueueTimes, Render
from kube_pos.devices.printer_finder import find_printers, udev_rule
from kube_pos.devices.registry import (
    FORM_WRONG,
    DeviceContext,
    DeviceSettings,
    DeviceSettingWrong,
    build_printer,
    trial_printer,
)
from kube_pos.devices.supervisor import Supervisor
from kube_pos.devices.watchdog import Hung, Watchdog
from kube_pos.errors import KubePosError
from kube_pos.ledger.ports import PrintKind
from kube_pos.ledger.sqlite_queues import QueuedPrint, SqlitePrints, StoredPrintState
from kube_pos.settings import Settings, save

FIRST, SECOND = "printer", "printer_2"
SLIPS = tuple(kind.value for kind in PrintKind if kind is not PrintKind.RECEIPT)
_TRIAL_HANGS_S = 45.0
_LOG = logging.getLogger(__name__)


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class PrintJobs:
    """The ledger's prints as one printer's queue expects them."""

    prints: SqlitePrints
    printer: str = FIRST
    others: tuple[str, ...] = ()
    """The printers that work at the same time."""
    kinds: tuple[str, ...] = ()
    """What comes out here; empty: everything."""
    is_wanted: Callable[[], bool] = _always
    """Whether this printer is to print now; a spare one is not while the first can."""

    def next_pending(self) -> PrintJob | None:
        """Return the oldest job of this printer of which not a byte has left."""
        job = self.prints.next_pending(self.kinds) if self.is_wanted() else None
        return _job(job) if job else None

    def claim(self, job_id: int) -> bool:
        """Write SENDING, durably; False when the other printer was faster."""
        return self.prints.claim(job_id, self.printer)

    def mark(self, job_id: int, state: JobState, detail: str = "") -> None:
        """Write a job's state, durably."""
        self.prints.mark(job_id, StoredPrintState[state.name], detail)

    def recover(self) -> list[PrintJob]:
        """Turn this printer's jobs found in SENDING into UNKNOWN and return them."""
        return [_job(job) for job in self.prints.recover(self.others)]


def _job(stored: QueuedPrint) -> PrintJob:
    return PrintJob(stored.id, stored.kind, stored.ref, stored.copy)


@dataclass(frozen=True, slots=True)
class PrintingParts:
    """What printing needs of the rest of the till."""

    prints: SqlitePrints
    render: Render
    context: DeviceContext
    supervisor: Supervisor
    on_print: Callable[[int], None]
    test_page: Callable[[], PrintDocument]
    settings_file: Path
    times: QueueTimes | None = None


class Printing:
    """Owns the print queues; every act that can take seconds runs on a thread of its own and answers by callback."""

    def __init__(self, parts: PrintingParts, settings: Settings) -> None:
        """Build the queues that the settings name; raises DeviceSettingWrong."""
        self._parts = parts
        self._settings = settings
        self._queues = self._build(settings)
        self._busy = threading.Lock()

    @property
    def settings(self) -> Settings:
        """Return the settings as they are now."""
        return self._settings

    @property
    def queues(self) -> tuple[PrintQueue, ...]:
        """Return the queues, one a printer, for the supervisor."""
        return self._queues

    def wake(self) -> None:
        """Look for prints now. Returns at once."""
        for queue in self._queues:
            queue.wake()

    def choice(self, place: str) -> PrinterChoice:
        """Return what is chosen for `printer` or `printer_2`."""
        settings = self._settings
        if place == SECOND:
            return PrinterChoice(settings.printer_2, settings.printer_2_columns, settings.printer_2_use)
        return PrinterChoice(settings.printer, settings.printer_columns)

    def find(self, said: Callable[[tuple[FoundPrinter, ...]], None]) -> None:
        """Look for printers; `said` is called on another thread."""
        self._in_background(lambda: said(find_printers()))

    def advice(self, spec: str) -> str:
        """Return the udev rule that a USB printer needs on Linux; empty for another."""
        return udev_rule(spec)

    def try_out(self, choice: PrinterChoice, said: Callable[[str], None]) -> None:
        """Print the test page on a printer that is not chosen yet; `said` gets `confirmed`, `sent` or a detail."""
        self._in_background(lambda: said(self._try(choice)))

    def choose(self, place: str, choice: PrinterChoice, said: Callable[[KubePosError | None], None]) -> None:
        """Take a printer into the settings and into use, without a restart; `said` gets the error, None when done."""
        self._in_background(lambda: said(self._choose(place, choice)))

    def keep(self, change: Callable[[Settings], Settings]) -> KubePosError | None:
        """Change other settings than the printers' in the one file that there is; return the error, None when done."""
        with self._busy:
            settings = change(self._settings)
            try:
                save(self._parts.settings_file, settings)
            except OSError as error:
                return SettingsNotSaved(path=str(self._parts.settings_file), reason=error.strerror or "")
            self._settings = settings
        return None

    def _in_background(self, act: Callable[[], None]) -> None:
        threading.Thread(target=act, name="printer-set-up", daemon=True).start()

    def _try(self, choice: PrinterChoice) -> str:
        parts = self._parts
        outcome: list[str] = []
        with self._busy:
            # One owner a printer: the queue lets it go while it is tried out.
            parts.supervisor.take_queues(())
            ended = threading.Event()

            def give_up(_: str | None) -> None:
                ended.set()

            def act() -> None:
                try:
                    outcome.append(self._print_test_page(choice, Watchdog(_TRIAL_HANGS_S, give_up)))
                except Hung:
                    _LOG.warning("a printer that hung in its trial came back")
                ended.set()

            self._in_background(act)
            ended.wait()
            parts.supervisor.take_queues(self._queues)
        return outcome[0] if outcome else "printer_hung"

    def _print_test_page(self, choice: PrinterChoice, watchdog: Watchdog[str]) -> str:
        try:
            printer = trial_printer(DeviceSettings(printer=choice.spec, columns=choice.columns), self._parts.context)

            def send(goes_on: Callable[[], bool]) -> Printed:
                return printer.print(self._parts.test_page(), PrintTerms(goes_on=goes_on))

            printed = watchdog.watch(send, choice.spec)
        except PrinterError as error:
            return error.detail
        except DeviceSettingWrong:
            return FORM_WRONG
        return "confirmed" if printed.confirmed else "sent"

    def _choose(self, place: str, choice: PrinterChoice) -> KubePosError | None:
        with self._busy:
            settings = _with(self._settings, place, choice)
            try:
                queues = self._build(settings)
                save(self._parts.settings_file, settings)
            except KubePosError as error:
                return error
            except OSError as error:
                return SettingsNotSaved(path=str(self._parts.settings_file), reason=error.strerror or "")
            self._settings = settings
            self._queues = queues
            self._parts.supervisor.take_queues(queues)
        return None

    def _build(self, settings: Settings) -> tuple[PrintQueue, ...]:
        parts = self._parts
        first = build_printer(
            DeviceSettings(printer=settings.printer, columns=settings.printer_columns, model=settings.printer_model),
            parts.context,
        )
        # A print that did not fit on the paper there was may fit on what there is now.
        parts.prints.revive()
        if not settings.printer_2:
            return (self._queue(first, PrintJobs(parts.prints), parts.supervisor.told),)
        second = build_printer(
            DeviceSettings(
                printer=settings.printer_2, columns=settings.printer_2_columns, model=settings.printer_2_model
            ),
            parts.context,
        )
        is_spare = settings.printer_2_use == "spare"
        mine = () if is_spare else (PrintKind.RECEIPT.value,)
        made: list[PrintQueue] = []

        def told(status: DeviceStatus) -> None:
            parts.supervisor.told(status)
            if is_spare and status.state is not DeviceState.READY:
                made[1].wake()

        jobs = PrintJobs(parts.prints, FIRST, (SECOND,), mine)
        made.append(self._queue(first, jobs, told))
        wanted = (lambda: made[0].is_failing) if is_spare else _always
        jobs = PrintJobs(parts.prints, SECOND, (FIRST, ""), () if is_spare else SLIPS, wanted)
        made.append(self._queue(second, jobs, parts.supervisor.told))
        return tuple(made)

    def _queue(self, printer: Printer, jobs: PrintJobs, told: Callable[[DeviceStatus], None]) -> PrintQueue:
        parts = self._parts
        callbacks = QueueCallbacks(told, lambda job, _: parts.on_print(job.ref))
        return PrintQueue(printer, jobs, parts.render, callbacks, parts.times, jobs.printer)


class SettingsNotSaved(KubePosError):
    """The settings file can't be written. Facts: path, reason."""

    code = "settings_not_saved"


def _with(settings: Settings, place: str, choice: PrinterChoice) -> Settings:
    if place == SECOND:
        return msgspec.structs.replace(
            settings,
            printer_2=choice.spec,
            printer_2_columns=choice.columns,
            printer_2_model="",
            printer_2_use=choice.use or settings.printer_2_use,
        )
    return msgspec.structs.replace(
        settings, printer=choice.spec or "screen", printer_columns=choice.columns, printer_model=""
    )
