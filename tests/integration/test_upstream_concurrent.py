"""Many tills at once, on both databases and on several worker processes: nothing lost, nothing doubled, none missed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, func, select

from kube_pos.clock import SystemClock
from kube_pos.ledger.ids import LedgerId, OutletId
from kube_pos.upstream import feed, tables
from kube_pos.upstream.database import Database, open_database
from tests.postgres_kit import Cluster, OfficeIn
from tests.upstream_kit import (
    PALARAN,
    SEBERANG,
    SetClock,
    TestTill,
    World,
    new_code,
    open_small_city,
    publish_two_months,
    redemption,
    small_world,
    spent_of,
)

TILLS, SALES, PAGE = 6, 24, 8


def at_once(deeds: Sequence[Callable[[], object]]) -> list[object]:
    """Run deeds at the same time; raises what any of them raised."""
    begin = threading.Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> object:
        begin.wait(20)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def sell(world: World, till: TestTill, name: str) -> None:
    """Sales that all draw on the same row, so that every till's batch moves the same figures."""
    for number in range(SALES):
        till.journal(redemption(world.keys, 1, [(1, 5)], sale=f"{name}-{number}"))


def send_in_pages(till: TestTill) -> int:
    """Send a journal page by page, each page one entry further than the last page that was sent began."""
    bodies, heads = till.bodies, till.heads
    acked = 0
    for end in range(PAGE, len(bodies) + 1, PAGE):
        part = TestTill(till.client, till.clock, key=till.key)
        part.ledger_id, part.upstream_key = till.ledger_id, till.upstream_key
        part.bodies, part.heads = bodies[:end], heads[: end + 1]
        acked = part.answer(part.upload(first=max(1, end - PAGE))).acked
    return acked


def journals_are_whole(database: Database, tills: Sequence[TestTill]) -> None:
    entry, sale = tables.entry, tables.sale
    with database.read() as connection:
        for till in tills:
            rows = connection.execute(
                select(entry.c.seq, entry.c.body).where(entry.c.ledger_id == till.ledger_id).order_by(entry.c.seq)
            ).all()
            assert [row.seq for row in rows] == list(range(1, len(till.bodies) + 1))
            assert [row.body for row in rows] == till.bodies
        sold = connection.execute(select(func.count()).select_from(sale)).scalar_one()
        assert sold == sum(len(till.bodies) for till in tills)
    assert spent_of(database, 1) == 5 * sold


@pytest.fixture
def world(tmp_path: Path, office_in: OfficeIn) -> Iterator[World]:
    with small_world(office_in(tmp_path)) as made:
        yield made


def test_many_tills_and_each_of_them_twice(world: World) -> None:
    tills = [world.till(PALARAN if number % 2 else SEBERANG) for number in range(TILLS)]
    for number, till in enumerate(tills):
        sell(world, till, f"till {number}")
    # Two senders of each journal: a till that lost an answer and asks again while the first request still runs.
    acked = at_once([lambda t=till: send_in_pages(t) for till in tills for _ in range(2)])  # type: ignore[misc]
    assert acked == [SALES] * len(acked)
    journals_are_whole(world.database, tills)
    assert "fork" not in world.exceptions()


def test_a_reader_misses_nothing_while_many_write(world: World) -> None:
    followed: list[str] = []
    wanted = {f"{writer}-{number}" for writer in range(4) for number in range(15)}
    done = threading.Event()

    def write(writer: int) -> None:
        for number in range(15):
            with world.database.write() as connection:
                feed.put(connection, [feed.Item(feed.ALL, "fund", f"{writer}-{number}", b"{}")])

    def follow() -> None:
        after, is_last = 0, False
        while not is_last:
            is_last = done.is_set()
            with world.database.read() as connection:
                changes, more = feed.page(connection, LedgerId("x"), OutletId(1), after, limit=7)
            followed.extend(change.key for change in changes if change.kind == "fund")
            after, is_last = (changes[-1].n if changes else after), is_last and not more

    reader = threading.Thread(target=follow)
    reader.start()
    at_once([lambda w=writer: write(w) for writer in range(4)])  # type: ignore[misc]
    done.set()
    reader.join(60)
    assert wanted <= set(followed)
    assert len(followed) == len(set(followed))


