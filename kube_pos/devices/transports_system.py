"""Ways to a printer through the system: CUPS (`lp`) and the Windows spooler. Neither hears from the printer.

The second was written from manuals and error reports: no Windows was at hand.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

from kube_pos.devices.conversation import Delivery, Look, Terms
from kube_pos.devices.ports import FoundPrinter, PrinterError

_LOOK_S = 5.0


class LpTransport:
    """A printer queue of CUPS, given the bytes raw by the `lp` command."""

    def __init__(self, name: str, command: tuple[str, ...] = ("lp",), timeout_s: float = 30.0) -> None:
        """Keep the name of the queue."""
        self._arguments = [*command, "-d", name, "-o", "raw", "-s"]
        self._name = name
        self._timeout_s = timeout_s

    def send(self, data: bytes, terms: Terms) -> Delivery:
        """Hand the job to CUPS. Never confirmed: CUPS knows of the queue, not of the paper."""
        del terms  # CUPS takes the job as a whole
        try:
            done = subprocess.run(  # noqa: S603 -- our own words and a queue's name, no shell
                self._arguments,
                input=data,
                timeout=self._timeout_s,
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except FileNotFoundError as cause:
            raise PrinterError("printer_no_cups", clean=True) from cause
        except subprocess.TimeoutExpired as cause:
            raise PrinterError("printer_stalled", clean=False) from cause
        except OSError as cause:
            raise PrinterError("printer_broke_off", clean=False) from cause
        if done.returncode != 0:
            # `lp` takes a job as a whole or not at all.
            raise PrinterError("printer_queue_refused", clean=True)
        return Delivery()

    def look(self, *, asks: bool) -> Look:
        """Ask CUPS whether it has the queue and gives jobs on; a system without `lpstat` is taken as well."""
        del asks  # CUPS knows of no paper
        state = _lpstat("-p", self._name)
        if state is None:
            return Look()
        if not state:
            raise PrinterError("printer_queue_refused", clean=True)
        if "disabled" in state:
            raise PrinterError("printer_queue_stopped", clean=True)
        return Look()


def find_queues() -> list[FoundPrinter]:
    """Return the printer queues of CUPS, or of the Windows spooler."""
    if sys.platform == "win32":
        return [FoundPrinter("windows", f"windows:{name}", name) for name in _spooled_printers()]
    names = [line.split()[0] for line in (_lpstat("-e") or "").splitlines() if line.strip()]
    return [FoundPrinter("lp", f"lp:{name}", name) for name in names]


def _lpstat(*words: str) -> str | None:
    """Return what `lpstat` says in English, empty when it fails, None when there is none."""
    try:
        done = subprocess.run(  # noqa: S603 -- our own words and a queue's name, no shell
            ["lpstat", *words],  # noqa: S607 -- found where the system keeps it
            timeout=_LOOK_S,
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        return None
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


class _DocInfo(ctypes.Structure):
    """The structure DOC_INFO_1W of the Windows spooler."""

    _fields_ = (
        ("pDocName", ctypes.c_wchar_p),
        ("pOutputFile", ctypes.c_wchar_p),
        ("pDatatype", ctypes.c_wchar_p),
    )


class WindowsTransport:
    """A printer of the Windows spooler, given the bytes RAW."""

    def __init__(self, name: str) -> None:
        """Keep the printer's name as Windows shows it."""
        self._name = name

    def send(self, data: bytes, terms: Terms) -> Delivery:
        """Hand the job to the spooler. Never confirmed."""
        del terms  # the spooler takes the job as a whole
        _spool(self._name, data)
        return Delivery()

    def look(self, *, asks: bool) -> Look:
        """Tell whether the spooler knows the printer."""
        del asks  # the spooler says «ready» of a printer with its lid open
        _find_spooled(self._name)
        return Look()


if sys.platform == "win32":

    class _PrinterInfo(ctypes.Structure):
        """The structure PRINTER_INFO_4W of the Windows spooler."""

        _fields_ = (
            ("pPrinterName", ctypes.c_wchar_p),
            ("pServerName", ctypes.c_wchar_p),
            ("Attributes", ctypes.c_ulong),
        )

    def _spooled_printers() -> list[str]:
        spooler = ctypes.WinDLL("winspool.drv")
        local_and_shared, level = 2 | 4, 4
        needed, count = ctypes.c_ulong(), ctypes.c_ulong()
        asked = (local_and_shared, None, level)
        spooler.EnumPrintersW(*asked, None, 0, ctypes.byref(needed), ctypes.byref(count))
        room = ctypes.create_string_buffer(needed.value or 1)
        if not spooler.EnumPrintersW(*asked, room, needed, ctypes.byref(needed), ctypes.byref(count)):
            return []
        listed = ctypes.cast(room, ctypes.POINTER(_PrinterInfo))
        return [str(listed[place].pPrinterName) for place in range(count.value)]

    def _find_spooled(name: str) -> None:
        spooler = ctypes.WinDLL("winspool.drv")
        handle = ctypes.c_void_p()
        if not spooler.OpenPrinterW(name, ctypes.byref(handle), None):
            raise PrinterError("printer_not_found", clean=True)
        spooler.ClosePrinter(handle)

    def _spool(name: str, data: bytes) -> None:
        spooler = ctypes.WinDLL("winspool.drv")
        handle = ctypes.c_void_p()
        if not spooler.OpenPrinterW(name, ctypes.byref(handle), None):
            raise PrinterError("printer_not_found", clean=True)
        try:
            info = _DocInfo("kube-pos", None, "RAW")
            if not spooler.StartDocPrinterW(handle, 1, ctypes.byref(info)):
                raise PrinterError("printer_queue_refused", clean=True)
            written = ctypes.c_ulong()
            took = spooler.WritePrinter(handle, data, len(data), ctypes.byref(written))
            spooler.EndDocPrinter(handle)
            if not took or written.value != len(data):
                raise PrinterError("printer_broke_off", clean=written.value == 0)
        finally:
            spooler.ClosePrinter(handle)

else:

    def _spooled_printers() -> list[str]:
        return []

    def _find_spooled(name: str) -> None:  # noqa: ARG001 -- the same words as on Windows
        raise PrinterError("printer_windows_only", clean=True)

    def _spool(name: str, data: bytes) -> None:  # noqa: ARG001 -- the same words as on Windows
        raise PrinterError("printer_windows_only", clean=True)
