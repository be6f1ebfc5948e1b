"""The office of `sync_kit` behind a real HTTP server on loopback, with faults on demand."""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO

import msgspec
import zstandard

from kube_pos.ledger.ids import OutletId
from kube_pos.sync.signing import DeviceKey, fingerprint, signature
from kube_pos.sync.wire import (
    ANSWER_LABEL,
    ENROLMENT_LABEL,
    MAX_BODY_BYTES,
    PAGE_LABEL,
    SIGNATURE_HEADER,
    EnrolmentAnswer,
    EnrolmentCode,
    EnrolmentRequest,
    Message,
    to_base64,
)
from tests.sync_kit import FORGER_KEY, OFFICE_KEY, Office, Refusal

BOMB = zstandard.compress(b" " * (64 * 1024 * 1024))


class Fault(Enum):
    """What goes wrong with one request."""

    NONE = auto()
    DROP_BEFORE = auto()
    """The connection breaks before the office did anything."""
    DROP_AFTER = auto()
    """The office stored everything, but no byte of its answer arrives."""
    ERROR_BEFORE = auto()
    ERROR_AFTER = auto()
    """500, though everything was stored."""
    BUSY = auto()
    CUT_BODY = auto()
    CUT_HEADERS = auto()
    WRONG_SIGNATURE = auto()
    NO_SIGNATURE = auto()
    GARBAGE = auto()
    """Signed rightly, but no message."""
    PORTAL = auto()
    """A Wi-Fi portal answers with its own page."""
    REDIRECT = auto()
    TOO_LARGE = auto()
    COMPRESSED = auto()
    """An honest answer, compressed with zstandard."""
    BOMB = auto()
    """A few bytes that decompress to more than any message may have."""
    SPOILT_FRAME = auto()
    UNKNOWN_ENCODING = auto()
    OTHER_LEDGER = auto()
    """An enrolment's answer for another till."""
    HANG = auto()
    TRICKLE = auto()
    """A byte of the answer now and then, for ever."""


@dataclass
class Seen:
    """One request and its answer as they went over the socket."""

    path: str
    headers: dict[str, str]
    bytes_in: int = 0
    bytes_out: int = 0


@dataclass
class OfficeServer:
    """The running server: where it is, what goes wrong next, what it saw."""

    office: Office
    faults: deque[Fault] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    key: DeviceKey = OFFICE_KEY
    code: str = "ABCD-EFGH"
    connections: int = 0
    address: str = ""
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    """Ends hanging and trickling answers; set when the test is over."""

    def enrolment_code(self) -> EnrolmentCode:
        return EnrolmentCode(address=self.address, fingerprint=fingerprint(self.key.public_key()), code=self.code)


class Counted(io.RawIOBase):
    """A socket's file that counts what is read and written."""

    def __init__(self, inner: BinaryIO) -> None:
        self.inner = inner
        self.count = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        found = self.inner.readline(-1 if size is None else size)
        self.count += len(found)
        return found

    def read(self, size: int = -1, /) -> bytes:
        found = self.inner.read(size)
        self.count += len(found)
        return found

    def write(self, data: object, /) -> int:
        assert isinstance(data, bytes | bytearray | memoryview)
        self.count += len(data)
        return self.inner.write(data)

    def flush(self) -> None:
        if not self.inner.closed:
            self.inner.flush()

    def close(self) -> None:
        self.inner.close()
        super().close()


