"""The HTTP service of the office: the till's addresses, problem documents, and the OpenAPI description."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from kube_pos.clock import Clock
from kube_pos.sync.wire import PROTOCOL
from kube_pos.upstream.console.pages import make_console
from kube_pos.upstream.counter import Office
from kube_pos.upstream.database import Database
from kube_pos.upstream.keys import load_keys
from kube_pos.upstream.problems import MEDIA_TYPE, RequestRefused
from kube_pos.upstream.routes import make_router

_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}


def make_app(database: Database, clock: Clock) -> FastAPI:
    """Return the service on an open database; the keys are made at its first start."""
    with database.write() as connection:
        keys = load_keys(connection)
    app = FastAPI(title="kube-pos upstream", version=str(PROTOCOL))
    office = Office(database, keys, clock)
    app.include_router(make_router(office))
    app.include_router(make_console(office))

    @app.exception_handler(RequestRefused)
    async def _refused(_request: Request, error: RequestRefused) -> Response:
        return _problem(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, _error: RequestValidationError) -> Response:
        return _problem(RequestRefused("malformed"))

    @app.exception_handler(OperationalError)
    async def _busy(_request: Request, _error: OperationalError) -> Response:
        return _problem(RequestRefused("busy"))

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> Response:
        return _problem(RequestRefused(_BY_STATUS.get(error.status_code, "malformed")))

    return app


def _problem(error: RequestRefused) -> Response:
    return Response(error.body, status_code=error.problem.status, media_type=MEDIA_TYPE)
