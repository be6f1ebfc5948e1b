"""Imports a first list from signed, compressed pages beside raw sqlite3: a process of its own, for its memory."""

from __future__ import annotations

import io
import secrets
import sqlite3
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from kube_pos.bench.figures import Figures, microseconds
from kube_pos.bench.memory import peak_mib
from kube_pos.bench.outlet import list_changes
from kube_pos.clock import SystemClock
from kube_pos.ledger import documents as docs
from kube_pos.ledger.migrations import REPLICA
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.sync.signing import DeviceKey, signature, verify
from kube_pos.sync.stores import StoredFeed
from kube_pos.sync.wire import PAGE_LABEL, Change, ChangesPage, read_page

_PAGE = 500


def main(folder_path: str, families: str) -> int:
    """Import so many families into a new file of an empty folder and print the figures."""
    folder = Path(folder_path)
    office = DeviceKey(secrets.token_bytes(32))
    pages = folder / "pages"
    with pages.open("wb") as file:
        rows = write_pages(file, office, int(families))
    replica = Database(folder / "replica.db", secrets.token_bytes(32), REPLICA)
    raw = _Raw(folder / "raw.db")
    feed = StoredFeed(SqliteReplica(replica))
    ours_us = raw_us = 0.0
    with pages.open("rb") as file:
        for signed, body in read_pages(file):
            ours_us += microseconds(partial(_take_in, feed, office, signed, body))
            prepared = _rows(read_page(_plain(body)))
            raw_us += microseconds(partial(raw.take_in, prepared))
    replica.close()
    figures: Figures = {
        "ledger.import.ratio": ours_us / raw_us,
        "ledger.import.peak_mib": peak_mib(),
        "ledger.import.rows": rows,
        "ledger.import.rows_per_s": rows / ours_us * 1e6,
    }
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")
    return 0


def write_pages(file: BinaryIO, office: DeviceKey, families: int) -> int:
    """Write the pages of a first list as upstream sends them; return how many documents they hold."""
    now_ms, packer, number = SystemClock().now_ms(), zstandard.ZstdCompressor(), 0
    waiting: list[Change] = []

    def flush(*, more: bool) -> None:
        page = ChangesPage(
            after=number - len(waiting), next=number, more=more, server_time_ms=now_ms, changes=tuple(waiting)
        )
        body = msgspec.json.encode(page)
        for part in (signature(office, PAGE_LABEL, body).encode(), packer.compress(body)):
            file.write(len(part).to_bytes(4, "big"))
            file.write(part)
        waiting.clear()

    for change in list_changes(families, now_ms):
        if len(waiting) == _PAGE:
            flush(more=True)
        number += 1
        waiting.append(Change(n=number, kind=change.kind, key=change.key, doc=msgspec.Raw(change.doc or b"")))
    flush(more=False)
    return number


def read_pages(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the signature and the compressed body of each page."""

    def part() -> bytes:
        return file.read(int.from_bytes(file.read(4), "big"))

    while signed := part():
        yield signed.decode(), part()


def _take_in(feed: StoredFeed, office: DeviceKey, signed: str, packed: bytes) -> None:
    body = _plain(packed)
    if not verify(office.public_key(), PAGE_LABEL, body, signed):
        raise ValueError("a page of the bench is always signed")
    feed.apply(read_page(body))


def _plain(packed: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)) as reader:
        return reader.read()


def _rows(page: ChangesPage) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of a page as its tables hold them."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    for change in page.changes:
        body = bytes(change.doc or b"")
        match msgspec.json.decode(body, type=docs.KINDS[change.kind]):
            case docs.Card() as doc:
                row: tuple[object, ...] = (doc.token, body)
            case docs.Recipient() as doc:
                row = (doc.id, doc.national_id_hash, doc.family_card_hash, body)
            case docs.Entitlement() as doc:
                row = (doc.recipient_id, doc.id, body)
            case docs.Share() as doc:
                row = (doc.entitlement_id, doc.granted, doc.spent_elsewhere)
            case _:
                continue
        rows.setdefault(change.kind, []).append(row)
    return rows


class _Raw:
    """The same rows by the standard library's `executemany`, unencrypted, a transaction and a flush a page."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 4000"):
            self._connection.execute(f"PRAGMA {pragma}")
        for step in REPLICA.steps:
            for statement in step:
                self._connection.execute(statement)

    def take_in(self, rows: dict[str, list[tuple[object, ...]]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for table, found in rows.items():
            marks = ", ".join("?" * len(found[0]))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", found)  # noqa: S608 -- our own names
        self._connection.execute("COMMIT")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
