"""The addresses that a till calls, under /v1. Bodies are msgspec messages; the work is done on worker threads.

A handler only reads the body and hands on: no transaction is open while the network is waited for.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import zstandard
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import update

from kube_pos.clock import Clock
from kube_pos.ledger.ids import LedgerId
from kube_pos.sync.wire import (
    ANSWER_LABEL,
    BATCH_LABEL,
    ENROLMENT_LABEL,
    MAX_BODY_BYTES,
    PAGE_LABEL,
    SIGNATURE_HEADER,
    ChangesPage,
    EnrolmentAnswer,
    EnrolmentRequest,
    Message,
    UploadAnswer,
)
from kube_pos.upstream import feed, tables
from kube_pos.upstream.auth import Till, authenticate
from kube_pos.upstream.batches import read_batch
from kube_pos.upstream.database import Database
from kube_pos.upstream.enrolment import enrol
from kube_pos.upstream.keys import Keys, is_signed_by
from kube_pos.upstream.openapi import answers, body_of
from kube_pos.upstream.problems import RequestRefused
from kube_pos.upstream.receive import Fork, receive
from kube_pos.upstream.shares import LedgerState

_CONTACT_STEP_MS = 60_000
"""How old `last_contact` may become before a poll that changes nothing writes it anew."""
_LARGEST_N = 2**53
_SMALLEST_COMPRESSED = 256


@dataclass(frozen=True, slots=True)
class Office:
    """What every request needs; made once when the service starts."""

    database: Database
    keys: Keys
    clock: Clock


def make_router(office: Office) -> APIRouter:
    """Return the till's addresses, bound to an office."""
    router = APIRouter(prefix="/v1")

    @router.get("/health", summary="Whether the service answers, and its time.")
    async def health() -> dict[str, object]:
        return {"status": "ok", "server_time_ms": office.clock.now_ms()}

    @router.post(
        "/enrolments",
        summary="A till is taken in with a one-time code.",
        openapi_extra=body_of(EnrolmentRequest),
        responses=answers(EnrolmentAnswer, 400, 403, 409, 413),
    )
    async def post_enrolment(request: Request) -> Response:
        body = await read_body(request)
        return await run_in_threadpool(_enrol, office, body)

    @router.post(
        "/ledgers/{ledger_id}/entries",
        summary="A contiguous run of entries, compressed and signed.",
        openapi_extra=body_of(None),
        responses=answers(UploadAnswer, 400, 401, 403, 409, 413),
    )
    async def post_entries(ledger_id: str, request: Request) -> Response:
        body = await read_body(request)
        return await run_in_threadpool(_upload, office, LedgerId(ledger_id), request, body)

    @router.get(
        "/ledgers/{ledger_id}/changes",
        summary="The documents that changed after a number, oldest first.",
        responses=answers(ChangesPage, 400, 401, 403, 410),
    )
    async def get_changes(ledger_id: str, request: Request, after: int = 0) -> Response:
        return await run_in_threadpool(_changes, office, LedgerId(ledger_id), request, after)

    return router


async def read_body(request: Request) -> bytes:
    """Return the body of a request; raises RequestRefused as soon as it is larger than the protocol allows."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise RequestRefused("too_large")
    return bytes(body)


def _enrol(office: Office, body: bytes) -> Response:
    try:
        wanted = msgspec.json.decode(body, type=EnrolmentRequest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestRefused("malformed") from None
    with office.database.write() as connection:
        answer = enrol(connection, office.keys, wanted, office.clock.now_ms())
    return _signed(office, ENROLMENT_LABEL, answer)


def _upload(office: Office, ledger_id: LedgerId, request: Request, body: bytes) -> Response:
    till = _who(office, ledger_id, request)
    if not is_signed_by(till.public_key, request.headers.get(SIGNATURE_HEADER, ""), BATCH_LABEL, body):
        raise RequestRefused("bad_signature")
    batch = read_batch(body)
    with office.database.write() as connection:
        result = receive(connection, ledger_id, batch, body, office.clock.now_ms())
    if isinstance(result, Fork):
        raise RequestRefused("fork", wanted=result.seq)
    return _signed(office, ANSWER_LABEL, result)


def _changes(office: Office, ledger_id: LedgerId, request: Request, after: int) -> Response:
    till = _who(office, ledger_id, request)
    if till.state is not LedgerState.ACTIVE:
        raise RequestRefused(till.state.value)
    if not 0 <= after <= _LARGEST_N:
        raise RequestRefused("malformed")
    now_ms = office.clock.now_ms()
    with office.database.read() as connection:
        if after > feed.newest(connection):
            raise RequestRefused("cursor_unknown")
        changes, more = feed.page(connection, ledger_id, till.outlet_id, after)
    if now_ms - till.last_contact > _CONTACT_STEP_MS:
        _note_contact(office.database, ledger_id, now_ms)
    page = ChangesPage(
        after=after,
        next=changes[-1].n if changes else after,
        more=more,
        server_time_ms=now_ms,
        changes=tuple(changes),
    )
    return _compressed(_signed(office, PAGE_LABEL, page), request.headers.get("accept-encoding", ""))


def _who(office: Office, ledger_id: LedgerId, request: Request) -> Till:
    with office.database.read() as connection:
        return authenticate(connection, ledger_id, request.headers.get("authorization", ""), office.clock.now_ms())


def _note_contact(database: Database, ledger_id: LedgerId, now_ms: int) -> None:
    ledger = tables.ledger
    with database.write() as connection:
        connection.execute(update(ledger).where(ledger.c.id == ledger_id).values(last_contact=now_ms))


def _compressed(response: Response, accepted: str) -> Response:
    """Return an answer compressed for a till that takes zstd; the signature covers the bytes before."""
    body = bytes(response.body)
    if "zstd" not in accepted or len(body) < _SMALLEST_COMPRESSED:
        return response
    headers = {SIGNATURE_HEADER: response.headers[SIGNATURE_HEADER], "Content-Encoding": "zstd"}
    return Response(zstandard.compress(body), media_type="application/json", headers=headers)


def _signed(office: Office, label: bytes, message: Message) -> Response:
    body = msgspec.json.encode(message)
    headers = {SIGNATURE_HEADER: office.keys.sign(label, body)}
    return Response(body, media_type="application/json", headers=headers)
