"""Ways for a print job to reach the printer: network, file or device node, serial line.

A transport opens for each job and closes after it. Its error is `clean` only when not one byte was written: whoever
retries after that can't print twice. «Sent» never means «printed»: no transport here hears from the paper.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kube_pos.devices.ports import PrinterError
from kube_pos.devices.serial_port import PortNotFound, SerialLine, find_port

_CHUNK = 4096


class Transport(Protocol):
    """A way to a printer. Used on the print queue's thread only."""

    def send(self, data: bytes) -> bool:
        """Send one job to the end; return whether its arrival on paper is certain. Raises PrinterError."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a transport waits."""

    connect_s: float = 3.0
    write_s: float = 15.0
    drain_s: float = 2.0


class NetworkTransport:
    """A printer that listens on a TCP port, mostly 9100."""

    def __init__(self, host: str, port: int, patience: Patience | None = None) -> None:
        """Keep the address; an IP number is better than a name, which can take long to resolve."""
        self._address = (host, port)
        self._patience = patience or Patience()

    def send(self, data: bytes) -> bool:
        """Connect, write all, say that it was all, wait for the printer to close, close. Never confirmed."""
        try:
            connection = socket.create_connection(self._address, self._patience.connect_s)
        except OSError as cause:
            raise PrinterError("printer_unreachable", clean=True) from cause
        with connection:
            self._write(connection, data)
            self._drain(connection)
        return False

    def _write(self, connection: socket.socket, data: bytes) -> None:
        deadline = time.monotonic() + self._patience.write_s
        written = 0
        while written < len(data):
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                written += connection.send(data[written : written + _CHUNK])
            except TimeoutError as cause:
                raise PrinterError("printer_stalled", clean=written == 0) from cause
            except OSError as cause:
                raise PrinterError("printer_broke_off", clean=written == 0) from cause
            if time.monotonic() > deadline and written < len(data):
                raise PrinterError("printer_stalled", clean=False)

    def _drain(self, connection: socket.socket) -> None:
        # Closing with unread status bytes makes the kernel reset the connection, and the printer drop the job.
        deadline = time.monotonic() + self._patience.drain_s
        try:
            connection.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                connection.settimeout(left)
                if not connection.recv(_CHUNK):
                    return
        except TimeoutError:
            return
        except OSError as cause:
            raise PrinterError("printer_broke_off", clean=False) from cause


class FileTransport:
    """A file that collects jobs, or a device node such as `/dev/usb/lp0`."""

    def __init__(self, path: Path, patience: Patience | None = None) -> None:
        """Keep the path; a missing file is made, a missing device node is not."""
        self._path = path
        self._patience = patience or Patience()

    def send(self, data: bytes) -> bool:
        """Append all and close; a plain file confirms, for it is the paper."""
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        if not self._path.is_relative_to("/dev"):
            flags |= os.O_CREAT
        try:
            handle = os.open(self._path, flags, 0o600)
        except PermissionError as cause:
            raise PrinterError("printer_denied", clean=True) from cause
        except OSError as cause:
            raise PrinterError("printer_not_found", clean=True) from cause
        try:
            self._write(handle, data)
            is_file = stat.S_ISREG(os.fstat(handle).st_mode)
            if is_file:
                os.fsync(handle)
        except OSError as cause:
            raise PrinterError("printer_broke_off", clean=False) from cause
        finally:
            with suppress(OSError):
                os.close(handle)
        return is_file

    def _write(self, handle: int, data: bytes) -> None:
        deadline = time.monotonic() + self._patience.write_s
        written = 0
        while written < len(data):
            if os.name == "posix":
                ready = select.select([], [handle], [], max(0.0, deadline - time.monotonic()))[1]
                if not ready:
                    raise PrinterError("printer_stalled", clean=written == 0)
            try:
                written += os.write(handle, data[written : written + _CHUNK])
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise PrinterError("printer_stalled", clean=written == 0) from None
            except OSError as cause:
                raise PrinterError("printer_broke_off", clean=written == 0) from cause


class SerialTransport:
    """A printer on a serial line, by path or `VID:PID` of its adapter."""

    def __init__(self, port: str, baud: int = 9600, patience: Patience | None = None) -> None:
        """Keep the port and its speed."""
        self._port = port
        self._baud = baud
        self._patience = patience or Patience()

    def send(self, data: bytes) -> bool:
        """Write all and wait until the computer's buffer is empty. Never confirmed."""
        try:
            line = SerialLine(find_port(self._port), self._baud, 0.1, 1.0)
        except PortNotFound as cause:
            raise PrinterError("printer_not_found", clean=True) from cause
        except PermissionError as cause:
            raise PrinterError("printer_denied", clean=True) from cause
        except OSError as cause:
            raise PrinterError("printer_not_found", clean=True) from cause
        try:
            self._write(line, data)
        except PrinterError:
            line.close(discard=True)
            raise
        line.close()
        return False

    def _write(self, line: SerialLine, data: bytes) -> None:
        deadline = time.monotonic() + self._patience.write_s
        begun = False
        try:
            for start in range(0, len(data), 256):
                begun = True
                line.write_some(data[start : start + 256])
                while line.unsent() > 512:
                    self._pause(line, deadline)
            while line.unsent():
                self._pause(line, deadline)
        except OSError as cause:
            # A write that fails tells not how much of it left: only before the first one the paper is untouched.
            raise PrinterError("printer_broke_off", clean=not begun) from cause

    def _pause(self, line: SerialLine, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise PrinterError("printer_stalled", clean=False)
        # Reading waits for at most the line's time-out, and takes away what the printer says.
        line.read_some()