class TestOrderOfCommits:
    """Number 1 is taken first and committed last: the reader between must not step over it."""

    @staticmethod
    def missed(slow: Callable[[], Iterator[Connection]], quick: Database) -> set[str]:
        """Let a writer dawdle while another one writes and a reader reads; return what the reader never saw."""
        written = threading.Event()

        def write_quickly() -> None:
            with quick.write() as connection:
                feed.put(connection, [feed.Item(feed.ALL, "fund", "second", b"{}")])
            written.set()

        def read(after: int) -> tuple[set[str], int]:
            with quick.read() as connection:
                changes, _ = feed.page(connection, LedgerId("x"), OutletId(1), after)
            return {change.key for change in changes}, changes[-1].n if changes else after

        with contextmanager(slow)() as connection:
            feed.put(connection, [feed.Item(feed.ALL, "fund", "first", b"{}")])
            other = threading.Thread(target=write_quickly)
            other.start()
            # With the lock the other writer waits for us, so this waits in vain; without it, it is there at once.
            written.wait(0.5)
            seen, after = read(0)
        other.join(20)
        more, _ = read(after)
        return {"first", "second"} - seen - more

    def test_with_the_lock_nothing_is_missed(self, postgres: Cluster) -> None:
        database = open_database(postgres.new())

        def write() -> Iterator[Connection]:
            with database.write() as connection:
                yield connection

        assert self.missed(write, database) == set()
        database.close()

    def test_without_the_lock_this_test_would_show_it(self, postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        database = open_database(postgres.new())
        # A «read» transaction is one that writes without taking the lock.
        monkeypatch.setattr(database, "write", database.read)

        def write() -> Iterator[Connection]:
            with database.write() as connection:
                yield connection

        assert self.missed(write, database) == {"first"}
        database.close()


@contextmanager
def worker(url: str, ready: Path) -> Iterator[str]:
    """One more process of the service, as `kube-pos upstream serve` starts it; yields its address."""
    words = ["upstream", "serve", "--database", url, "--port", "0", "--ready-file", str(ready), "--until-stdin-closes"]
    with subprocess.Popen(
        [sys.executable, "-m", "kube_pos", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        address = process.stdout.readline().strip()
        assert json.loads(ready.read_text(encoding="utf-8"))["address"] == address
        yield address
        process.stdin.close()
        assert process.wait(20) == 0


def test_several_worker_processes_share_one_database_and_no_state(postgres: Cluster, tmp_path: Path) -> None:
    url = postgres.new()
    database, keys = open_small_city(url)
    publish_two_months(database)
    now_ms = SystemClock().now_ms()
    with (
        worker(url, tmp_path / "one") as one,
        worker(url, tmp_path / "two") as two,
        httpx.Client(base_url=one, timeout=30) as first,
        httpx.Client(base_url=two, timeout=30) as second,
    ):
        world = World(database, keys, SetClock(now_ms), first)
        tills = [world.till() for _ in range(3)]
        twins = []
        for number, till in enumerate(tills):
            sell(world, till, f"till {number}")
            twin = TestTill(second, till.clock, key=till.key)
            twin.ledger_id, twin.upstream_key = till.ledger_id, till.upstream_key
            twin.bodies, twin.heads = till.bodies, till.heads
            twins.append(twin)
        at_once([lambda t=till: send_in_pages(t) for till in (*tills, *twins)])  # type: ignore[misc]
        # A till that was enrolled by one worker is known to the other, and gets the same feed there.
        assert [c.n for c in tills[0].pull()] == [c.n for c in twins[0].pull()]
        assert new_code(database, keys, PALARAN)
    journals_are_whole(database, tills)
    database.close()
