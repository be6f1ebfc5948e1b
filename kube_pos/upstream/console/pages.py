"""The console's addresses under /console: forms and pages only, no script, every change with a token of the session."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from jinja2 import Environment, PackageLoader

from kube_pos.errors import KubePosError
from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.quantity import format_number, format_rupiah
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.upstream.console import figures, officers
from kube_pos.upstream.console.officers import OfficerRole, Signed
from kube_pos.upstream.counter import Office
from kube_pos.upstream.errors import TillNotRetired
from kube_pos.upstream.ledgers import free_frozen, retire
from kube_pos.upstream.receipt_check import check_receipt
from kube_pos.upstream.reports import as_csv, report

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000",
}
COOKIE = "kube_console"
_LANGUAGE = "kube_language"
_MOST_BYTES = 20_000
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
Form = dict[str, str]
Page = Callable[["Desk", Signed, Form], Response]


class Desk:
    """One request's view of the office: its language and how pages are made."""

    def __init__(self, office: Office, templates: Environment, request: Request) -> None:
        """Take what a page needs; the language is the cookie's, else Indonesian."""
        self.office = office
        self.now_ms = office.clock.now_ms()
        self.request = request
        spoken = request.cookies.get(_LANGUAGE, LANGUAGES[0])
        self.texts = Texts(spoken if spoken in LANGUAGES else LANGUAGES[0])
        self._templates = templates

    def page(self, name: str, signed: Signed | None, status: int = 200, **facts: Any) -> Response:
        """Return a page with the headers that all of them carry."""
        body = self._templates.get_template(f"{name}.html").render(
            t=self.texts.say,
            moment=self.texts.moment,
            number=format_number,
            rupiah=format_rupiah,
            signed=signed,
            language=self.texts.language,
            page=name,
            **facts,
        )
        return Response(body, status, HEADERS, "text/html; charset=utf-8")

    def refuse(self, signed: Signed | None, status: int, key: str) -> Response:
        """Return a page that says why something was not done."""
        return self.page("refused", signed, status, sentence=self.texts.say(key))


def make_console(office: Office) -> APIRouter:
    """Return the console's addresses, bound to an office."""
    router = APIRouter(prefix="/console", include_in_schema=False)
    templates = Environment(loader=PackageLoader("kube_pos.upstream.console"), autoescape=True)
    style = (resources.files("kube_pos.upstream.console") / "static" / "console.css").read_bytes()

    @router.get("/console.css")
    async def css() -> Response:
        return Response(style, 200, {"X-Content-Type-Options": "nosniff"}, "text/css; charset=utf-8")

    @router.get("/sign-in")
    async def sign_in_page(request: Request) -> Response:
        return Desk(office, templates, request).page("sign_in", None, failed=False)

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        return await run_in_threadpool(_sign_in, Desk(office, templates, request), await _form(request))

    @router.post("/language")
    async def language(request: Request) -> Response:
        chosen = (await _form(request)).get("language", "")
        answer = _go("/console")
        if chosen in LANGUAGES:
            answer.set_cookie(_LANGUAGE, chosen, httponly=True, samesite="lax", secure=_is_secure(request))
        return answer

    def get(path: str, page: Page, role: OfficerRole = OfficerRole.VIEWER) -> None:
        async def handler(request: Request) -> Response:
            return await run_in_threadpool(_enter, Desk(office, templates, request), page, role, None)

        router.get(path)(handler)

    def post(path: str, page: Page, role: OfficerRole) -> None:
        async def handler(request: Request) -> Response:
            form = await _form(request)
            return await run_in_threadpool(_enter, Desk(office, templates, request), page, role, form)

        router.post(path)(handler)

    get("", _overview)
    get("/tills", _tills)
    get("/exceptions", _exceptions)
    get("/report.csv", _report)
    get("/receipts", _receipts)
    post("/receipts", _check, OfficerRole.VIEWER)
    post("/exceptions", _decide, OfficerRole.OFFICER)
    post("/tills/retire", _retire, OfficerRole.ADMINISTRATOR)
    post("/tills/free", _free, OfficerRole.ADMINISTRATOR)
    post("/sign-out", _sign_out, OfficerRole.VIEWER)
    return router


def _enter(desk: Desk, page: Page, role: OfficerRole, form: Form | None) -> Response:
    """Let a signed-in officer of the role in; a form must carry the session's token."""
    token = desk.request.cookies.get(COOKIE, "")
    with desk.office.database.read() as connection:
        found = officers.session_of(connection, token, desk.now_ms)
    if found is None:
        return _go("/console/sign-in")
    signed, is_due = found
    if form is not None and not _same(form.get("csrf", ""), signed.csrf):
        return desk.refuse(signed, 403, "console.refused_form")
    if not signed.may(role):
        return desk.refuse(signed, 403, "console.refused_role")
    if is_due:
        with desk.office.database.write() as connection:
            officers.mark_seen(connection, token, desk.now_ms)
    return page(desk, signed, form or {})


