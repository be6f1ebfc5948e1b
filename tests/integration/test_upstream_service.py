"""A till and a real upstream on a loopback socket: who is taken in, who may ask, and what a till is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zstandard
from sqlalchemy import select

from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.documents import Card, CardState, Recipient, RecipientState, Share
from kube_pos.ledger.ids import RecipientId
from kube_pos.sync import wire
from kube_pos.upstream import tables
from kube_pos.upstream.enrolment import CODE_LIFE_MS
from kube_pos.upstream.families import replace_card, set_card_state, set_recipient_state
from tests.postgres_kit import OfficeIn
from tests.upstream_kit import (
    MONTHLY,
    NOW_MS,
    PALARAN,
    SEBERANG,
    World,
    new_code,
    problem,
    small_world,
)


@pytest.fixture
def world(tmp_path: Path, office_in: OfficeIn) -> Iterator[World]:
    with small_world(office_in(tmp_path)) as made:
        yield made


class TestEnrolment:
    def test_a_till_is_taken_in_once_with_its_terminal_and_its_shares(self, world: World) -> None:
        till = world.stranger()
        code = new_code(world.database, world.keys, PALARAN)
        response = till.enrol(code)
        answer = msgspec.json.decode(response.content, type=wire.EnrolmentAnswer)
        assert (answer.terminal, answer.outlet_id, answer.server_time_ms) == ("A01", PALARAN, NOW_MS)
        assert wire.from_base64(answer.city_key) == world.keys.city
        shares = [msgspec.json.decode(c.doc, type=Share) for c in till.pull() if c.kind == "share" and c.doc]
        assert {(share.entitlement_id, share.granted) for share in shares} == {(n, MONTHLY) for n in (1, 2, 3, 4)}

    def test_the_same_till_may_ask_again_but_no_other_one(self, world: World) -> None:
        first, second = world.stranger(), world.stranger()
        code = new_code(world.database, world.keys, PALARAN)
        assert first.enrol(code).content == first.enrol(code.lower()).content
        assert problem(second.enrol(code)).code == "bad_code"
        assert world.count("ledger") == 1

    def test_a_code_expires(self, world: World) -> None:
        code = new_code(world.database, world.keys, PALARAN)
        world.clock.at_ms += CODE_LIFE_MS
        assert problem(world.stranger().enrol(code)).code == "bad_code"

    def test_one_code_shown_to_two_tills_at_once_takes_one_in(self, world: World) -> None:
        code = new_code(world.database, world.keys, PALARAN)
        tills = [world.stranger() for _ in range(4)]
        found: list[int] = []
        threads = [threading.Thread(target=lambda t=till: found.append(t.enrol(code).status_code)) for till in tills]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [200, 403, 403, 403]

    def test_a_ledger_is_never_enrolled_twice(self, world: World) -> None:
        till = world.till()
        assert problem(till.enrol(new_code(world.database, world.keys, SEBERANG))).code == "ledger_known"

    def test_terminals_are_unique_over_the_city(self, world: World) -> None:
        world.till(PALARAN)
        world.till(SEBERANG)
        with world.database.read() as connection:
            found = connection.execute(select(tables.ledger.c.terminal).order_by(tables.ledger.c.terminal_no)).scalars()
            assert list(found) == ["A01", "A02"]

    @pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"code": 1}', b"\xff\xfe", b"nothing"])
    def test_a_malformed_request_is_refused(self, world: World, body: bytes) -> None:
        assert problem(world.client.post("/v1/enrolments", content=body)).code == "malformed"

    def test_a_key_of_the_wrong_length_is_refused(self, world: World) -> None:
        code = new_code(world.database, world.keys, PALARAN)
        request = {"code": code, "ledger_id": "x", "public_key": "AAAA", "device_name": "", "program_version": ""}
        assert problem(world.client.post("/v1/enrolments", json=request)).code == "malformed"


class TestChanges:
    def test_a_till_gets_its_own_families_and_only_tokens_of_others(self, world: World) -> None:
        changes = world.till(PALARAN).pull()
        recipients = {change.key for change in changes if change.kind == "recipient"}
        assert recipients == {"1", "2"}
        assert b"Ibu 3" not in b"".join(change.doc for change in changes if change.doc)
        cards = {c.key: msgspec.json.decode(c.doc, type=Card) for c in changes if c.kind == "card" and c.doc}
        own, foreign = (cards[card_token(world.keys.city, card_number(number))] for number in (1, 3))
        assert (own.recipient_id, own.last4, own.outlet_id) == (1, card_number(1).last4, PALARAN)
        assert (foreign.recipient_id, foreign.last4, foreign.outlet_id) == (None, "", SEBERANG)
        assert len([change for change in changes if change.kind == "card"]) == 4

    def test_nothing_new_is_an_empty_page(self, world: World) -> None:
        till = world.till()
        last = till.pull()[-1].n
        page = wire.read_page(till.changes(last).content)
        assert (page.after, page.next, page.more, page.changes) == (last, last, False, ())

    def test_a_blocked_card_reaches_every_till(self, world: World) -> None:
        tills = [world.till(PALARAN), world.till(SEBERANG)]
        before = [till.pull()[-1].n for till in tills]
        token = card_token(world.keys.city, card_number(1))
        with world.database.write() as connection:
            set_card_state(connection, token, CardState.BLOCKED, NOW_MS)
        for till, after in zip(tills, before, strict=True):
            (change,) = till.pull(after)
            assert change.doc is not None
            assert msgspec.json.decode(change.doc, type=Card).state is CardState.BLOCKED

    def test_a_replaced_card_and_its_new_one_reach_every_till(self, world: World) -> None:
        tills = [world.till(PALARAN), world.till(SEBERANG)]
        before = [till.pull()[-1].n for till in tills]
        old = card_token(world.keys.city, card_number(1))
        with world.database.write() as connection:
            new = replace_card(connection, world.keys, old, card_number(500), NOW_MS)
        for till, after, owner in zip(tills, before, (1, None), strict=True):
            cards = [msgspec.json.decode(change.doc, type=Card) for change in till.pull(after) if change.doc]
            assert [(card.token, card.state, card.recipient_id) for card in cards] == [
                (old, CardState.REPLACED, owner),
                (new, CardState.ACTIVE, owner),
            ]

    def test_a_family_on_hold_is_told_to_its_own_outlet_only(self, world: World) -> None:
        home, away = world.till(PALARAN), world.till(SEBERANG)
        places = home.pull()[-1].n, away.pull()[-1].n
        with world.database.write() as connection:
            set_recipient_state(connection, RecipientId(1), RecipientState.ON_HOLD, NOW_MS)
        (change,) = home.pull(places[0])
        assert change.doc is not None
        assert msgspec.json.decode(change.doc, type=Recipient).state is RecipientState.ON_HOLD
        assert away.pull(places[1]) == []

    def test_a_page_travels_compressed_to_a_till_that_can(self, world: World) -> None:
        till = world.till()
        headers = {"Authorization": f"Bearer {till.token()}", "Accept-Encoding": "zstd"}
        request = world.client.build_request("GET", f"/v1/ledgers/{till.ledger_id}/changes", headers=headers)
        response = world.client.send(request, stream=True)
        raw = b"".join(response.iter_raw())
        response.close()
        assert response.headers["content-encoding"] == "zstd"
        plain = zstandard.decompress(raw, max_output_size=wire.MAX_BODY_BYTES)
        signature = wire.from_base64(response.headers[wire.SIGNATURE_HEADER])
        world.keys.signing.public_key().verify(signature, wire.signed(wire.PAGE_LABEL, plain))
        assert wire.read_page(plain).changes
        assert len(raw) < len(plain)

    def test_a_place_that_was_never_given_asks_for_a_new_snapshot(self, world: World) -> None:
        till = world.till()
        assert problem(till.changes(till.pull()[-1].n + 1000)).code == "cursor_unknown"

    @pytest.mark.parametrize("after", ["-1", "x", "99999999999999999999999"])
    def test_a_malformed_place_is_refused(self, world: World, after: str) -> None:
        till = world.till()
        headers = {"Authorization": f"Bearer {till.token()}"}
        path = f"/v1/ledgers/{till.ledger_id}/changes"
        assert problem(world.client.get(path, params={"after": after}, headers=headers)).code == "malformed"


class TestWhoAsks:
    def test_a_wrong_clock_is_told_the_time(self, world: World) -> None:
        till = world.till()
        for shift in (-3_600_000, -600_000, 130_000, 3_600_000):
            found = problem(till.changes(token=till.token(issued_ms=NOW_MS + shift)))
            assert (found.status, found.code, found.server_time_ms) == (401, "clock_skew", NOW_MS)

    def test_two_minutes_are_tolerated(self, world: World) -> None:
        till = world.till()
        for shift in (-120_000, 119_000):
            assert till.changes(token=till.token(issued_ms=NOW_MS + shift)).status_code == 200

    def test_a_token_of_another_key_is_refused_before_its_clock(self, world: World) -> None:
        till, thief = world.till(), world.stranger()
        thief.ledger_id = till.ledger_id
        assert problem(thief.changes(token=thief.token(issued_ms=0))).code == "bad_signature"

    def test_tokens_that_are_none(self, world: World) -> None:
        till = world.till()
        tokens = [till.token(life_s=3600), till.token(aud="other"), till.token(iat="now"), "a.b.c", "x"]
        assert {problem(till.changes(token=token)).code for token in tokens} == {"bad_token"}
        assert problem(world.client.get(f"/v1/ledgers/{till.ledger_id}/changes")).code == "bad_token"

    def test_a_token_is_only_good_for_its_own_ledger(self, world: World) -> None:
        till = world.till()
        assert problem(till.changes(token=till.token(iss="another"))).code == "wrong_ledger"

    def test_an_unknown_ledger(self, world: World) -> None:
        till = world.stranger()
        found = problem(till.changes())
        assert (found.status, found.code) == (401, "unknown_ledger")


class TestService:
    def test_health_and_description(self, world: World) -> None:
        assert world.client.get("/v1/health").json() == {"status": "ok", "server_time_ms": NOW_MS}
        paths = world.client.get("/openapi.json").json()["paths"]
        assert set(paths) == {
            "/v1/health",
            "/v1/enrolments",
            "/v1/ledgers/{ledger_id}/entries",
            "/v1/ledgers/{ledger_id}/changes",
            "/v1/ledgers/{ledger_id}/share-requests",
        }
        assert "acked" in str(paths["/v1/ledgers/{ledger_id}/entries"]["post"]["responses"]["200"])

    def test_other_addresses_answer_with_problems(self, world: World) -> None:
        assert problem(world.client.get("/v2")).code == "not_found"
        assert problem(world.client.delete("/v1/health")).code == "method_not_allowed"
