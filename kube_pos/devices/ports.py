"""What the rest of the program may expect of a device, and what a device says.

Readers and printers run on threads of their own and talk through plain callbacks, called on the device's thread; only
`ui/bridge.py` moves them to the main thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kube_pos.devices.document import PrintDocument


class Source(StrEnum):
    """Which kind of reader a code came from."""

    WEDGE = "wedge"
    SERIAL = "serial"
    CAMERA = "camera"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Scan:
    """One code that was read. `payload` may be an identifier: never log it. `at_ms` is the monotonic clock."""

    payload: str
    source: Source
    symbology: str
    at_ms: int


class DeviceState(StrEnum):
    """How a device is, as its lamp shows it."""

    OFF = "off"
    """Not set up, or switched off by the user."""
    STARTING = "starting"
    READY = "ready"
    ATTENTION = "attention"
    """Works, but wants something: focus, light, paper soon out."""
    LOST = "lost"
    """Was there and is gone, or does not answer; the driver keeps trying."""


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device's state with the code of its sentence (`device.<detail>` in texts) and the facts for it."""

    device: str
    """`scanner`, `camera` or `printer`."""
    state: DeviceState
    detail: str
    facts: tuple[tuple[str, str], ...] = ()


KEYBOARD_SCANNER = DeviceStatus("scanner", DeviceState.READY, "scanner_keyboard")
"""A scanner that types is a keyboard: there is nothing to open, and it is ready whenever the window is."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A camera picture for the preview: RGB, 3 bytes a pixel, rows without padding."""

    width: int
    height: int
    pixels: bytes
    hint: str = ""
    """Code of a hint to show (`camera_hint.<hint>` in texts): dark, bright, blurred, none when empty."""


OnScan = Callable[[Scan], None]
OnStatus = Callable[[DeviceStatus], None]
OnFrame = Callable[[Frame], None]


class Reader(Protocol):
    """A source of scans with a thread of its own."""

    def start(self) -> None:
        """Start the thread; opening failures are statuses, not exceptions."""
        ...

    def stop(self) -> None:
        """Stop the thread and release the device; returns within 3 seconds."""
        ...


class PrinterError(Exception):
    """A print that failed. `clean` tells that not a byte left; `detail` is a code as in DeviceStatus."""

    def __init__(self, detail: str, *, clean: bool) -> None:
        """Keep the code of the sentence and whether the paper is certainly untouched."""
        super().__init__(detail)
        self.detail = detail
        self.clean = clean


@dataclass(frozen=True, slots=True)
class FoundPrinter:
    """A printer that was found: of which kind, the text that settings name it by, and how the system calls it."""

    kind: str
    """`usb`, `serial`, `node`, `lp`, `windows` or `network`."""
    spec: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class PrinterChoice:
    """A printer as a technician chose it."""

    spec: str
    """As in the settings; empty: none."""
    columns: int
    use: str = ""
    """What a second printer is for: `slips` or `spare`."""


@dataclass(frozen=True, slots=True)
class PrintTerms:
    """How one document is to be sent."""

    after_break: bool = False
    """The document before may have stopped half-way: what lies in the printer is cleared first."""
    goes_on: Callable[[], bool] = lambda: True
    """Called between the steps of a print, as a sign of life; False: somebody else has given this print up."""


@dataclass(frozen=True, slots=True)
class Printed:
    """How a print ended well."""

    confirmed: bool
    """The printer said that it came to the end; False: all bytes left, and nobody can tell more."""
    warning: str = ""
    """A code as in DeviceStatus for what will soon stop the printer, such as paper running out."""


class Printer(Protocol):
    """A printer behind one transport. Called on the print queue's thread only."""

    @property
    def columns(self) -> int:
        """Return the columns of font A: 32, 42 or 48."""
        ...

    def print(self, document: PrintDocument, terms: PrintTerms) -> Printed:
        """Send a document to the end.

        Raises PrinterError; never blocks longer than its time-outs, unless a system call hangs.
        """
        ...

    def look(self) -> str:
        """Find out whether a print would work now, printing nothing; return a warning's code, empty when all is well.

        Raises PrinterError, always clean, when it would not.
        """
        ...
