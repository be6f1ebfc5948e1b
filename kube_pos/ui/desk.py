"""What the window is given by the program's composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kube_pos.background import Worker
from kube_pos.devices.document import PrintDocument
from kube_pos.devices.ports import FoundPrinter, PrinterChoice
from kube_pos.errors import KubePosError
from kube_pos.ledger.ids import CardToken
from kube_pos.ledger.ports import PrintKind, PrintRequest, SyncStatus
from kube_pos.operations.signing_in import PinGate
from kube_pos.operations.till import Session, Till
from kube_pos.texts import Texts
from kube_pos.ui.reader_desk import ReaderDesk


class PrinterDesk(Protocol):
    """The printers, as setting them up needs it. What takes time answers by a callback, on another thread."""

    def find(self, said: Callable[[tuple[FoundPrinter, ...]], None]) -> None:
        """Look for printers."""
        ...

    def choice(self, place: str) -> PrinterChoice:
        """Return what is chosen for `printer` or `printer_2`."""
        ...

    def try_out(self, choice: PrinterChoice, said: Callable[[str], None]) -> None:
        """Print the test page; the answer is `confirmed`, `sent`, or the detail of what went wrong."""
        ...

    def choose(self, place: str, choice: PrinterChoice, said: Callable[[KubePosError | None], None]) -> None:
        """Take a printer into use and into the settings; the answer is the error, None when done."""
        ...

    def advice(self, spec: str) -> str:
        """Return the line that lets this computer use a USB printer; empty for another."""
        ...


def _no_backup() -> str:
    return ""


def _no_unknown() -> tuple[PrintRequest, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Desk:
    """The till behind the window, as functions and ports; the window knows no store, driver or network."""

    till: Till
    """Its operations on the main thread: short reads only."""
    texts: Texts
    writer: Worker
    """All writes go here."""
    pins: PinGate
    render: Callable[[PrintKind, int, int], PrintDocument]
    """Kind, number of the entry, copy: what was or will be printed. A short read."""
    qr_matrix: Callable[[str], tuple[tuple[bool, ...], ...]]
    """The modules of a QR code, row by row, without a margin."""
    print_states: Callable[[int], tuple[str, ...]]
    """The states of an entry's print jobs, oldest first: pending, sending, sent, confirmed, unknown, failed_clean."""
    answer_unknown_print: Callable[[int, bool], None]
    """Number of the entry, and whether its paper came out. On the writer's thread."""
    sync_status: Callable[[], SyncStatus]
    """A short read."""
    office_said: Callable[[int], tuple[str, ...] | None]
    """The office's codes for an entry: empty when it was simply taken, None before it answered. A short read."""
    sync_now: Callable[[], None]
    verify: Callable[[], tuple[bool, str]]
    """Verify the journal, on the writer's thread: whether it is whole, and a sentence."""
    versions: tuple[tuple[str, str], ...]
    folder: str
    session: Session | None
    """Who is signed in from the start; the demo signs a cashier in by itself."""
    paint_clock: Callable[[], int]
    """Nanoseconds that never go back, for measuring."""
    ask_share: Callable[[CardToken, Callable[[str], None]], None] | None = None
    """Ask the office for a family's share; how it goes comes back as keys of `share.<key>`, on another thread."""
    unknown_prints: Callable[[], tuple[PrintRequest, ...]] = _no_unknown
    """The prints of which nobody knows whether they came out, oldest first. A short read."""
    backup: Callable[[], str] = _no_backup
    """How old the newest backup is, in words; empty where there is none to speak of. A short read."""
    health: Callable[[], tuple[tuple[bool, str], ...]] | None = None
    """What is well and what is not, each as a sentence; on the writer's thread."""
    support: Callable[[], str] | None = None
    """Write the support bundle, on the writer's thread; return where it lies."""
    printers: PrinterDesk | None = None
    """Setting up printers; None where there is nothing to set up."""
    readers: ReaderDesk | None = None
    """Setting up scanners and the camera; None where there is nothing to set up."""
