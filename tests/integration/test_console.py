"""The office console over real HTTP: sign-in, lock-out, forms, roles, decisions, and a real till's sale seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from kube_pos.texts import Texts
from kube_pos.upstream import tables
from kube_pos.upstream.console.officers import FREE_TRIES, IDLE_MS, LOCK_MS, OfficerRole, prove, put_officer, sign_in
from kube_pos.upstream.receipt_check import ReceiptCodeUnreadable
from tests.city_kit import City, open_city
from tests.upstream_kit import NOW_MS, SetClock, publish_two_months, serving

PASSWORD = "kata sandi yang panjang"  # noqa: S105 -- a test's own


class Console:
    def __init__(self, city: City, clock: SetClock, address: str) -> None:
        self.city, self.clock = city, clock
        self.client = httpx.Client(base_url=address)
        self.known: set[str] = set()

    def sign_in(self, name: str = "officer", password: str = PASSWORD) -> httpx.Response:
        self.know(name)
        return self.client.post("/console/sign-in", data={"name": name, "password": password})

    def know(self, name: str) -> None:
        if name not in self.known:
            self.known.add(name)
            with self.city.database.write() as connection:
                put_officer(connection, name, OfficerRole(name), PASSWORD, NOW_MS)

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="(\w+)"', self.client.get("/console").text)
        assert found is not None
        return found.group(1)

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.client.post(path, data={"csrf": self.csrf(), **form})


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_city(tmp_path) as city:
        publish_two_months(city.database)
        clock = SetClock()
        with serving(city.database, clock) as address:
            made = Console(city, clock, address)
            yield made
            made.client.close()


def test_nobody_sees_a_page_without_signing_in(console: Console) -> None:
    for path in ("/console", "/console/tills", "/console/exceptions", "/console/report.csv"):
        answer = console.client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


def test_a_session_has_a_strict_cookie_and_strict_headers_and_ends(console: Console) -> None:
    cookie = console.sign_in().headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    page = console.client.get("/console")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "script" not in page.text
    console.clock.at_ms += IDLE_MS + 1
    assert console.client.get("/console").status_code == 303


def test_a_cookie_goes_over_tls_only_but_on_the_machine_itself(console: Console) -> None:
    console.know("officer")
    form = {"name": "officer", "password": PASSWORD}
    answer = console.client.post("/console/sign-in", data=form, headers={"Host": "pos.example.go.id"})
    assert "Secure" in answer.headers["set-cookie"]
    answer = console.client.post("/console/sign-in", data=form, headers={"Host": "localhost.example.go.id:80"})
    assert "Secure" in answer.headers["set-cookie"]


def test_wrong_passwords_lock_an_officer_for_a_while(console: Console) -> None:
    for _ in range(FREE_TRIES):
        assert console.sign_in(password=PASSWORD[::-1]).status_code == 403
    assert console.sign_in().status_code == 403
    console.clock.at_ms += LOCK_MS + 1
    assert console.sign_in().status_code == 303


def test_a_password_is_compared_while_a_till_writes(console: Console) -> None:
    console.know("officer")
    with console.city.database.write():
        assert prove(console.city.database, "officer", PASSWORD).is_right
        assert not prove(console.city.database, "nobody", PASSWORD).is_right


def test_a_password_that_was_changed_meanwhile_opens_nothing(console: Console) -> None:
    console.know("officer")
    proof = prove(console.city.database, "officer", PASSWORD)
    with console.city.database.write() as connection:
        put_officer(connection, "officer", OfficerRole.VIEWER, PASSWORD[::-1], NOW_MS)
        assert sign_in(connection, proof, NOW_MS) is None


def test_a_form_of_another_site_or_role_changes_nothing(console: Console) -> None:
    till = console.city.till()
    console.sign_in("officer")
    form = {"till": till.ledger_id, "typed": "A01"}
    assert console.client.post("/console/tills/retire", data=form).status_code == 403
    assert console.post("/console/tills/retire", **form).status_code == 403
    foreign = {"sec-fetch-site": "cross-site"}
    data = {"name": "officer", "password": PASSWORD}
    assert console.client.post("/console/sign-in", data=data, headers=foreign).status_code == 403
    with console.city.database.read() as connection:
        assert connection.execute(select(tables.ledger.c.state)).scalar_one() == "active"


def test_an_administrator_retires_a_till_by_its_typed_code(console: Console) -> None:
    till = console.city.till()
    console.sign_in("administrator")
    assert console.post("/console/tills/free", till=till.ledger_id, typed="A01").status_code == 409
    assert console.post("/console/tills/retire", till=till.ledger_id, typed="A02").status_code == 400
    assert console.post("/console/tills/retire", till=till.ledger_id, typed="a01").status_code == 303
    with console.city.database.read() as connection:
        assert connection.execute(select(tables.ledger.c.state)).scalar_one() == "retired"


def test_a_sale_made_offline_is_seen_and_its_exception_decided_once(console: Console) -> None:
    till = console.city.till()
    till.shop(1)
    with console.city.database.write() as connection:
        connection.execute(tables.card.update().values(state="blocked", changed_at=0))
    till.push()
    assert "blocked_card" in console.city.matters()
    console.sign_in()
    assert "Rp75.000" in console.client.get("/console").text
    assert "75000" in console.client.get("/console/report.csv").text
    assert "Kartu tidak aktif saat belanja" in console.client.get("/console/exceptions").text
    form = {"exception": "1", "decision": "accepted", "note": "<b>sudah dicek</b>"}
    assert console.post("/console/exceptions", **{**form, "note": " "}).status_code == 400
    assert console.post("/console/exceptions", **form).status_code == 303
    assert console.post("/console/exceptions", **form).status_code == 409
    with console.city.database.read() as connection:
        made = connection.execute(select(tables.exception_decision)).one()
        assert (made.officer, made.decision, made.note) == ("officer", "accepted", "<b>sudah dicek</b>")
        said = connection.execute(select(tables.audit.c.action).where(tables.audit.c.actor == "officer")).scalars()
        assert {"signed_in", "exception_decided"} <= set(said)


def test_the_language_is_switched(console: Console) -> None:
    assert "Masuk" in console.client.get("/console/sign-in").text
    console.client.post("/console/language", data={"language": "en"})
    assert "Sign in" in console.client.get("/console/sign-in").text


def test_a_typed_receipt_code_is_judged(console: Console) -> None:
    console.sign_in("viewer")
    page = console.post("/console/receipts", code="<i>bukan kode</i>")
    assert page.status_code == 200
    assert Texts("id").error(ReceiptCodeUnreadable()) in page.text
    assert "<i>" not in page.text
