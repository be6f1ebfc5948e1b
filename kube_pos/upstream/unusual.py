"""What is out of the usual in a sale: goods beyond the balance, a stand-in, a proxy who collects for many.

A stand-in names no row, since its till knew none. It is taken from what is free of the family's rows of that programme;
what is not free (by default the home outlet's till holds all) stays for the officer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, distinct, func, insert, select

from kube_pos.ledger.collectors import collector_key
from kube_pos.ledger.documents import Policy, Unit, policy_on
from kube_pos.ledger.entries import Proxy, Redemption, StandIn
from kube_pos.ledger.ids import EntitlementId, LedgerId, ProgramId, RecipientId
from kube_pos.upstream import tables
from kube_pos.upstream.database import insert_new
from kube_pos.upstream.spending import Spending
from kube_pos.upstream.verdicts import Codes, ReportCode, VerdictCode

DrawRow = dict[str, Any]


class Unusual:
    """Applies the unusual part of one ledger's sales, in the transaction of its entries."""

    def __init__(self, connection: Connection, ledger_id: LedgerId, spending: Spending) -> None:
        """Take the transaction and the figures of the shares."""
        self._connection = connection
        self._ledger_id = ledger_id
        self._spending = spending
        self._policies: dict[ProgramId, list[Policy]] = {}

    def apply(self, seq: int, entry: Redemption, family: RecipientId | None) -> tuple[Codes, list[DrawRow]]:
        """Return the codes of a sale's unusual parts, and the draws that a stand-in became."""
        codes: list[VerdictCode | ReportCode] = []
        draws: list[DrawRow] = []
        if entry.slip is not None:
            codes += self.note_slip(seq, entry.slip.number)
        if any(line.over for line in entry.lines):
            codes.append(VerdictCode.SLIP_OVER)
        if entry.stand_in is not None:
            draws = self._settle(seq, entry.stand_in, family, entry.day)
            if sum(row["amount"] for row in draws) < entry.stand_in.amount:
                codes.append(VerdictCode.STAND_IN)
        if entry.proxy is not None and self._collects_for_many(seq, entry, entry.proxy, family):
            codes.append(ReportCode.PROXY_MANY)
        return tuple(codes), draws

    def note_slip(self, seq: int, number: str) -> Codes:
        """Note that a paper slip's number was used; the database tells whether it was before, at any till there."""
        ledger = tables.ledger
        outlet = select(ledger.c.outlet_id).where(ledger.c.id == self._ledger_id)
        row = {
            "outlet_id": self._connection.execute(outlet).scalar_one(),
            "number": number,
            "ledger_id": self._ledger_id,
            "seq": seq,
        }
        return () if insert_new(self._connection, tables.paper_slip, row) else (VerdictCode.SLIP_TWICE,)

    def _settle(self, seq: int, given: StandIn, family: RecipientId | None, day: date) -> list[DrawRow]:
        if family is None:
            return []
        table = tables.entitlement
        rows = self._connection.execute(
            select(table)
            .where(
                table.c.recipient_id == family,
                table.c.program_id == given.program,
                table.c.unit == Unit.RUPIAH.value,
                table.c.released_on <= day.isoformat(),
                table.c.expires_on >= day.isoformat(),
            )
            .order_by(table.c.expires_on, table.c.month, table.c.id)
        )
        draws: list[DrawRow] = []
        left: int = given.amount
        for row in rows.mappings().all():
            if taken := self._spending.settle(EntitlementId(row["id"]), left):
                left -= taken
                draws.append(self._draw(seq, row, taken))
        return draws

    def _draw(self, seq: int, row: Mapping[Any, Any], amount: int) -> DrawRow:
        copied = {name: row[name] for name in ("program_id", "fund_id", "budget_year", "month", "unit")}
        place = {"ledger_id": self._ledger_id, "seq": seq, "entitlement_id": row["id"]}
        return {**place, **copied, "amount": amount, "settled": 1}

    def _collects_for_many(self, seq: int, entry: Redemption, proxy: Proxy, family: RecipientId | None) -> bool:
        """Note who came for whom, at any till; tell whether it is one family too many in the period."""
        collector, sale, who = tables.collector, tables.sale, collector_key(proxy.name)
        row = {"ledger_id": self._ledger_id, "seq": seq, "who": who, "recipient_id": family}
        self._connection.execute(insert(collector), {**row, "day": entry.day.isoformat()})
        policy = self._policy(entry)
        since = entry.day - timedelta(days=policy.proxy_days - 1)
        families = self._connection.execute(
            select(func.count(distinct(collector.c.recipient_id)))
            .join(sale, and_(sale.c.ledger_id == collector.c.ledger_id, sale.c.seq == collector.c.seq))
            .where(
                collector.c.who == who,
                collector.c.day.between(since.isoformat(), entry.day.isoformat()),
                sale.c.reversed_by.is_(None),
            )
        ).scalar_one()
        return int(families) >= policy.proxy_families

    def _policy(self, entry: Redemption) -> Policy:
        programs = [source.program for source in entry.sources]
        if entry.stand_in is not None:
            programs.append(entry.stand_in.program)
        program = min(programs, default=ProgramId(0))
        if program not in self._policies:
            statement = select(tables.policy.c.doc).where(tables.policy.c.program_id == program)
            docs = self._connection.execute(statement).scalars()
            self._policies[program] = [msgspec.json.decode(doc, type=Policy) for doc in docs]
        return policy_on(self._policies[program], program, entry.day)
