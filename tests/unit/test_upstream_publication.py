"""Publishing cycles and splitting rows: nothing twice, nothing half done, never more granted than there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, func, insert, select

from kube_pos.errors import KubePosError
from kube_pos.ledger.documents import Cycle, Entitlement
from kube_pos.ledger.entries import AnyEntry, ShareReleased
from kube_pos.ledger.ids import BenefitMonth, EntitlementId, LedgerId, OutletId, RecipientId
from kube_pos.sync.wire import EnrolmentRequest, to_base64
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.upstream import shares, tables
from kube_pos.upstream.database import Database, open_database
from kube_pos.upstream.effects import Effects
from kube_pos.upstream.enrolment import enrol, make_code, terminal_code
from kube_pos.upstream.errors import AlreadyPublished, MonthTwice, PublicationRefused
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.ledgers import free_frozen, retire
from kube_pos.upstream.publication import Publication, plan_cycle, publish
from tests.postgres_kit import OfficeIn
from tests.upstream_kit import (
    BAZNAS,
    MONTHLY,
    NOW_MS,
    PALARAN,
    PROGRAM,
    SEBERANG,
    open_small_city,
    redemption,
    reversal,
    spent_of,
    two_months,
)


@pytest.fixture
def office(tmp_path: Path, office_in: OfficeIn) -> Iterator[tuple[Database, Keys]]:
    database, keys = open_small_city(office_in(tmp_path))
    yield database, keys
    database.close()


def new_ledger(database: Database, keys: Keys, number: int, outlet_id: OutletId) -> LedgerId:
    ledger_id = LedgerId(f"00000000-0000-7000-8000-{number:012d}")
    with database.write() as connection:
        code = make_code(connection, keys, outlet_id, "http://127.0.0.1:1", NOW_MS)
        request = EnrolmentRequest(
            code=code.code,
            ledger_id=ledger_id,
            public_key=to_base64(bytes(32)),
            device_name="",
            program_version="",
        )
        enrol(connection, keys, request, NOW_MS)
    return ledger_id


def take(connection: Connection, ledger_id: LedgerId, seq: int, entry: AnyEntry) -> tuple[str, ...]:
    """The effects of one entry, without the entry."""
    effects = Effects(connection, ledger_id, NOW_MS)
    effects.prepare([(seq, entry)])
    codes = effects.apply(seq, entry)
    effects.finish()
    return codes


def do_publish(database: Database, wanted: Publication) -> None:
    with database.write() as connection:
        publish(connection, wanted, NOW_MS)


def rows_of(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.entitlement)).scalar_one())


def feed_docs(database: Database, kind: str) -> list[bytes]:
    with database.read() as connection:
        return list(connection.execute(select(tables.feed.c.doc).where(tables.feed.c.kind == kind)).scalars())


class TestPublish:
    def test_one_row_a_family_and_month(self, office: tuple[Database, Keys]) -> None:
        database, _ = office
        do_publish(database, two_months())
        documents = [msgspec.json.decode(doc, type=Entitlement) for doc in feed_docs(database, "entitlement")]
        assert len(documents) == 8
        assert {document.amount for document in documents} == {MONTHLY}
        assert sorted(document.month for document in documents if document.recipient_id == 1) == ["2026-10", "2026-11"]

    @pytest.mark.parametrize("amount", [MONTHLY, 2 * MONTHLY])
    def test_a_month_published_before_is_refused_with_its_row(self, office: tuple[Database, Keys], amount: int) -> None:
        database, _ = office
        do_publish(database, replace(two_months(), recipients=frozenset({RecipientId(3)})))
        with pytest.raises(AlreadyPublished) as found:
            do_publish(database, replace(two_months(), months=(BenefitMonth("2026-11"),), amount=amount))
        assert (found.value.facts["recipient"], found.value.facts["month"]) == (3, "2026-11")
        assert rows_of(database) == 2
        for language in LANGUAGES:
            assert "2026-11" in Texts(language).error(found.value)

    def test_another_fund_or_month_is_no_duplicate(self, office: tuple[Database, Keys]) -> None:
        database, _ = office
        do_publish(database, two_months())
        do_publish(database, replace(two_months(), fund_id=BAZNAS))
        do_publish(database, replace(two_months(), months=(BenefitMonth("2026-12"),)))
        assert rows_of(database) == 20

    @pytest.mark.parametrize(
        ("months", "named"),
        [(("2026-10", "2026-10"), "2026-10"), ((), ""), (("2026-13",), "2026-13"), (("Oktober",), "Oktober")],
    )
    def test_months_that_can_t_be(self, office: tuple[Database, Keys], months: tuple[str, ...], named: str) -> None:
        with pytest.raises(MonthTwice) as found:
            do_publish(office[0], replace(two_months(), months=months))  # type: ignore[arg-type]
        assert found.value.facts["month"] == named

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"amount": 0}, "amount"),
            ({"amount": 10**12}, "amount"),
            ({"expires_on": date(2026, 1, 1)}, "days"),
            ({"recipients": frozenset({99})}, "recipients"),
            ({"recipients": frozenset()}, "recipients"),
        ],
    )
    def test_figures_that_can_t_be(self, office: tuple[Database, Keys], change: dict[str, object], reason: str) -> None:
        with pytest.raises(PublicationRefused) as found:
            do_publish(office[0], replace(two_months(), **change))  # type: ignore[arg-type]
        assert found.value.facts["reason"] == reason
        assert rows_of(office[0]) == 0
        assert feed_docs(office[0], "cycle") == []

    def test_a_planned_cycle_becomes_the_published_one(self, office: tuple[Database, Keys]) -> None:
        database, _ = office
        wanted = two_months()
        with database.write() as connection:
            plan_cycle(connection, PROGRAM, wanted.months, date(2026, 11, 10))
        (planned,) = [msgspec.json.decode(doc, type=Cycle) for doc in feed_docs(database, "cycle")]
        assert not planned.published
        do_publish(database, wanted)
        (published,) = [msgspec.json.decode(doc, type=Cycle) for doc in feed_docs(database, "cycle")]
        assert (published.id, published.published, published.released_on) == (planned.id, True, date(2026, 11, 16))

    def test_the_database_itself_refuses_a_second_row(self, office: tuple[Database, Keys]) -> None:
        database, _ = office
        do_publish(database, two_months())
        with database.read() as connection:
            row = dict(connection.execute(select(tables.entitlement).limit(1)).one()._mapping)
        del row["id"]
        with pytest.raises(Exception, match=r"(?i)unique"), database.write() as connection:
            connection.execute(insert(tables.entitlement), row)

    def test_the_home_outlet_s_newest_till_gets_it_all(self, office: tuple[Database, Keys]) -> None:
        database, keys = office
        new_ledger(database, keys, 1, PALARAN)
        newest = new_ledger(database, keys, 2, PALARAN)
        do_publish(database, two_months())
        with database.read() as connection:
            rows = connection.execute(select(tables.share)).all()
        assert {(row.ledger_id, row.entitlement_id, row.granted) for row in rows} == {
            (newest, row, MONTHLY) for row in (1, 2, 3, 4)
        }


class TestTerminals:
    def test_codes_go_on_without_end(self) -> None:
        assert [terminal_code(number) for number in (1, 2, 99, 100, 99 * 26, 99 * 26 + 1)] == [
            "A01",
            "A02",
            "A99",
            "B01",
            "Z99",
            "AA01",
        ]
        assert len({terminal_code(number) for number in range(1, 6000)}) == 5999


class ShareMachine(RuleBasedStateMachine):
    """Two outlets, many tills that sell, undo, release and retire, in any order, honest about what they hold."""

    folder: Path

    @initialize()
    def start(self) -> None:
        place = self.folder / f"{id(self)}.db"
        self.database, self.keys = open_small_city(place)
        do_publish(self.database, two_months())
        self.tills: list[LedgerId] = []
        self.seq = 0
        self.sales: list[tuple[LedgerId, int]] = []

    @rule(outlet=st.sampled_from([PALARAN, SEBERANG]))
    def enrol(self, outlet: OutletId) -> None:
        if len(self.tills) < 6:
            self.tills.append(new_ledger(self.database, self.keys, len(self.tills) + 1, outlet))

    @rule(data=st.data(), row=st.integers(1, 8), amount=st.integers(1, MONTHLY))
    def sell(self, data: st.DataObject, row: int, amount: int) -> None:
        if not self.tills:
            return
        till = data.draw(st.sampled_from(self.tills))
        self.seq += 1
        family = (row + 1) // 2
        honest = amount <= self._holds(till, row)
        with self.database.write() as connection:
            entry = redemption(self.keys, family, [(row, amount)], sale=f"s{self.seq}")
            codes = take(connection, till, self.seq, entry) if honest else ()
        assert codes == ()
        if honest:
            self.sales.append((till, self.seq))

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        if self.sales:
            till, target = data.draw(st.sampled_from(self.sales))
            self.sales.remove((till, target))
            self.seq += 1
            with self.database.write() as connection:
                assert take(connection, till, self.seq, reversal(target)) == ()

    @rule(data=st.data(), row=st.integers(1, 8), amount=st.integers(0, MONTHLY))
    def release(self, data: st.DataObject, row: int, amount: int) -> None:
        if not self.tills:
            return
        till = data.draw(st.sampled_from(self.tills))
        entry = ShareReleased(
            at=NOW_MS,
            day=date(2026, 11, 24),
            by=1,  # type: ignore[arg-type]
            entitlement=EntitlementId(row),
            released=amount,
        )
        self.seq += 1
        with self.database.write() as connection:
            take(connection, till, self.seq, entry)

    @rule(data=st.data())
    def retire_and_free(self, data: st.DataObject) -> None:
        if self.tills:
            till = data.draw(st.sampled_from(self.tills))
            with self.database.write() as connection:
                retire(connection, till, "petugas", NOW_MS)
                free_frozen(connection, till, "petugas", NOW_MS)
                self.sales = [sale for sale in self.sales if sale[0] != till]

    @invariant()
    def never_more_than_the_row(self) -> None:
        if not hasattr(self, "database"):
            return
        share = tables.share
        with self.database.read() as connection:
            held = func.sum(share.c.granted - share.c.released)
            rows = connection.execute(select(held, func.sum(share.c.spent)).group_by(share.c.entitlement_id)).all()
        assert all(0 <= held <= MONTHLY and 0 <= spent <= MONTHLY for held, spent in rows)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()

    def _holds(self, till: LedgerId, row: int) -> int:
        share = tables.share
        with self.database.read() as connection:
            found = connection.execute(
                select(share).where(share.c.ledger_id == till, share.c.entitlement_id == row)
            ).one_or_none()
        return 0 if found is None else found.granted - found.released - found.spent


def test_shares_never_exceed_their_row(tmp_path: Path) -> None:
    machine = type("Machine", (ShareMachine,), {"folder": tmp_path})
    case = machine.TestCase
    case.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
    case("runTest").runTest()


def test_a_till_that_oversold_is_not_granted_again(office: tuple[Database, Keys]) -> None:
    database, keys = office
    do_publish(database, two_months())
    away = new_ledger(database, keys, 1, SEBERANG)
    with database.write() as connection:
        codes = take(connection, away, 1, redemption(keys, 1, [(1, 100_000)]))
    assert codes == ("no_share",)
    home = new_ledger(database, keys, 2, PALARAN)
    with database.read() as connection:
        share = tables.share
        granted = connection.execute(
            select(share.c.granted).where(share.c.ledger_id == home, share.c.entitlement_id == 1)
        ).scalar_one()
    assert granted == MONTHLY - 100_000
    assert spent_of(database, 1) == 100_000


def test_errors_leave_no_trace(tmp_path: Path) -> None:
    database, _ = open_small_city(tmp_path / "office.db")
    do_publish(database, replace(two_months(), recipients=frozenset({RecipientId(4)})))
    before = feed_docs(database, "entitlement"), rows_of(database)
    with pytest.raises(KubePosError):
        do_publish(database, two_months())
    assert (feed_docs(database, "entitlement"), rows_of(database)) == before
    database.close()
    again = open_database(str(tmp_path / "office.db"))
    with again.read() as connection:
        assert shares.active_ledger(connection, PALARAN) is None
    again.close()
