"""A share from till to till: the journal's guard, what a recall is answered with, the request over real HTTP."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from kube_pos.errors import NotEnoughShare
from kube_pos.ledger import entries
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.documents import Recall
from kube_pos.ledger.entitlement import Allowed, Refusal, Refused
from kube_pos.ledger.entries import ShareReleased
from kube_pos.ledger.ids import CardToken, EntitlementId, OutletId, RecipientId
from kube_pos.ledger.ports import Use
from kube_pos.ledger.sqlite_replica import ReplicaChange
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.look_up import Visit, look_up
from kube_pos.operations.shares import SYSTEM, answer_recalls, may_be_served
from kube_pos.operations.till import Till
from kube_pos.share_asker import ShareAsker
from kube_pos.sync import wire
from kube_pos.sync.client import UpstreamClient
from kube_pos.sync.failures import Offline
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.wire import ShareAnswer, ShareRequest, ShareState
from kube_pos.texts import Texts
from kube_pos.upstream import tables
from kube_pos.upstream.commands import add_commands, run
from kube_pos.upstream.database import open_database
from kube_pos.upstream.enrolment import make_code
from tests.end2end.test_sync_office import RealTill
from tests.fakes import TODAY, CountingBytes, FixedClock
from tests.ledger_kit import CITY_KEY, RICE_BAG, Outlet
from tests.upstream_kit import MONTHLY, NOW_MS, PALARAN, SEBERANG, World, redemption, small_world
from tests.use_case_kit import scan, shop


@pytest.fixture
def outlet(tmp_path: Path) -> Iterator[Outlet]:
    made = Outlet(tmp_path)
    made.stock_up()
    made.card = made.family()  # type: ignore[attr-defined]
    yield made
    made.close()


def recalled(outlet: Outlet, row: EntitlementId, released: int, until_ms: int = 0) -> None:
    doc = Recall(entitlement_id=row, recipient_id=RecipientId(1), released=released, until_ms=until_ms)
    cursor = outlet.replica.cursor()
    body = wire.msgspec.json.encode(doc)
    outlet.replica.apply(cursor, cursor + 1, None, [ReplicaChange("recall", str(row), body)])


def release(outlet: Outlet, row: EntitlementId, total: int, granted: int) -> None:
    now = outlet.till.now_ms()
    outlet.journal.release(ShareReleased(at=now, day=TODAY, by=SYSTEM, entitlement=row, released=total), granted)


def use(outlet: Outlet, row: EntitlementId) -> Use:
    return outlet.journal.uses([row]).get(row, Use())


class TestJournal:
    def test_what_was_spent_is_never_released(self, outlet: Outlet) -> None:
        row = outlet.entitle()
        shop(outlet, outlet.card, (RICE_BAG, 1000))  # type: ignore[attr-defined]
        head = outlet.journal.head()
        with pytest.raises(NotEnoughShare) as caught:
            release(outlet, row, 225_001, 300_000)
        assert caught.value.facts == {"entitlement": row, "available": 225_000, "wanted": 225_001}
        assert outlet.journal.head() == head
        release(outlet, row, 225_000, 300_000)
        assert use(outlet, row) == Use(spent=75_000, released=225_000)
        assert verify(outlet.journal_file).is_clean

    def test_a_release_has_no_other_way_in(self, outlet: Outlet) -> None:
        entry = ShareReleased(at=outlet.till.now_ms(), day=TODAY, by=SYSTEM, entitlement=outlet.entitle(), released=1)
        with pytest.raises(TypeError):
            outlet.journal.append(entry)


class TestRecall:
    def test_what_is_left_is_released_once(self, outlet: Outlet) -> None:
        row = outlet.entitle()
        shop(outlet, outlet.card, (RICE_BAG, 1000))  # type: ignore[attr-defined]
        recalled(outlet, row, 300_000)
        woken = outlet.syncs_woken
        (stored,) = answer_recalls(outlet.till)
        assert isinstance(stored.entry, entries.ShareReleased)
        assert (stored.entry.released, stored.entry.by) == (225_000, SYSTEM)
        assert outlet.syncs_woken == woken + 1
        assert answer_recalls(outlet.till) == ()

    def test_a_part_is_released_when_a_part_is_asked(self, outlet: Outlet) -> None:
        row = outlet.entitle()
        recalled(outlet, row, 100_000)
        answer_recalls(outlet.till)
        assert use(outlet, row) == Use(released=100_000)

    def test_an_open_basket_of_the_family_holds_its_share(self, outlet: Outlet) -> None:
        row = outlet.entitle()
        recalled(outlet, row, 300_000)
        for body in (json.dumps({"recipient": 1}).encode(), b"no basket that can be read"):
            outlet.journal.save_basket(body)
            assert answer_recalls(outlet.till) == ()
        outlet.journal.save_basket(json.dumps({"recipient": 2}).encode())
        assert len(answer_recalls(outlet.till)) == 1

    def test_nobody_waits_for_an_old_recall(self, outlet: Outlet) -> None:
        row = outlet.entitle()
        recalled(outlet, row, 300_000, until_ms=outlet.clock.now_ms() - 1)
        assert answer_recalls(outlet.till) == ()

    def test_a_recall_is_no_small_document(self, outlet: Outlet) -> None:
        row = outlet.entitle()
        before = outlet.replica.catalogue()
        recalled(outlet, row, 300_000)
        assert outlet.replica.catalogue() is before
        cursor = outlet.replica.cursor()
        outlet.replica.apply(cursor, cursor + 1, None, [ReplicaChange("recall", str(row), None)])
        assert outlet.replica.recalls() == ()

    def test_who_has_nothing_left_here_is_not_served(self, outlet: Outlet) -> None:
        row = outlet.entitle()
        token = card_token(CITY_KEY, card_number(1))
        assert may_be_served(outlet.till, token)
        recalled(outlet, row, 300_000)
        answer_recalls(outlet.till)
        assert not may_be_served(outlet.till, token)
        assert scan(outlet, outlet.card).decision.reason == "held_elsewhere"  # type: ignore[attr-defined,union-attr]


def test_over_real_http_a_share_goes_from_home_to_where_the_family_is(tmp_path: Path) -> None:
    with small_world(tmp_path) as world:
        home, away = world.till(PALARAN), key_of(world)
        client, upstream_key = away
        token = card_token(world.keys.city, card_number(1))
        assert client.request_share(ShareRequest(card=token)).state is ShareState.WAITING
        common = {"at": world.clock.now_ms(), "day": date(2026, 11, 24), "by": 0}
        home.journal(*(ShareReleased(entitlement=row, released=MONTHLY, **common) for row in (1, 2)))  # type: ignore[arg-type]
        assert home.answer(home.upload()).verdicts == ()
        assert client.request_share(ShareRequest(recipient=RecipientId(1))).state is ShareState.GRANTED
        shares = [
            c for c in client.changes(0).changes if c.kind == "share" and b'"recipient_id":1,' in bytes(c.doc or b"")
        ]
        assert len(shares) == 2
        assert upstream_key
        client.close()


def test_two_real_tills_and_a_real_office_hand_a_share_on(tmp_path: Path) -> None:
    with small_world(tmp_path) as world, ExitStack() as stack:
        home, away = (real_till(world, tmp_path / f"till-{outlet}", outlet, stack) for outlet in (PALARAN, SEBERANG))
        card = card_number(1).digits
        for real, _ in (home, away):
            real.sync()
        refused = look_up(away[1], card)
        assert isinstance(refused, Visit)
        assert refused.decision == Refused(Refusal.OTHER_OUTLET, outlet_id=PALARAN)
        assert away[0].client.request_share(ShareRequest(card=refused.token)).state is ShareState.WAITING
        home[0].sync()
        assert len(answer_recalls(home[1])) == 2
        for real, _ in (home, away):
            real.sync()
        served = look_up(away[1], card)
        assert isinstance(served, Visit)
        assert isinstance(served.decision, Allowed)
        assert served.decision.balance == 2 * MONTHLY
        left_at_home = look_up(home[1], card)
        assert isinstance(left_at_home, Visit)
        assert isinstance(left_at_home.decision, Refused)
        assert left_at_home.decision.reason is Refusal.HELD_ELSEWHERE


def real_till(world: World, folder: Path, outlet_id: OutletId, stack: ExitStack) -> tuple[RealTill, Till]:
    with world.database.write() as connection:
        code = make_code(connection, world.keys, outlet_id, str(world.client.base_url).rstrip("/"), NOW_MS)
    real = RealTill(folder, code)
    stack.callback(real.close)
    till = Till(real.identity, real.replica, real.journal, real.clock, CountingBytes(), lambda: None, lambda: None)
    return real, till


def key_of(world: World) -> tuple[UpstreamClient, bytes]:
    """A till of the other outlet that speaks through the real client."""
    till = world.till(SEBERANG)
    seed = till.key.private_bytes_raw()
    address = str(world.client.base_url).rstrip("/")
    return UpstreamClient(address, till.ledger_id, DeviceKey(seed), till.upstream_key, world.clock), till.upstream_key


class FakeOffice:
    """Answers share requests as it was told to."""

    def __init__(self, state: ShareState | None) -> None:
        self.state = state
        self.closed = 0

    def request_share(self, request: ShareRequest) -> ShareAnswer:
        assert request.card == "token"
        if self.state is None:
            raise Offline(reason="connect")
        return ShareAnswer(state=self.state, server_time_ms=0)

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("state", "comes", "told"),
    [
        (ShareState.WAITING, True, ["waiting", "granted"]),
        (ShareState.GRANTED, True, ["granted"]),
        (ShareState.WAITING, False, ["waiting", "late"]),
        (ShareState.NOTHING, False, ["nothing"]),
        (ShareState.REFUSED, False, ["refused"]),
        (None, False, ["failed"]),
    ],
)
def test_the_cashier_is_told_how_it_goes(state: ShareState | None, comes: bool, told: list[str]) -> None:  # noqa: FBT001
    heard: list[str] = []
    done = threading.Event()
    woken: list[int] = []

    def hear(key: str) -> None:
        heard.append(key)
        if key != "waiting":
            done.set()

    office = FakeOffice(state)
    asker = ShareAsker(lambda: office, lambda: woken.append(1), lambda _: comes, pause_s=0.001)
    asker.start()
    asker.ask(CardToken("token"), hear)
    assert done.wait(10)
    asker.stop()
    assert heard == told
    assert office.closed == 1
    for key in heard:
        assert all(Texts(language).say(f"share.{key}") for language in ("id", "en"))


class TestOfficersCommands:
    def run(self, folder: Path, *words: str) -> int:
        parser = argparse.ArgumentParser()
        add_commands(parser.add_subparsers(dest="upstream_command", required=True), Texts("id"))
        args = parser.parse_args([words[0], "--database", str(folder / "office.db"), *words[1:]])
        return run(args, Texts("id"), FixedClock())

    def test_a_till_is_retired_before_it_is_freed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with small_world(tmp_path) as world:
            till = world.till(PALARAN)
            till.journal(redemption(world.keys, 1, [(1, MONTHLY)]))
            till.answer(till.upload())
        assert self.run(tmp_path, "free", "A01", "--officer", "Ibu Sri") == 1
        assert "masih aktif" in capsys.readouterr().err
        assert self.run(tmp_path, "retire", "A01", "--officer", "Ibu Sri") == 0
        assert "dinonaktifkan; terakhir terdengar 2026-11-24" in capsys.readouterr().out
        assert self.run(tmp_path, "free", "A01", "--officer", "Ibu Sri") == 0
        assert "Hak dari 3 baris kasir A01 dibebaskan" in capsys.readouterr().out
        database = open_database(str(tmp_path / "office.db"))
        with database.read() as connection:
            noted = connection.execute(select(tables.audit.c.actor, tables.audit.c.action)).all()
        database.close()
        assert {("Ibu Sri", "retired"), ("Ibu Sri", "freed")} <= {tuple(row) for row in noted}

    def test_an_unknown_till_is_named(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with small_world(tmp_path):
            pass
        assert self.run(tmp_path, "retire", "Z99", "--officer", "Ibu Sri") == 1
        assert "Z99" in capsys.readouterr().err
