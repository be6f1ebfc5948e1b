"""Plugs for the demo and the tests: a scanner on a pseudo terminal and a printer on a loopback socket.

They are the other end of a real cable: the drivers run unchanged. They refuse to be used by the till itself.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import tty


class SimulationRefused(RuntimeError):
    """A simulated device was asked for without the word of the demo or a test."""


def _only_allowed(*, allow: bool) -> None:
    if not allow:
        raise SimulationRefused("simulated devices are for the demo and for tests")


class PtyScanner:
    """A scanner that types codes into a pseudo terminal, reachable under one path over all its plugs. POSIX only."""

    def __init__(self, path: Path, *, allow: bool = False) -> None:
        """Keep the path of the link under which the till finds the scanner; nothing is plugged in yet."""
        _only_allowed(allow=allow)
        self.path = path
        self._master: int | None = None
        self._slave: int | None = None

    def plug(self) -> None:
        """Plug the scanner in."""
        if sys.platform == "win32":
            raise SimulationRefused("a pseudo terminal needs a POSIX system")
        self.unplug()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))

    def type(self, code: str, ending: str = "\r") -> None:
        """Send a code as the scanner would."""
        self.send(f"{code}{ending}".encode())

    def send(self, data: bytes) -> None:
        """Send bytes as they are, fragments and rubbish included."""
        if self._master is None:
            raise SimulationRefused("the scanner is not plugged in")
        os.write(self._master, data)

    def unplug(self) -> None:
        """Pull the cable: the till's side sees an end of file or an error."""
        for end in (self._slave, self._master):
            if end is not None:
                os.close(end)
        self._slave = self._master = None
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class PrinterBehaviour:
    """How a simulated printer treats a connection."""

    reset_after: int | None = None
    """Break the connection off, hard, after so many bytes."""
    stall: bool = False
    """Accept the connection and never read."""


class LoopbackPrinter:
    """A network printer on 127.0.0.1 that keeps the bytes of every job."""

    def __init__(self, behaviour: PrinterBehaviour | None = None, *, allow: bool = False) -> None:
        """Bind a free port; `start` begins to listen."""
        _only_allowed(allow=allow)
        self.behaviour = behaviour or PrinterBehaviour()
        self.jobs: list[bytes] = []
        self.job_came = threading.Condition()
        self._socket = socket.socket()
        # A small buffer, so that a printer that does not read is felt after a few thousand bytes.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="loopback-printer", daemon=True)

    def start(self) -> None:
        """Listen and serve one connection after the other, as such printers do."""
        self._socket.listen(1)
        self._socket.settimeout(0.1)
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

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with connection, suppress(OSError):
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        behaviour = self.behaviour
        if behaviour.stall:
            self._closing.wait(30)
            return
        taken = bytearray()
        connection.settimeout(10)
        limit = behaviour.reset_after
        while limit is None or len(taken) < limit:
            data = connection.recv(65536 if limit is None else limit - len(taken))
            if not data:
                break
            taken += data
        if limit is not None:
            # Linger 0: closing sends a reset instead of an orderly end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        with self.job_came:
            self.jobs.append(bytes(taken))
            self.job_came.notify_all()
