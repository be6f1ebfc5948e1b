"""A list of any size, loaded straight into the replica's tables in the order of their keys: one month a family."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from kube_pos.bench.outlet import AMOUNT, CITY_KEY
from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import CardNumber, card_number, card_token
from kube_pos.ledger.days import business_day, month_of
from kube_pos.ledger.ids import CardToken, EntitlementId, FundId, OutletId, ProgramId, RecipientId
from kube_pos.ledger.sqlite_engine import Database

_STEP = 200_000
_MARK = 987_654_321
_TOKEN = "0123456789abcdef" * 2


def family_card(number: int) -> CardNumber:
    """Return the card of a family, counted from 1."""
    return card_number(number)


def build_city(database: Database, families: int, now_ms: int) -> None:
    """Load families 1 … `families` in place of those that are there; the small documents stay.

    A list that is only measured needs no flush: a cut while it is built spoils it.
    """
    connection: Any = database.read().connection.driver_connection
    run = connection.execute
    run("PRAGMA synchronous = OFF")
    run("PRAGMA journal_mode = OFF")
    for table in ("card", "recipient", "entitlement", "share"):
        run(f"DELETE FROM {table}")  # noqa: S608 -- our own names
    family, card, row = _templates(business_day(now_ms))
    _load(connection, "recipient", 4, families, lambda n: (n, f"{n:032x}", "", family % n))
    _load(connection, "entitlement", 3, families, lambda n: (n, n, row % (n, n)))
    _load(connection, "share", 3, families, lambda n: (n, AMOUNT, 0))
    run("BEGIN")
    for number in _by_token(families):
        token = card_token(CITY_KEY, card_number(number))
        run("INSERT INTO card VALUES (?, ?)", (token, card % (token.encode(), number)))
    run("COMMIT")
    run("PRAGMA journal_mode = WAL")
    run("PRAGMA synchronous = FULL")
    run("PRAGMA wal_checkpoint(TRUNCATE)")


def _load(connection: Any, table: str, columns: int, families: int, row: Any) -> None:
    statement = f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"  # noqa: S608 -- our own names
    for first in range(1, families + 1, _STEP):
        connection.execute("BEGIN")
        connection.executemany(statement, map(row, range(first, min(first + _STEP, families + 1))))
        connection.execute("COMMIT")


def _by_token(families: int) -> Iterator[int]:
    """Yield the families in the order of their cards' tokens, so that the table is built from left to right."""
    keys = sorted(
        int(card_token(CITY_KEY, card_number(number))[:16], 16) << 32 | number for number in range(1, families + 1)
    )
    for key in keys:
        yield key & 0xFFFFFFFF


def _templates(today: date) -> tuple[bytes, bytes, bytes]:
    """Return the documents of a family, a card and a row with a place for each number."""
    recipient = RecipientId(_MARK)
    family = docs.Recipient(
        id=recipient,
        name="Keluarga",
        ward="Rawa Makmur",
        neighbourhood="RT 1",
        home_outlet_id=OutletId(1),
        national_id_hash="",
        national_id_last4="0001",
    )
    card = docs.Card(
        token=CardToken(_TOKEN),
        state=docs.CardState.ACTIVE,
        outlet_id=OutletId(1),
        recipient_id=recipient,
        last4="0001",
    )
    row = docs.Entitlement(
        id=EntitlementId(_MARK),
        recipient_id=recipient,
        program_id=ProgramId(1),
        fund_id=FundId(1),
        budget_year=today.year,
        month=month_of(today),
        amount=AMOUNT,
        released_on=date(today.year, 1, 1),
        expires_on=date(today.year + 1, 12, 31),
    )
    mark = str(_MARK).encode()
    written = [
        msgspec.json.encode(doc).replace(mark, b"%d").replace(_TOKEN.encode(), b"%b") for doc in (family, card, row)
    ]
    return written[0], written[1], written[2]