class Handler(BaseHTTPRequestHandler):
    """One connection of the till."""

    protocol_version = "HTTP/1.1"
    timeout = 10
    world: OfficeServer

    def setup(self) -> None:
        super().setup()
        self.world.connections += 1
        self.rfile = self.counted_in = Counted(self.rfile)  # type: ignore[assignment,arg-type]
        self.wfile = self.counted_out = Counted(self.wfile)  # type: ignore[assignment,arg-type]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        return

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError, ValueError):
            self.close_connection = True

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def _serve(self, body: bytes) -> None:
        seen = Seen(self.path, dict(self.headers.items()))
        self.world.seen.append(seen)
        seen.bytes_in, self.counted_in.count = self.counted_in.count, 0
        fault = self.world.faults.popleft() if self.world.faults else Fault.NONE
        self.world.arrived.set()
        self._act(fault, body)
        seen.bytes_out, self.counted_out.count = self.counted_out.count, 0

    def _act(self, fault: Fault, body: bytes) -> None:
        match fault:
            case Fault.DROP_BEFORE:
                self._break()
            case Fault.HANG:
                self.world.released.wait(60)
                self.close_connection = True
            case Fault.ERROR_BEFORE:
                self._send(500, b"boom")
            case Fault.BUSY:
                self._send(503, b"")
            case Fault.PORTAL:
                self._send(200, b"<html>Selamat datang di Wi-Fi kafe</html>")
            case Fault.REDIRECT:
                self._send(302, b"", {"Location": f"{self.world.address}/elsewhere"})
            case _:
                self._answer(fault, body)

    def _answer(self, fault: Fault, body: bytes) -> None:
        try:
            label, message = self._message(body)
        except Refusal as refusal:
            self._send(refusal.status, refusal.body)
            return
        if fault is Fault.OTHER_LEDGER:
            message = msgspec.structs.replace(message, ledger_id="another")
        answer = msgspec.json.encode(message)
        signed = {SIGNATURE_HEADER: signature(self.world.key, label, answer)}
        match fault:
            case Fault.DROP_AFTER:
                self._break()
            case Fault.ERROR_AFTER:
                self._send(500, b"boom")
            case Fault.CUT_BODY:
                self._send(200, answer, signed, only=len(answer) // 2)
                self._break()
            case Fault.CUT_HEADERS:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
                self._break()
            case Fault.TRICKLE:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not self.world.released.wait(0.05):
                    self.wfile.write(b"a")
                self.close_connection = True
            case _:
                self._send(200, *self._spoilt(fault, label, answer, signed))

    def _spoilt(
        self, fault: Fault, label: bytes, answer: bytes, signed: dict[str, str]
    ) -> tuple[bytes, dict[str, str]]:
        """Return a whole answer with what a fault does to its body or headers."""
        compressed = {**signed, "Content-Encoding": "zstd"}
        spoilt = {
            Fault.WRONG_SIGNATURE: (answer, {SIGNATURE_HEADER: signature(FORGER_KEY, label, answer)}),
            Fault.NO_SIGNATURE: (answer, {}),
            Fault.GARBAGE: (b"{}", {SIGNATURE_HEADER: signature(self.world.key, label, b"{}")}),
            Fault.TOO_LARGE: (b" " * (MAX_BODY_BYTES + 1), signed),
            Fault.COMPRESSED: (zstandard.compress(answer), compressed),
            Fault.BOMB: (BOMB, compressed),
            Fault.SPOILT_FRAME: (b"no frame", compressed),
            Fault.UNKNOWN_ENCODING: (answer, {**signed, "Content-Encoding": "br"}),
        }
        return spoilt.get(fault, (answer, signed))

    def _message(self, body: bytes) -> tuple[bytes, Message]:
        office = self.world.office
        if self.path == "/v1/enrolments":
            return ENROLMENT_LABEL, self._enrol(msgspec.json.decode(body, type=EnrolmentRequest))
        office.authenticate(self.headers["Authorization"])
        ledger = f"/v1/ledgers/{office.ledger_id}"
        if self.path == f"{ledger}/entries":
            return ANSWER_LABEL, office.receive(body, self.headers[SIGNATURE_HEADER])
        assert self.path.startswith(f"{ledger}/changes?after=")
        return PAGE_LABEL, office.page(int(self.path.rpartition("=")[2]))

    def _enrol(self, request: EnrolmentRequest) -> EnrolmentAnswer:
        if request.code != self.world.code:
            raise Refusal("bad_code", 403)
        return EnrolmentAnswer(
            ledger_id=request.ledger_id,
            terminal="A01",
            outlet_id=OutletId(1),
            upstream_key=to_base64(self.world.key.public_key()),
            city_key=to_base64(b"c" * 32),
            server_time_ms=self.world.office.clock.now_ms(),
        )

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, only: int | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:only])

    def _break(self) -> None:
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Let a connection that broke break; anything else is the test's mistake and is shown by its failing."""


@contextmanager
def serving(office: Office, tls: ssl.SSLContext | None = None) -> Iterator[OfficeServer]:
    """Run the office's server on a free port of loopback until the block is left."""
    world = OfficeServer(office)
    handler = type("BoundHandler", (Handler,), {"world": world})
    server = _Server(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    world.address = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="office")
    thread.start()
    try:
        yield world
    finally:
        world.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
