"""The commands `kube-pos upstream retire` and `free`: a lost or dead till, and what it had not spent."""

from __future__ import annotations

import argparse
import sys

from sqlalchemy import Connection, select

from kube_pos.clock import Clock
from kube_pos.ledger.days import business_day
from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.quantity import format_number
from kube_pos.texts import Texts
from kube_pos.upstream import tables
from kube_pos.upstream.database import Database
from kube_pos.upstream.errors import UnknownName
from kube_pos.upstream.ledgers import free_frozen, retire


def retire_till(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    """Retire the till with a terminal code; raises UnknownName."""
    with database.write() as connection:
        ledger_id, last_contact = _ledger(connection, args.terminal)
        retire(connection, ledger_id, args.officer, clock.now_ms())
    day = business_day(last_contact).isoformat()
    sys.stdout.write(f"{texts.say('share.retired', terminal=args.terminal, day=day)}\n")


def free_till(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    """Free what a retired till did not spend; raises UnknownName and TillNotRetired."""
    with database.write() as connection:
        ledger_id, last_contact = _ledger(connection, args.terminal)
        rows = free_frozen(connection, ledger_id, args.officer, clock.now_ms())
    day = business_day(last_contact).isoformat()
    told = texts.say("share.freed", terminal=args.terminal, rows=format_number(len(rows)), day=day)
    sys.stdout.write(f"{told}\n")


def _ledger(connection: Connection, terminal: str) -> tuple[LedgerId, int]:
    ledger = tables.ledger
    row = connection.execute(
        select(ledger.c.id, ledger.c.last_contact).where(ledger.c.terminal == terminal)
    ).one_or_none()
    if row is None:
        raise UnknownName(what="ledger", name=terminal)
    return LedgerId(row.id), row.last_contact
