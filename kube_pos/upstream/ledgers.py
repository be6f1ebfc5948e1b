"""What an officer decides about a till's journal."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from kube_pos.ledger.ids import EntitlementId, LedgerId
from kube_pos.upstream.audit import note
from kube_pos.upstream.errors import TillNotRetired
from kube_pos.upstream.requests import settle
from kube_pos.upstream.shares import LedgerState, free_shares
from kube_pos.upstream.tables import ledger


def retire(connection: Connection, ledger_id: LedgerId, officer: str, now_ms: int) -> None:
    """Retire a lost or dead till: it gets no more changes, and what it did not spend stays frozen."""
    connection.execute(update(ledger).where(ledger.c.id == ledger_id).values(state=LedgerState.RETIRED.value))
    note(connection, now_ms, officer, "retired", f"ledger={ledger_id}")


def free_frozen(connection: Connection, ledger_id: LedgerId, officer: str, now_ms: int) -> list[EntitlementId]:
    """Free what a retired till did not spend, with the officer's name on it; return the rows.

    It goes where a family waits for it, else to the home outlet's till, if there is one. Raises TillNotRetired: what
    an active till holds it may spend at any moment.
    """
    row = connection.execute(select(ledger.c.state, ledger.c.terminal).where(ledger.c.id == ledger_id)).one()
    if row.state == LedgerState.ACTIVE:
        raise TillNotRetired(terminal=row.terminal)
    freed = free_shares(connection, ledger_id)
    settle(connection, freed, now_ms)
    note(connection, now_ms, officer, "freed", f"ledger={ledger_id} rows={len(freed)}")
    return freed
