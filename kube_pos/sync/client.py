"""The till's HTTP: asks upstream, believes nothing that is not signed by the pinned key.

One connection at a time, no redirects, no proxies from the environment, and every wait and size has an end. Any
thread may call `abort`; everything else belongs to the thread that uses the client.

Bytes are counted as HTTP/1.1 sends them: request line or status line, headers, and body (compressed, if it is); what
TCP and TLS add, and the frame of a chunked body, is left out. A request that found no connection counts nothing.
"""

from __future__ import annotations

import io
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import zstandard

from kube_pos.clock import Clock
from kube_pos.errors import KubePosError
from kube_pos.ledger.ids import LedgerId
from kube_pos.sync.address import usable_address
from kube_pos.sync.cycle import Traffic
from kube_pos.sync.failures import (
    AddressUnusable,
    AuthorityUnreadable,
    BadSignature,
    CertificateRefused,
    Offline,
    UnreadableAnswer,
    WrongFingerprint,
)
from kube_pos.sync.line import Line
from kube_pos.sync.outbox import Packed
from kube_pos.sync.problems import enrolment_failure_of, failure_of
from kube_pos.sync.signing import DeviceKey, bearer, fingerprint, signature, verify
from kube_pos.sync.wire import (
    ANSWER_LABEL,
    BATCH_LABEL,
    ENROLMENT_LABEL,
    MAX_BODY_BYTES,
    PAGE_LABEL,
    REQUEST_LABEL,
    SHARE_LABEL,
    SIGNATURE_HEADER,
    ChangesPage,
    EnrolmentAnswer,
    EnrolmentCode,
    EnrolmentRequest,
    Message,
    ShareAnswer,
    ShareRequest,
    UploadAnswer,
    from_base64,
    read_page,
)

CONNECT_S, READ_S, TOTAL_S = 5.0, 15.0, 120.0
_KEEP_ALIVE_S = 75.0
"""Longer than the pause between two cycles: a new TLS connection costs more bytes than a day's worth of headers."""
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
_LARGEST_WINDOW = 8 * 1024 * 1024
_OK = 200
M = TypeVar("M", bound=Message)
_UPLOAD_ANSWER = msgspec.json.Decoder(UploadAnswer)
_SHARE_ANSWER = msgspec.json.Decoder(ShareAnswer)
_ENROLMENT_ANSWER = msgspec.json.Decoder(EnrolmentAnswer)


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer as it came: nothing of it is checked yet."""

    status: int
    signature: str
    body: bytes


class _Http:
    """Sends one request at a time to one address, counts bytes, and turns every failure into one of ours."""

    def __init__(self, address: str, ca_file: Path | None, total_s: float) -> None:
        self._address = usable_address(address)
        self._line = Line()
        self._total_s = total_s
        self._up = self._down = 0
        try:
            is_tls = httpx.URL(self._address).scheme == "https"
        except httpx.InvalidURL:
            raise AddressUnusable(address=address) from None
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEEP_ALIVE_S)
        # Without TLS (this very machine only) no certificates need to be loaded.
        verified = _context(ca_file) if is_tls else False
        transport = httpx.HTTPTransport(verify=verified, trust_env=False, limits=limits)
        self._client = httpx.Client(transport=transport, trust_env=False, follow_redirects=False)

    def abort(self) -> None:
        """Cut the request under way and refuse every later one; from any thread."""
        self._line.abort()

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def take_traffic(self) -> Traffic:
        """Return the bytes since this was last asked."""
        taken = Traffic(self._up, self._down)
        self._up = self._down = 0
        return taken

    def exchange(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> _Reply:
        """Send a request, return the answer; raises Offline, CertificateRefused or UnreadableAnswer."""
        if self._line.aborted:
            raise Offline(reason="stopped")
        timeout = httpx.Timeout(READ_S, connect=CONNECT_S)
        request = httpx.Request(
            method,
            self._address + path,
            headers=headers,
            content=body,
            extensions={"timeout": timeout.as_dict(), "trace": self._line.trace},
        )
        with self._failures(), self._line.deadline(self._total_s):
            try:
                response = self._client.send(request, stream=True)
            finally:
                if self._line.is_sending:
                    target = request.url.raw_path
                    self._up += len(f"{method}  HTTP/1.1\r\n\r\n") + len(target) + _size(request.headers) + len(body)
            with closing(response):
                return self._read(response)

    def _read(self, response: httpx.Response) -> _Reply:
        self._down += len(f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\n\r\n")
        self._down += _size(response.headers)
        raw = bytearray()
        for chunk in response.iter_raw():
            self._down += len(chunk)
            raw += chunk
            if len(raw) > MAX_BODY_BYTES:
                raise UnreadableAnswer(reason="too large")
        body = _decoded(bytes(raw), response.headers.get("Content-Encoding", ""))
        return _Reply(response.status_code, response.headers.get(SIGNATURE_HEADER, ""), body)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            if self._line.aborted:
                raise Offline(reason="stopped") from None
            raise _failure(error) from error


class UpstreamClient:
    """Speaks for one ledger with upstream, as `kube_pos.sync.cycle.Upstream`."""

    def __init__(
        self,
        address: str,
        ledger_id: LedgerId,
        key: DeviceKey,
        upstream_key: bytes,
        clock: Clock,
        *,
        ca_file: Path | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        """Connect nothing yet; raises InsecureAddress or AddressUnusable.

        With `ca_file` only that authority is trusted, and its certificates' dates are not looked at: a till whose
        clock is wrong must get through to learn the right time. `total_s` bounds one request as a whole.
        """
        self._http = _Http(address, ca_file, total_s)
        self._ledger_id = ledger_id
        self._key = key
        self._upstream_key = upstream_key
        self._clock = clock
        self._offset_ms = 0

    @property
    def offset_ms(self) -> int:
        """Return what is added to this computer's clock to get upstream's, as last corrected."""
        return self._offset_ms

    def correct_clock(self, server_time_ms: int) -> None:
        """Date later requests by upstream's clock."""
        self._offset_ms = server_time_ms - self._clock.now_ms()

    def upload(self, packed: Packed) -> UploadAnswer:
        """Send a batch; raises Gap, Fork, Retired, KeyRefused, ClockSkew, Busy, ServerFailed, Offline, BadSignature."""
        headers = self._headers()
        headers[SIGNATURE_HEADER] = signature(self._key, BATCH_LABEL, packed.body)
        headers["Content-Type"] = "application/zstd"
        reply = self._http.exchange("POST", f"/v1/ledgers/{self._ledger_id}/entries", headers, packed.body)
        return _parsed(self._believed(reply, ANSWER_LABEL), _UPLOAD_ANSWER.decode)

    def changes(self, after: int) -> ChangesPage:
        """Ask for the page of changes after a number; raises CursorUnknown, and as `upload`."""
        headers = self._headers()
        headers["Accept-Encoding"] = "zstd"
        reply = self._http.exchange("GET", f"/v1/ledgers/{self._ledger_id}/changes?after={after}", headers)
        return _parsed(self._believed(reply, PAGE_LABEL), read_page)

    def request_share(self, request: ShareRequest) -> ShareAnswer:
        """Say that a family stands here and wants its share; asking again is harmless. Raises as `upload`."""
        body = msgspec.json.encode(request)
        headers = self._headers()
        headers[SIGNATURE_HEADER] = signature(self._key, REQUEST_LABEL, body)
        headers["Content-Type"] = "application/json"
        reply = self._http.exchange("POST", f"/v1/ledgers/{self._ledger_id}/share-requests", headers, body)
        return _parsed(self._believed(reply, SHARE_LABEL), _SHARE_ANSWER.decode)

    def take_traffic(self) -> Traffic:
        """Return the bytes sent and received since this was last asked."""
        return self._http.take_traffic()

    def abort(self) -> None:
        """Cut the request under way and refuse every later one; from any thread."""
        self._http.abort()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _headers(self) -> dict[str, str]:
        now_s = (self._clock.now_ms() + self._offset_ms) // 1000
        return {"Authorization": f"Bearer {bearer(self._ledger_id, self._key, now_s)}"}

    def _believed(self, reply: _Reply, label: bytes) -> bytes:
        if reply.status != _OK:
            raise failure_of(reply.status, reply.body)
        if not verify(self._upstream_key, label, reply.body, reply.signature):
            raise BadSignature
        return reply.body


