"""Entries on their way to a real upstream: taken once, in order, with their effects, whatever goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.documents import CardState
from kube_pos.ledger.entries import DataMismatchReport, Mismatch, Restored, ShareReleased
from kube_pos.ledger.ids import LedgerId
from kube_pos.sync import wire
from kube_pos.upstream import tables
from kube_pos.upstream.families import set_card_state
from kube_pos.upstream.ledgers import free_frozen, retire
from kube_pos.upstream.shares import free_of_outlet, grant
from tests.postgres_kit import OfficeIn
from tests.upstream_kit import (
    MONTHLY,
    NOW_MS,
    PALARAN,
    SEBERANG,
    TestTill,
    World,
    problem,
    redemption,
    reversal,
    shares_of,
    small_world,
    spent_of,
)


@pytest.fixture
def world(tmp_path: Path, office_in: OfficeIn) -> Iterator[World]:
    with small_world(office_in(tmp_path)) as made:
        yield made


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

    def test_a_reversal_in_a_later_batch_gives_back_too(self, world: World) -> None:
        till = world.till()
        till.journal(redemption(world.keys, 1, [(1, 400), (2, 600)]))
        till.answer(till.upload())
        till.journal(reversal(1))
        assert till.answer(till.upload(first=2)).verdicts == ()
        assert (spent_of(world.database, 1), spent_of(world.database, 2)) == (0, 0)

    def test_what_a_till_releases_goes_to_the_next_one(self, world: World) -> None:
        first, second = world.till(), world.till()
        assert shares_of(second)[1] == (0, 0)
        released = {"day": date(2026, 11, 24), "by": 1, "entitlement": 1}
        first.journal(ShareReleased(at=NOW_MS, released=100_000, **released))  # type: ignore[arg-type]
        first.answer(first.upload())
        with world.database.write() as connection:
            free = [row for row in free_of_outlet(connection, PALARAN) if row.entitlement_id == 1]
            grant(connection, second.ledger_id, free)
        assert shares_of(second)[1] == (100_000, 0)
        first.journal(
            ShareReleased(at=NOW_MS, released=50_000, **released),  # type: ignore[arg-type]
            ShareReleased(at=NOW_MS, released=MONTHLY + 1, **released),  # type: ignore[arg-type]
        )
        assert first.answer(first.upload()).verdicts == (wire.Verdict(seq=3, codes=("no_share",)),)

    def test_reports_and_restored_journals_are_the_officer_s_matter(self, world: World) -> None:
        till = world.till()
        common = {"at": NOW_MS, "day": date(2026, 11, 24), "by": 1}
        till.journal(
            DataMismatchReport(ticket="A01-T1", category=Mismatch.MOVED, recipient=1, **common),  # type: ignore[arg-type]
            Restored(previous=LedgerId("old"), previous_seq=7, **common),  # type: ignore[arg-type]
        )
        assert till.answer(till.upload()).verdicts == ()
        assert world.exceptions() == ["data_mismatch", "restored"]

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
        second = world.till()
        frozen = shares_of(second)
        assert frozen[1] == (0, 100_000)
        with world.database.write() as connection:
            assert len(free_frozen(connection, LedgerId(old.ledger_id), "petugas", NOW_MS)) == 3
        fresh = shares_of(second)
        assert fresh[1] == (MONTHLY - 100_000, 100_000)
        assert fresh[2] == (0, MONTHLY)
        assert fresh[3] == (MONTHLY, 0)

    def test_a_poll_notes_the_contact(self, world: World) -> None:
        till = world.till()
        world.clock.at_ms += 90_000
        assert till.changes().status_code == 200
        with world.database.read() as connection:
            assert connection.execute(select(tables.ledger.c.last_contact)).scalar_one() == NOW_MS + 90_000
