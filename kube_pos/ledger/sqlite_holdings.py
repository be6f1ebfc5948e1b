"""Counting what the till's two files hold."""

from __future__ import annotations

from typing import Any

import msgspec

from kube_pos.ledger.documents import Entitlement
from kube_pos.ledger.holdings import Holdings, OpenShare
from kube_pos.ledger.ids import BenefitMonth, FundId, ProgramId
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_replica import SqliteReplica

_CARDS = "SELECT count(*), coalesce(sum(json_extract(CAST(doc AS TEXT), '$.recipient_id') IS NULL), 0) FROM card"
_PROXIES = "SELECT count(*) FROM entry WHERE json_extract(CAST(body AS TEXT), '$.proxy') IS NOT NULL"
_SHARES = """SELECT e.doc, e.recipient, s.granted, e.id FROM share s JOIN entitlement e ON e.id = s.entitlement
    WHERE s.granted > 0"""

_Key = tuple[ProgramId, FundId, BenefitMonth, str]


def holdings(journal: Database, replica: Database) -> Holdings:
    """Return what the files hold now. Takes about a second for a city's largest outlet."""
    store = SqliteReplica(replica)
    cards, elsewhere = _one(replica, _CARDS)
    return Holdings(
        families=store.family_count(),
        cards=cards - elsewhere,
        cards_elsewhere=elsewhere,
        staff=len(store.catalogue().staff),
        entries=_one(journal, "SELECT count(*) FROM entry")[0],
        unsent=SqliteOutbox(journal).status().unsent,
        proxies=_one(journal, _PROXIES)[0],
        open_shares=_open_shares(journal, replica),
        list_as_of_ms=store.list_as_of_ms(),
    )


def _open_shares(journal: Database, replica: Database) -> tuple[OpenShare, ...]:
    used = {
        row[0]: row[1] + row[2]
        for row in journal.read().exec_driver_sql("SELECT entitlement, spent, released FROM share_use")
    }
    amounts: dict[_Key, int] = {}
    families: dict[_Key, set[int]] = {}
    decode = msgspec.json.Decoder(Entitlement).decode
    for doc, family, granted, number in replica.read().exec_driver_sql(_SHARES):
        left = granted - used.get(number, 0)
        if left > 0:
            row = decode(doc)
            key = (row.program_id, row.fund_id, row.month, row.unit.value)
            amounts[key] = amounts.get(key, 0) + left
            families.setdefault(key, set()).add(family)
    catalogue = SqliteReplica(replica).catalogue()
    programs, funds = catalogue.programs, catalogue.funds
    return tuple(
        OpenShare(
            program=key[0],
            program_name=programs[key[0]].name if key[0] in programs else str(key[0]),
            fund=key[1],
            fund_name=funds[key[1]].name if key[1] in funds else str(key[1]),
            month=key[2],
            unit=key[3],
            amount=amounts[key],
            families=len(families[key]),
        )
        for key in sorted(amounts)
    )


def _one(database: Database, sql: str) -> Any:
    return database.read().exec_driver_sql(sql).one()
