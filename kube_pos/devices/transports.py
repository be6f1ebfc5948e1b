"""Ways for a print job to reach the printer: network, file or device node, serial line.

A transport opens for each job and closes after it. Its error is `clean` only when not one byte was written: whoever
retries after that can't print twice. «Sent» never means «printed»: only a printer that answers can say that.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from kube_pos.devices.conversation import Conversation, Delivery, Look, Patience, Terms, Wire
from kube_pos.devices.ports import PrinterError
from kube_pos.devices.serial_port import PortNotFound, SerialLine, find_port

_READ = 4096
_SERIAL_CHUNK = 256
_SERIAL_AHEAD = 512


class Transport(Protocol):
    """A way to a printer. Used on the print queue's thread only."""

    def send(self, data: bytes, terms: Terms) -> Delivery:
        """Send one job to the end. Raises PrinterError."""
        ...

    def look(self, *, asks: bool) -> Look:
        """Find out whether a job would get through now; `asks` the printer itself. Raises PrinterError, clean."""
        ...


class WireTransport:
    """A transport that opens a way of its own for each job; its kinds say how."""

    def __init__(self, patience: Patience | None = None) -> None:
        """Keep how long to wait."""
        self._patience = patience or Patience()

    def send(self, data: bytes, terms: Terms) -> Delivery:
        """Open, ask, write all, hear the end, close."""
        wire = self._open()
        try:
            delivery = Conversation(wire, self._patience, terms).deliver(data)
        except PrinterError as error:
            if wire.close(discard=True):
                raise PrinterError(error.detail, clean=True) from error
            raise
        wire.close(discard=False)
        return delivery

    def look(self, *, asks: bool) -> Look:
        """Open, ask when that is wanted, close."""
        wire = self._open()
        try:
            seen = Conversation(wire, self._patience, Terms(asks=asks)).look()
            with suppress(OSError):
                wire.part(self._patience.answer_s)
        finally:
            wire.close(discard=False)
        return seen

    def _open(self) -> Wire:
        """Return an open way; raises PrinterError, always clean."""
        raise NotImplementedError


