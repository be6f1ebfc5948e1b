"""A printer on a loopback socket for the demo and the tests, with every bad habit that printers have.

It is the other end of a real cable: the driver runs unchanged. It refuses to be used by the till itself.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from kube_pos.devices.printer_talk import BARRIER
from kube_pos.devices.simulated import only_allowed

_QUESTION = b"\x10\x04"
_NUMBERS = (1, 2, 4)
_READY, _PAPER_ENDED = b"\x12\x12\x12", b"\x1a\x32\x72"


@dataclass(frozen=True, slots=True)
class PrinterBehaviour:
    """How a simulated printer treats a connection."""

    reset_after: int | None = None
    """Break the connection off, hard, after so many bytes of a job."""
    close_after: int | None = None
    """Close the connection in good order after so many bytes."""
    mute_after: int | None = None
    """Neither read nor answer any more after so many bytes, as a printer whose power went: a half-open connection."""
    stall: bool = False
    """Accept the connection and never read."""
    answers: bool = False
    """Answer when asked for the state."""
    states: bytes = _READY
    """The answers to the three questions."""
    tells_end: bool = True
    """Answer to GS r, too."""
    paper_ends_after: int | None = None
    """Take bytes after so many, but print nothing: the end is never told, and the state is «no paper»."""
    answer_after_s: float = 0.0
    end_after_s: float = 0.0
    automatic: bytes = b""
    """Said unasked at the beginning and before each answer."""
    bytes_per_s: int = 0
    """How fast it reads; 0: at once."""


IsOver = Callable[[PrinterBehaviour], bool]


class LoopbackPrinter:
    """A network printer on 127.0.0.1 that keeps the bytes of every job, without the questions in between."""

    def __init__(self, behaviour: PrinterBehaviour | None = None, *, allow: bool = False, port: int = 0) -> None:
        """Bind a port, any free one by itself; `start` begins to listen."""
        only_allowed(allow=allow)
        self.behaviour = behaviour or PrinterBehaviour()
        self.mended: bytes | None = None
        """The states that it answers since somebody put paper in or closed the lid; the connection stays open."""
        self.jobs: list[bytes] = []
        self.job_came = threading.Condition()
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A small buffer, so that a printer that does not read is felt after a few thousand bytes.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.bind(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="loopback-printer", daemon=True)

    def start(self) -> None:
        """Listen and serve one connection after the other, as such printers do."""
        self._socket.listen(1)
        self._socket.settimeout(0.05)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(3)
        self._socket.close()

    def wait_for_jobs(self, count: int, seconds: float = 10.0) -> bool:
        """Wait until so many jobs have come."""
        with self.job_came:
            return self.job_came.wait_for(lambda: len(self.jobs) >= count, seconds)

    def _is_over(self, behaviour: PrinterBehaviour) -> bool:
        """Tell whether a connection is to end: a printer that behaves otherwise was switched off and on."""
        return self._closing.is_set() or behaviour is not self.behaviour

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            visit = _Visit(connection, self.behaviour, self._is_over, lambda: self.mended)
            with connection, suppress(OSError):
                visit.serve()
            if visit.job:
                with self.job_came:
                    self.jobs.append(bytes(visit.job))
                    self.job_came.notify_all()


class _Visit:
    """One connection: the job in it, and what is said back."""

    def __init__(
        self,
        connection: socket.socket,
        behaviour: PrinterBehaviour,
        is_over: IsOver,
        mended: Callable[[], bytes | None],
    ) -> None:
        self.job = bytearray()
        self._connection = connection
        self._behaviour = behaviour
        self._is_over = is_over
        self._mended = mended
        self._pending = b""
        self._has_ended = False

    def serve(self) -> None:
        """Take what comes and say what is to be said, until one of both ends it."""
        try:
            self._serve()
        finally:
            self.job += self._pending

    def _serve(self) -> None:
        behaviour = self._behaviour
        self._connection.settimeout(0.05)
        self._say(behaviour.automatic)
        while not self._is_over(behaviour):
            if behaviour.stall or self._is_past(behaviour.mute_after):
                time.sleep(0.02)
                continue
            data = self._read()
            if data is None:
                continue
            if not data:
                return
            self._take(data)
            if self._is_past(behaviour.close_after):
                return
            if self._is_past(behaviour.reset_after):
                # Linger 0: closing sends a reset instead of an orderly end.
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return

    def _is_past(self, limit: int | None) -> bool:
        return limit is not None and len(self.job) >= limit

    def _read(self) -> bytes | None:
        limits = (self._behaviour.reset_after, self._behaviour.close_after, self._behaviour.mute_after)
        # Never more than up to the limit: what was not read never reached the printer.
        room = min((limit - len(self.job) for limit in limits if limit is not None), default=65536)
        speed = self._behaviour.bytes_per_s
        if speed:
            time.sleep(0.02)
            room = min(room, max(1, speed // 50))
        try:
            return self._connection.recv(max(room, 1))
        except TimeoutError:
            return None

    def _take(self, data: bytes) -> None:
        data = self._pending + data
        # What may be the beginning of a question waits for the rest of it.
        tail = 2 if data.endswith(_QUESTION) else int(data.endswith(_QUESTION[:1]))
        self._pending = data[len(data) - tail :]
        data = data[: len(data) - tail]
        while (place := data.find(_QUESTION)) >= 0 and data[place + 2] in _NUMBERS:
            # Dots of a picture can look like a question: they are answered, and are dots all the same.
            is_dots = bool(self.job or place) and not self._has_ended
            self._print(data[: place + 3 if is_dots else place])
            self._answer(data[place + 2])
            data = data[place + 3 :]
        self._print(data)

    def _print(self, data: bytes) -> None:
        self.job += data
        if self.job.endswith(BARRIER):
            del self.job[-len(BARRIER) :]
            self._has_ended = True
            behaviour = self._behaviour
            if behaviour.answers and behaviour.tells_end and not self._is_past(behaviour.paper_ends_after):
                time.sleep(behaviour.end_after_s)
                self._say(behaviour.automatic + b"\x00")

    def _answer(self, number: int) -> None:
        behaviour = self._behaviour
        if not behaviour.answers:
            return
        states = _PAPER_ENDED if self._is_past(behaviour.paper_ends_after) else self._mended() or behaviour.states
        time.sleep(behaviour.answer_after_s)
        self._say(behaviour.automatic + states[_NUMBERS.index(number) :][:1])

    def _say(self, data: bytes) -> None:
        if data:
            self._connection.sendall(data)
