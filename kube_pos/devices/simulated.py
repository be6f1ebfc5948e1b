"""A plug for the demo and the tests: a scanner on a pseudo terminal.

It is the other end of a real cable: the driver runs unchanged. It refuses to be used by the till itself.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import tty


class SimulationRefused(RuntimeError):
    """A simulated device was asked for without the word of the demo or a test."""


def only_allowed(*, allow: bool) -> None:
    """Raise SimulationRefused unless the demo or a test gave its word."""
    if not allow:
        raise SimulationRefused("simulated devices are for the demo and for tests")


class PtyScanner:
    """A scanner that types codes into a pseudo terminal, reachable under one path over all its plugs. POSIX only."""

    def __init__(self, path: Path, *, allow: bool = False) -> None:
        """Keep the path of the link under which the till finds the scanner; nothing is plugged in yet."""
        only_allowed(allow=allow)
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
