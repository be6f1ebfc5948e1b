"""The one network connection under a client, so that another thread can cut it while it is being waited for."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

_CONNECTED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})
_SENDING = "http11.send_request_headers.started"


@runtime_checkable
class _Stream(Protocol):
    """What the HTTP library tells of a connection."""

    def get_extra_info(self, info: str) -> object:
        """Return a part of the connection by its name, such as its socket."""
        ...


class Line:
    """Follows a connection by the events that the HTTP library traces. Any thread may cut it."""

    def __init__(self) -> None:
        """Know no connection yet."""
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._aborted = False
        self.is_sending = False
        """Whether the request under way has found a connection; only the asking thread looks at it."""

    @property
    def aborted(self) -> bool:
        """Tell whether the line was cut for good."""
        return self._aborted

    def trace(self, event: str, facts: Mapping[str, object]) -> None:
        """Take an event of the HTTP library, on the asking thread."""
        if event == _SENDING:
            self.is_sending = True
        stream = facts.get("return_value")
        if event in _CONNECTED and isinstance(stream, _Stream):
            found = stream.get_extra_info("socket")
            with self._lock:
                self._socket = found if isinstance(found, socket.socket) else None
            if self._aborted:
                self.cut()

    def cut(self) -> None:
        """End the connection, if there is one: whoever waits for it wakes with an error. A later one may be made."""
        with self._lock:
            if self._socket is not None:
                # Only a shutdown wakes a thread that waits in recv; closing the socket would not.
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def abort(self) -> None:
        """End the connection and every later one."""
        self._aborted = True
        self.cut()

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Cut the connection when the block takes longer: time-outs of single reads don't stop a trickle."""
        timer = threading.Timer(seconds, self.cut)
        timer.daemon = True
        self.is_sending = False
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