def _sign_in(desk: Desk, form: Form) -> Response:
    # A page of another site can't sign anybody in: a browser says where a form comes from.
    if desk.request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return desk.refuse(None, 403, "console.refused_form")
    proof = officers.prove(desk.office.database, form.get("name", ""), form.get("password", ""))
    with desk.office.database.write() as connection:
        signed = officers.sign_in(connection, proof, desk.now_ms)
    if signed is None:
        return desk.page("sign_in", None, 403, failed=True)
    answer = _go("/console")
    answer.set_cookie(
        COOKIE, signed.token, path="/console", httponly=True, samesite="strict", secure=_is_secure(desk.request)
    )
    return answer


def _sign_out(desk: Desk, signed: Signed, _form: Form) -> Response:
    with desk.office.database.write() as connection:
        officers.sign_out(connection, signed, desk.now_ms)
    answer = _go("/console/sign-in")
    answer.delete_cookie(COOKIE, path="/console")
    return answer


def _overview(desk: Desk, signed: Signed, _form: Form) -> Response:
    with desk.office.database.read() as connection:
        places = figures.districts(connection)
        lines = report(connection)
        tills = figures.tills(connection)
        matters = figures.open_count(connection)
    money: dict[tuple[str, int, str], list[int]] = {}
    for line in lines:
        if line.unit == "rupiah":
            sums = money.setdefault((line.fund, line.budget_year, line.month), [0, 0])
            sums[0] += line.entitled
            sums[1] += line.used
    silent = [till for till in tills if till.state == "active" and till.last_contact < desk.now_ms - figures.SILENT_MS]
    most = max((place.families for place in places), default=1)
    return desk.page(
        "overview", signed, places=places, most=most, money=sorted(money.items()), silent=silent, matters=matters
    )


def _tills(desk: Desk, signed: Signed, _form: Form) -> Response:
    with desk.office.database.read() as connection:
        return desk.page("tills", signed, tills=figures.tills(connection))


def _exceptions(desk: Desk, signed: Signed, _form: Form) -> Response:
    with desk.office.database.read() as connection:
        matters, total = figures.open_matters(connection), figures.open_count(connection)
    return desk.page(
        "exceptions", signed, matters=matters, total=total, decisions=figures.DECISIONS, now_ms=desk.now_ms
    )


def _decide(desk: Desk, signed: Signed, form: Form) -> Response:
    number, decision, words = form.get("exception", ""), form.get("decision", ""), form.get("note", "").strip()
    if not number.isdecimal() or decision not in figures.DECISIONS or not 0 < len(words) <= 500:
        return desk.refuse(signed, 400, "console.refused_note")
    with desk.office.database.write() as connection:
        is_done = figures.decide(connection, int(number), signed.name, decision, words, desk.now_ms)
    return _go("/console/exceptions") if is_done else desk.refuse(signed, 409, "console.refused_decided")


def _retire(desk: Desk, signed: Signed, form: Form) -> Response:
    return _with_till(desk, signed, form, retire)


def _free(desk: Desk, signed: Signed, form: Form) -> Response:
    return _with_till(desk, signed, form, free_frozen)


def _with_till(desk: Desk, signed: Signed, form: Form, deed: Callable[..., object]) -> Response:
    """Do something to the till that the form names; its code must be typed again."""
    with desk.office.database.read() as connection:
        known = {till.id: till.terminal for till in figures.tills(connection)}
    ledger_id = form.get("till", "")
    if ledger_id not in known or form.get("typed", "").strip().upper() != known[ledger_id]:
        return desk.refuse(signed, 400, "console.refused_till")
    try:
        with desk.office.database.write() as connection:
            deed(connection, LedgerId(ledger_id), signed.name, desk.now_ms)
    except TillNotRetired as error:
        return desk.page("refused", signed, 409, sentence=desk.texts.error(error))
    return _go("/console/tills")


def _report(desk: Desk, _signed: Signed, _form: Form) -> Response:
    with desk.office.database.read() as connection:
        text = as_csv(report(connection))
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="laporan.csv"'}
    return Response(text.encode("utf-8-sig"), 200, headers, "text/csv; charset=utf-8")


def _receipts(desk: Desk, signed: Signed, _form: Form) -> Response:
    return desk.page("receipts", signed, sentences=[])


def _check(desk: Desk, signed: Signed, form: Form) -> Response:
    say = desk.texts.say
    try:
        with desk.office.database.read() as connection:
            checked = check_receipt(connection, form.get("code", "").strip())
    except KubePosError as error:
        return desk.page("receipts", signed, sentences=[desk.texts.error(error)])
    code = checked.code
    valid = say(
        "upstream_receipt.valid_copy" if code.copy else "upstream_receipt.valid",
        receipt=code.receipt,
        terminal=checked.terminal,
        outlet=checked.outlet,
        amount=format_rupiah(code.rupiah),
        copy=code.copy,
    )
    stored = say("upstream_receipt.stored" if checked.is_stored else "upstream_receipt.not_yet")
    return desk.page("receipts", signed, sentences=[valid, stored])


async def _form(request: Request) -> Form:
    """Return a form's fields; one that is too large or no text has none, and is refused for its missing token."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return {}
    try:
        return {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=20).items()}
    except ValueError:
        return {}


def _go(place: str) -> Response:
    return Response(status_code=303, headers={**HEADERS, "Location": place})


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _is_secure(request: Request) -> bool:
    """Tell whether cookies go over TLS only: always, but for a browser on the office's own machine."""
    host = request.headers.get("host", "")
    return host.rpartition(":")[0] not in _LOOPBACK
