"""The addresses that a till calls, under /v1. Bodies are msgspec messages; the work is done on worker threads.

A handler only reads the body and hands on to `counter`: no transaction is open while the network is waited for.
"""

from __future__ import annotations

import zstandard
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from kube_pos.ledger.ids import LedgerId
from kube_pos.sync.wire import (
    MAX_BODY_BYTES,
    SIGNATURE_HEADER,
    ChangesPage,
    EnrolmentAnswer,
    EnrolmentRequest,
    ShareAnswer,
    ShareRequest,
    UploadAnswer,
)
from kube_pos.upstream.counter import (
    Caller,
    Office,
    Signed,
    enrol_till,
    give_changes,
    take_entries,
    take_share_request,
)
from kube_pos.upstream.openapi import answers, body_of
from kube_pos.upstream.problems import RequestRefused

_SMALLEST_COMPRESSED = 256


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
        return _response(await run_in_threadpool(enrol_till, office, body))

    @router.post(
        "/ledgers/{ledger_id}/entries",
        summary="A contiguous run of entries, compressed and signed.",
        openapi_extra=body_of(None),
        responses=answers(UploadAnswer, 400, 401, 403, 409, 413),
    )
    async def post_entries(ledger_id: str, request: Request) -> Response:
        body = await read_body(request)
        return _response(await run_in_threadpool(take_entries, office, _caller(ledger_id, request), body))

    @router.post(
        "/ledgers/{ledger_id}/share-requests",
        summary="A family stands at this till and wants its share here; may be asked again.",
        openapi_extra=body_of(ShareRequest),
        responses=answers(ShareAnswer, 400, 401, 403, 413),
    )
    async def post_share_request(ledger_id: str, request: Request) -> Response:
        body = await read_body(request)
        return _response(await run_in_threadpool(take_share_request, office, _caller(ledger_id, request), body))

    @router.get(
        "/ledgers/{ledger_id}/changes",
        summary="The documents that changed after a number, oldest first.",
        responses=answers(ChangesPage, 400, 401, 403, 410),
    )
    async def get_changes(ledger_id: str, request: Request, after: int = 0) -> Response:
        page = await run_in_threadpool(give_changes, office, _caller(ledger_id, request), after)
        return _compressed(page, request.headers.get("accept-encoding", ""))

    return router


async def read_body(request: Request) -> bytes:
    """Return the body of a request; raises RequestRefused as soon as it is larger than the protocol allows."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise RequestRefused("too_large")
    return bytes(body)


def _caller(ledger_id: str, request: Request) -> Caller:
    headers = request.headers
    return Caller(LedgerId(ledger_id), headers.get("authorization", ""), headers.get(SIGNATURE_HEADER, ""))


def _compressed(answer: Signed, accepted: str) -> Response:
    """Return an answer compressed for a till that takes zstd; the signature covers the bytes before."""
    if "zstd" not in accepted or len(answer.body) < _SMALLEST_COMPRESSED:
        return _response(answer)
    headers = {SIGNATURE_HEADER: answer.signature, "Content-Encoding": "zstd"}
    return Response(zstandard.compress(answer.body), media_type="application/json", headers=headers)


def _response(answer: Signed) -> Response:
    return Response(answer.body, media_type="application/json", headers={SIGNATURE_HEADER: answer.signature})