def enrol(
    code: EnrolmentCode, request: EnrolmentRequest, *, ca_file: Path | None = None, total_s: float = TOTAL_S
) -> EnrolmentAnswer:
    """Ask to be taken in, once; the answer is believed only when its key is the one that the code names.

    Raises EnrolmentRefused, WrongFingerprint, BadSignature, UnreadableAnswer, InsecureAddress, AddressUnusable,
    CertificateRefused, Offline, Busy or ServerFailed. Asking again with the same request is harmless.
    """
    with closing(_Http(code.address, ca_file, total_s)) as http:
        body = msgspec.json.encode(request)
        reply = http.exchange("POST", "/v1/enrolments", {"Content-Type": "application/json"}, body)
    if reply.status not in {_OK, 201}:
        raise enrolment_failure_of(reply.status, reply.body)
    answer = _parsed(reply.body, _ENROLMENT_ANSWER.decode)
    try:
        key = from_base64(answer.upstream_key)
    except ValueError:
        raise UnreadableAnswer(reason="upstream_key") from None
    if fingerprint(key) != code.fingerprint.lower():
        raise WrongFingerprint(expected=code.fingerprint, found=fingerprint(key))
    if not verify(key, ENROLMENT_LABEL, reply.body, reply.signature):
        raise BadSignature
    if answer.ledger_id != request.ledger_id:
        raise UnreadableAnswer(reason="ledger_id")
    return answer


def _context(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context(trust_env=False)
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        # SSLError, for a file that holds no certificate, is an OSError too.
        raise AuthorityUnreadable(path=str(ca_file), reason=error.strerror or "") from error
    context.verify_flags |= _NO_CHECK_TIME
    return context


def _failure(error: httpx.TransportError) -> KubePosError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateRefused(reason=cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return Offline(reason="connect")
    return Offline(reason="timeout" if isinstance(error, httpx.TimeoutException) else "cut")


def _decoded(raw: bytes, encoding: str) -> bytes:
    if encoding in {"", "identity"}:
        return raw
    if encoding != "zstd":
        raise UnreadableAnswer(reason="encoding")
    try:
        with zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).stream_reader(io.BytesIO(raw)) as reader:
            body = reader.read(MAX_BODY_BYTES + 1)
    except zstandard.ZstdError:
        raise UnreadableAnswer(reason="encoding") from None
    if len(body) > MAX_BODY_BYTES:
        raise UnreadableAnswer(reason="too large")
    return body


def _parsed(body: bytes, read: Callable[[bytes], M]) -> M:
    try:
        return read(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Without the library's own words: they may quote a document.
        raise UnreadableAnswer(reason="message") from None


def _size(headers: httpx.Headers) -> int:
    return sum(len(name) + len(value) + len(": \r\n") for name, value in headers.raw)
