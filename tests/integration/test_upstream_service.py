"""A till and a real upstream on a loopback socket: enrol, pull, upload, and everything that goes wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.documents import Card, CardState, Recipient, RecipientState, Share
from kube_pos.ledger.ids import LedgerId, OutletId, RecipientId
from kube_pos.sync import wire
from kube_pos.upstream import tables
from kube_pos.upstream.database import Database
from kube_pos.upstream.enrolment import CODE_LIFE_MS
from kube_pos.upstream.families import replace_card, set_card_state, set_recipient_state
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.ledgers import free_frozen, retire
from tests.upstream_kit import (
    MONTHLY,
    NOW_MS,
    PALARAN,
    SEBERANG,
    SetClock,
    TestTill,
    new_code,
    open_small_city,
    problem,
    publish_two_months,
    redemption,
    reversal,
    serving,
    spent_of,
)


@dataclass
class World:
    database: Database
    keys: Keys
    clock: SetClock
    client: httpx.Client

    def till(self, outlet_id: OutletId = PALARAN) -> TestTill:
        till = self.stranger()
        assert till.enrol(new_code(self.database, self.keys, outlet_id, self.clock.now_ms())).status_code == 200
        return till

    def stranger(self) -> TestTill:
        return TestTill(self.client, SetClock(self.clock.now_ms()))

    def count(self, table: str) -> int:
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one())

    def exceptions(self) -> list[str]:
        with self.database.read() as connection:
            return list(connection.execute(select(tables.exception.c.code).order_by(tables.exception.c.id)).scalars())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database, keys = open_small_city(tmp_path / "office.db")
    publish_two_months(database)
    clock = SetClock()
    with serving(database, clock) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield World(database, keys, clock, client)
    database.close()


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


class TestUpload:
    def test_entries_are_acknowledged_and_their_effects_stored(self, world: World) -> None:
        till = world.till()
        till.journal(redemption(world.keys, 1, [(1, MONTHLY), (2, 50_000)]))
        answer = till.answer(till.upload())
        assert (answer.acked, answer.head, answer.verdicts) == (1, till.heads[-1].hex(), ())
        assert (spent_of(world.database, 1), spent_of(world.database, 2)) == (MONTHLY, 50_000)

    def test_the_same_entries_again_change_nothing(self, world: World) -> None:
        till = world.till()
        till.journal(redemption(world.keys, 1, [(1, 10_000)], sale="a"), redemption(world.keys, 2, [(3, 9)], sale="b"))
        first = till.upload()
        assert till.upload().content == first.content
        till.journal(redemption(world.keys, 1, [(2, 5_000)], sale="c"))
        assert till.answer(till.upload(first=2)).acked == 3
        assert [spent_of(world.database, row) for row in (1, 2, 3)] == [10_000, 5_000, 9]
        assert world.count("entry") == 3

    def test_the_same_batch_twice_at_once_is_counted_once(self, world: World) -> None:
        till = world.till()
        till.journal(*(redemption(world.keys, 1, [(1, 1_000)], sale=f"s{n}") for n in range(20)))
        body = zstandard.compress(msgspec.msgpack.encode(till.batch()))
        found: list[bytes] = []
        threads = [threading.Thread(target=lambda: found.append(till.post_raw(body).content)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 6
        assert len(set(found)) == 1
        assert spent_of(world.database, 1) == 20_000

    def test_a_gap_names_the_number_that_is_wanted(self, world: World) -> None:
        till = world.till()
        till.journal(*(redemption(world.keys, 1, [(1, 1)], sale=f"s{n}") for n in range(3)))
        found = problem(till.upload(first=3))
        assert (found.status, found.code, found.wanted) == (409, "gap", 1)

    def test_two_journals_of_one_ledger_are_a_fork(self, world: World) -> None:
        till = world.till()
        copy = TestTill(world.client, till.clock, key=till.key, upstream_key=till.upstream_key)
        assert copy.ledger_id == till.ledger_id
        till.journal(redemption(world.keys, 1, [(1, 1_000)], sale="a"))
        copy.journal(redemption(world.keys, 1, [(1, 2_000)], sale="b"))
        till.answer(till.upload())
        for _ in range(2):
            found = problem(copy.upload())
            assert (found.status, found.code, found.wanted) == (409, "fork", 1)
        assert world.exceptions() == ["fork"]
        assert world.count("fork_evidence") == 1
        assert spent_of(world.database, 1) == 1_000
        assert problem(till.changes()).code == "quarantined"
        assert till.answer(till.upload()).acked == 1
        till.journal(redemption(world.keys, 1, [(1, 3_000)], sale="c"))
        assert problem(till.upload()).code == "fork"
        assert world.count("fork_evidence") == 2

    def test_another_past_is_a_fork_too(self, world: World) -> None:
        till = world.till()
        till.journal(redemption(world.keys, 1, [(1, 1)], sale="a"))
        till.answer(till.upload())
        till.heads[1] = bytes(32)
        till.append(b"{}")
        assert problem(till.upload(first=2)).code == "fork"

    def test_an_unreadable_entry_never_blocks_the_rest(self, world: World) -> None:
        till = world.till()
        for body in (b"", b"\xff\xfe", b'{"kind":"FromTheFuture"}', b"[" * 5000):
            till.append(body)
        till.journal(redemption(world.keys, 1, [(1, 700)]))
        answer = till.answer(till.upload())
        assert answer.acked == 5
        assert answer.verdicts == tuple(wire.Verdict(seq=seq, codes=("unreadable",)) for seq in (1, 2, 3, 4))
        assert spent_of(world.database, 1) == 700
        with world.database.read() as connection:
            assert (
                connection.execute(select(tables.entry.c.body).where(tables.entry.c.seq == 2)).scalar_one()
                == b"\xff\xfe"
            )

    def test_a_huge_body_is_refused(self, world: World) -> None:
        till = world.till()
        assert problem(till.post_raw(bytes(wire.MAX_BODY_BYTES + 1))).code == "too_large"

    def test_a_bomb_is_refused(self, world: World) -> None:
        till = world.till()
        assert problem(till.post_raw(zstandard.compress(bytes(500 * 1024 * 1024)))).code == "too_large"

    def test_bodies_that_are_no_batch(self, world: World) -> None:
        till = world.till()
        till.append(b"{}")
        good = msgspec.msgpack.encode(till.batch())
        bad_head = wire.Batch(0, 1, till.heads[0], (b"x",), bytes(32))
        bodies = [b"", b"no zstd", zstandard.compress(b"\xc1"), zstandard.compress(good)[:-5]]
        bodies += [zstandard.compress(msgspec.msgpack.encode(batch)) for batch in (bad_head, [], [0, 1, b"", [], b""])]
        assert [problem(till.post_raw(body)).code for body in bodies] == ["malformed"] * len(bodies)
        future = wire.Batch(9, 1, till.heads[0], (b"{}",), till.heads[1])
        found = problem(till.post_raw(zstandard.compress(msgspec.msgpack.encode(future))))
        assert found.code == "unknown_protocol"

    def test_a_batch_of_another_key_is_refused(self, world: World) -> None:
        till = world.till()
        till.append(b"{}")
        body = zstandard.compress(msgspec.msgpack.encode(till.batch()))
        assert problem(till.post_raw(body, signer=Ed25519PrivateKey.generate())).code == "bad_signature"
        assert world.count("entry") == 0

    def test_no_two_tills_spend_more_than_the_row_unseen(self, world: World) -> None:
        home, away = world.till(PALARAN), world.till(SEBERANG)
        home.journal(redemption(world.keys, 1, [(1, MONTHLY)], sale="home"))
        away.journal(redemption(world.keys, 1, [(1, 1)], sale="away"))
        assert home.answer(home.upload()).verdicts == ()
        answer = away.answer(away.upload())
        assert answer.verdicts == (wire.Verdict(seq=1, codes=("no_share", "overdrawn")),)
        assert world.exceptions() == ["overdrawn", "no_share"]

    def test_a_reversal_gives_the_share_back_once(self, world: World) -> None:
        till = world.till()
        till.journal(redemption(world.keys, 1, [(1, 400), (2, 600)]), reversal(1), reversal(1), reversal(77))
        codes = {verdict.seq: verdict.codes for verdict in till.answer(till.upload()).verdicts}
        assert codes == {3: ("already_reversed",), 4: ("unknown_sale",)}
        assert (spent_of(world.database, 1), spent_of(world.database, 2)) == (0, 0)

    def test_one_sale_under_two_numbers_is_counted_once(self, world: World) -> None:
        till = world.till()
        sale = redemption(world.keys, 1, [(1, 400)], sale="one")
        till.journal(sale, sale)
        assert till.answer(till.upload()).verdicts == (wire.Verdict(seq=2, codes=("duplicate_sale",)),)
        assert spent_of(world.database, 1) == 400

    def test_a_sale_on_a_card_blocked_before_it_is_an_exception(self, world: World) -> None:
        till = world.till()
        with world.database.write() as connection:
            set_card_state(connection, card_token(world.keys.city, card_number(1)), CardState.LOST, NOW_MS)
        till.journal(
            redemption(world.keys, 1, [(1, 5)], sale="before", at=NOW_MS - 1),
            redemption(world.keys, 1, [(1, 5)], sale="after", at=NOW_MS),
            redemption(world.keys, 2, [(3, 5)], sale="unknown", card=999),
        )
        found = {verdict.seq: verdict.codes for verdict in till.answer(till.upload()).verdicts}
        assert found == {2: ("blocked_card",), 3: ("unknown_card",)}

    def test_what_can_t_be_right_is_kept_and_named(self, world: World) -> None:
        till = world.till()
        till.journal(
            redemption(world.keys, 1, [(1, -5)], sale="negative"),
            redemption(world.keys, 1, [(1, 2**70)], sale="endless"),
            redemption(world.keys, 1, [(999, 5)], sale="no such row"),
            redemption(world.keys, 2, [(1, 5)], sale="wrong family"),
            redemption(world.keys, 1, [(1, 5)], sale="tomorrow", at=NOW_MS + 3_600_000),
        )
        found = {verdict.seq: verdict.codes for verdict in till.answer(till.upload()).verdicts}
        assert found == {
            1: ("implausible",),
            2: ("implausible",),
            3: ("unknown_entitlement",),
            4: ("wrong_family",),
            5: ("clock_suspect",),
        }
        assert spent_of(world.database, 1) == 10

    def test_a_retired_till_may_still_tell_what_it_sold_but_learns_nothing(self, world: World) -> None:
        till = world.till()
        with world.database.write() as connection:
            retire(connection, till.ledger_id, "petugas", NOW_MS)
        assert problem(till.changes()).code == "retired"
        till.journal(redemption(world.keys, 1, [(1, 5)]))
        assert till.answer(till.upload()).verdicts == (wire.Verdict(seq=1, codes=("retired_ledger",)),)
        assert spent_of(world.database, 1) == 5

    def test_freed_shares_go_to_the_next_till_with_what_was_spent(self, world: World) -> None:
        old = world.till()
        old.journal(redemption(world.keys, 1, [(1, 100_000), (2, MONTHLY)]))
        old.answer(old.upload())
        with world.database.write() as connection:
            retire(connection, old.ledger_id, "petugas", NOW_MS)
        frozen = _shares(world.till())
        assert frozen[1] == (0, 100_000)
        with world.database.write() as connection:
            assert len(free_frozen(connection, LedgerId(old.ledger_id), "petugas", NOW_MS)) == 3
        fresh = _shares(world.till())
        assert fresh[1] == (MONTHLY - 100_000, 100_000)
        assert fresh[2] == (0, MONTHLY)
        assert fresh[3] == (MONTHLY, 0)

    def test_a_poll_notes_the_contact(self, world: World) -> None:
        till = world.till()
        world.clock.at_ms += 90_000
        assert till.changes().status_code == 200
        with world.database.read() as connection:
            assert connection.execute(select(tables.ledger.c.last_contact)).scalar_one() == NOW_MS + 90_000


class TestService:
    def test_health_and_description(self, world: World) -> None:
        assert world.client.get("/v1/health").json() == {"status": "ok", "server_time_ms": NOW_MS}
        paths = world.client.get("/openapi.json").json()["paths"]
        assert set(paths) == {
            "/v1/health",
            "/v1/enrolments",
            "/v1/ledgers/{ledger_id}/entries",
            "/v1/ledgers/{ledger_id}/changes",
        }
        assert "acked" in str(paths["/v1/ledgers/{ledger_id}/entries"]["post"]["responses"]["200"])

    def test_other_addresses_answer_with_problems(self, world: World) -> None:
        assert problem(world.client.get("/v2")).code == "not_found"
        assert problem(world.client.delete("/v1/health")).code == "method_not_allowed"


def _shares(till: TestTill) -> dict[int, tuple[int, int]]:
    """(granted, spent elsewhere) of each entitlement that the till was told of."""
    docs = [msgspec.json.decode(c.doc, type=Share) for c in till.pull() if c.kind == "share" and c.doc]
    return {doc.entitlement_id: (doc.granted, doc.spent_elsewhere) for doc in docs}