class NetworkTransport(WireTransport):
    """A printer that listens on a TCP port, mostly 9100."""

    def __init__(self, host: str, port: int, patience: Patience | None = None) -> None:
        """Keep the address; an IP number is better than a name, which can take long to resolve."""
        super().__init__(patience)
        self._address = (host, port)

    def _open(self) -> Wire:
        try:
            connection = socket.create_connection(self._address, self._patience.connect_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as cause:
            raise PrinterError("printer_unreachable", clean=True) from cause
        return _SocketWire(connection)


class _SocketWire:
    counts = True
    hears = True

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write_some(self, data: bytes, wait_s: float) -> int:
        self._connection.settimeout(max(wait_s, 0.001))
        try:
            return self._connection.send(data)
        except TimeoutError:
            return 0

    def read_some(self, wait_s: float) -> bytes | None:
        self._connection.settimeout(max(wait_s, 0.001))
        try:
            return self._connection.recv(_READ) or None
        except TimeoutError:
            return b""

    def unsent(self) -> int:
        return 0

    def finish(self) -> bool:
        return False

    def part(self, wait_s: float) -> None:
        # Closing with unread status bytes makes the kernel reset the connection, and the printer drop the job.
        deadline = time.monotonic() + wait_s
        self._connection.shutdown(socket.SHUT_WR)
        while (left := deadline - time.monotonic()) > 0:
            if self.read_some(left) is None:
                return

    def close(self, *, discard: bool) -> bool:
        del discard  # the kernel goes on sending what it was given
        with suppress(OSError):
            self._connection.close()
        return False


class FileTransport(WireTransport):
    """A file that collects jobs, or a device node such as `/dev/usb/lp0`."""

    def __init__(self, path: Path, patience: Patience | None = None) -> None:
        """Keep the path; a missing file is made, a missing device node is not."""
        super().__init__(patience)
        self._path = path

    def look(self, *, asks: bool) -> Look:
        """Tell whether the file or its folder is there and may be written; nothing is opened or made."""
        del asks  # a file does not answer
        there = self._path if self._path.exists() or self._path.is_relative_to("/dev") else self._path.parent
        if not there.exists():
            raise PrinterError("printer_not_found", clean=True)
        if not os.access(there, os.W_OK):
            raise PrinterError("printer_denied", clean=True)
        return Look()

    def _open(self) -> Wire:
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        if not self._path.is_relative_to("/dev"):
            flags |= os.O_CREAT
        try:
            return _FileWire(os.open(self._path, flags, 0o600))
        except PermissionError as cause:
            raise PrinterError("printer_denied", clean=True) from cause
        except OSError as cause:
            raise PrinterError("printer_not_found", clean=True) from cause


class _FileWire:
    counts = True
    hears = False

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._is_file = stat.S_ISREG(os.fstat(handle).st_mode)
        self._length = os.fstat(handle).st_size

    def write_some(self, data: bytes, wait_s: float) -> int:
        if os.name == "posix" and not select.select([], [self._handle], [], wait_s)[1]:
            return 0
        try:
            return os.write(self._handle, data)
        except BlockingIOError:
            return 0

    def read_some(self, wait_s: float) -> bytes | None:
        del wait_s
        return b""

    def unsent(self) -> int:
        return 0

    def finish(self) -> bool:
        # A plain file is the paper itself.
        if self._is_file:
            os.fsync(self._handle)
        return self._is_file

    def part(self, wait_s: float) -> None:
        """Nothing is to be said to a file."""

    def close(self, *, discard: bool) -> bool:
        is_undone = False
        with suppress(OSError):
            if discard and self._is_file:
                # Half a job, from a disk that filled up: the next one begins where this one did.
                os.ftruncate(self._handle, self._length)
                is_undone = True
        with suppress(OSError):
            os.close(self._handle)
        return is_undone


class SerialTransport(WireTransport):
    """A printer on a serial line, by path or `VID:PID` of its adapter."""

    def __init__(self, port: str, baud: int = 9600, patience: Patience | None = None) -> None:
        """Keep the port and its speed."""
        super().__init__(patience)
        self._port = port
        self._baud = baud

    def look(self, *, asks: bool) -> Look:
        """Ask the printer, or only see whether the port is there: opening it makes some printers start anew."""
        if asks:
            return super().look(asks=True)
        try:
            path = find_port(self._port)
        except PortNotFound as cause:
            raise PrinterError("printer_not_found", clean=True) from cause
        if os.name == "posix" and not Path(path).exists():
            raise PrinterError("printer_not_found", clean=True)
        return Look()

    def _open(self) -> Wire:
        try:
            return _SerialWire(SerialLine(find_port(self._port), self._baud, 0.05, 1.0))
        except PortNotFound as cause:
            raise PrinterError("printer_not_found", clean=True) from cause
        except PermissionError as cause:
            raise PrinterError("printer_denied", clean=True) from cause
        except OSError as cause:
            raise PrinterError("printer_not_found", clean=True) from cause


class _SerialWire:
    counts = False
    hears = True

    def __init__(self, line: SerialLine) -> None:
        self._line = line
        self._heard = bytearray()

    def write_some(self, data: bytes, wait_s: float) -> int:
        if self._line.unsent() > _SERIAL_AHEAD:
            self._take_in(wait_s)
            if self._line.unsent() > _SERIAL_AHEAD:
                return 0
        return self._line.write_some(data[:_SERIAL_CHUNK])

    def read_some(self, wait_s: float) -> bytes | None:
        if not self._heard:
            self._take_in(wait_s)
        heard = bytes(self._heard)
        self._heard.clear()
        return heard

    def _take_in(self, wait_s: float) -> None:
        # One reading waits as long as the line was told to at opening.
        deadline = time.monotonic() + wait_s
        while not (said := self._line.read_some()) and time.monotonic() < deadline:
            continue
        self._heard += said

    def unsent(self) -> int:
        return self._line.unsent()

    def finish(self) -> bool:
        return False

    def part(self, wait_s: float) -> None:
        """A serial line has no end to speak of."""

    def close(self, *, discard: bool) -> bool:
        self._line.close(discard=discard)
        return False
