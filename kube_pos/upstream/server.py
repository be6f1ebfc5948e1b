"""Running the service: the port, the ready file, and a graceful stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from kube_pos.errors import PortBusy

_GRACE_S = 5
_BACKLOG = 128


class ReadyServer(uvicorn.Server):
    """A server that tells when it has begun to answer."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        """Call `on_ready` once, from the server's thread."""
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then tell it."""
        await super().startup(sockets)
        self._on_ready()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket (port 0: any free one); raises PortBusy."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # The protocol must be named: only then does asyncio switch off Nagle's delay of 40 ms an answer.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise PortBusy(host=host, port=port) from error
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise PortBusy(host=host, port=port) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the address that a listening socket answers at."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(app: FastAPI, on_ready: Callable[[], None]) -> ReadyServer:
    """Return a server for an app; `run(sockets=[…])` serves until `should_exit` is set."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="warning",
        # An access log would hold addresses of tills and nothing that the database has not.
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return ReadyServer(config, on_ready)


def serve(app: FastAPI, listener: socket.socket, ready_file: Path | None, *, until_stdin_closes: bool = False) -> None:
    """Serve until SIGTERM or Ctrl-C, or until whoever started it is gone; requests that have begun are finished."""
    address = address_of(listener)

    def ready() -> None:
        if ready_file is not None:
            write_ready_file(ready_file, address)
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()

    server = make_server(app, ready)
    if until_stdin_closes:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), name="stdin", daemon=True).start()
    with listener, _signals_end_quietly():
        server.run(sockets=[listener])


def _stop_at_end_of_input(server: ReadyServer) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        continue
    server.should_exit = True


def write_ready_file(path: Path, address: str) -> None:
    """Write where the service listens, whole or not at all: `{"address": …, "pid": …}`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(json.dumps({"address": address, "pid": os.getpid()}), encoding="utf-8")
    partial.replace(path)


@contextmanager
def _signals_end_quietly() -> Iterator[None]:
    """Take signals that uvicorn has already obeyed and raises again, so that a stop on request is no failure."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
