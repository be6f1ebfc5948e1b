"""How entitlement rows are split among tills (protocol: shares).

Upstream may grant while `amount ≥ Σ over ledgers (granted − released)`; then Σ spent ≤ amount in every interleaving.
All three numbers of a share are cumulative, and only `granted` is upstream's to raise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, case, func, insert, select, update

from kube_pos.ledger.documents import Share
from kube_pos.ledger.ids import EntitlementId, LedgerId, OutletId, RecipientId
from kube_pos.upstream import feed, tables

_CHUNK = 400


class LedgerState(StrEnum):
    """What upstream thinks of a till's journal."""

    ACTIVE = "active"
    RETIRED = "retired"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Free:
    """The part of an entitlement that no ledger holds."""

    entitlement_id: EntitlementId
    amount: int


def active_ledger(connection: Connection, outlet_id: OutletId) -> LedgerId | None:
    """Return the ledger that an outlet's rows go to: its newest active one; None when it has no till."""
    ledger = tables.ledger
    found = connection.execute(
        select(ledger.c.id)
        .where(ledger.c.outlet_id == outlet_id, ledger.c.state == LedgerState.ACTIVE)
        .order_by(ledger.c.terminal_no.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if found is None else LedgerId(found)


def free_of_outlet(connection: Connection, outlet_id: OutletId) -> list[Free]:
    """Return what is free of the rows of an outlet's families."""
    held = _held().subquery()
    entitlement, recipient = tables.entitlement, tables.recipient
    free = entitlement.c.amount - func.coalesce(held.c.held, 0)
    rows = connection.execute(
        select(entitlement.c.id, free.label("free"))
        .join(recipient, recipient.c.id == entitlement.c.recipient_id)
        .outerjoin(held, held.c.entitlement_id == entitlement.c.id)
        .where(recipient.c.home_outlet_id == outlet_id)
        .order_by(entitlement.c.id)
    )
    return [Free(EntitlementId(row.id), row.free) for row in rows]


def free_of_rows(connection: Connection, entitlement_ids: Iterable[EntitlementId]) -> list[Free]:
    """Return what is free of some rows; below 0 when tills hold more than a lowered amount."""
    wanted, entitlement = sorted(set(entitlement_ids)), tables.entitlement
    held = _held().subquery()
    free = entitlement.c.amount - func.coalesce(held.c.held, 0)
    found: list[Free] = []
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(
            select(entitlement.c.id, free.label("free"))
            .outerjoin(held, held.c.entitlement_id == entitlement.c.id)
            .where(entitlement.c.id.in_(wanted[start : start + _CHUNK]))
            .order_by(entitlement.c.id)
        )
        found += [Free(EntitlementId(row.id), row.free) for row in rows]
    return found


def grant(connection: Connection, ledger_id: LedgerId, wanted: Iterable[Free]) -> int:
    """Grant a ledger what is free, and tell it of rows that others hold or have used; return how many rows it has.

    The caller has just read what is free, in this transaction: writers are serialised.
    """
    share = tables.share
    rows = list(wanted)
    has = set(connection.execute(select(share.c.entitlement_id).where(share.c.ledger_id == ledger_id)).scalars())
    new = [row for row in rows if row.entitlement_id not in has]
    if new:
        blank = {"ledger_id": ledger_id, "released": 0, "spent": 0}
        connection.execute(
            insert(share),
            [{**blank, "entitlement_id": row.entitlement_id, "granted": max(row.amount, 0)} for row in new],
        )
    for row in rows:
        if row.entitlement_id in has and row.amount > 0:
            connection.execute(
                update(share)
                .where(share.c.ledger_id == ledger_id, share.c.entitlement_id == row.entitlement_id)
                .values(granted=share.c.granted + row.amount)
            )
    tell_shares(connection, [row.entitlement_id for row in rows])
    return len(rows)


def tell_shares(connection: Connection, entitlement_ids: Iterable[EntitlementId]) -> None:
    """Put the shares of entitlements into the feeds of the ledgers that have one."""
    wanted = sorted(set(entitlement_ids))
    for start in range(0, len(wanted), _CHUNK):
        _tell_chunk(connection, wanted[start : start + _CHUNK])


def free_shares(connection: Connection, ledger_id: LedgerId) -> list[EntitlementId]:
    """Free what a retired ledger did not spend, on an officer's word; return the rows that have something free now.

    Only right when the till's journal is known to its end: a sale that comes later is overdrawn, and shown as such.
    """
    share = tables.share
    unspent = share.c.granted - share.c.released - share.c.spent
    rows = connection.execute(
        update(share)
        .where(share.c.ledger_id == ledger_id, unspent > 0)
        .values(released=share.c.granted - share.c.spent)
        .returning(share.c.entitlement_id)
    )
    return [EntitlementId(row.entitlement_id) for row in rows]


def _held() -> Select[Any]:
    share = tables.share
    holds = share.c.granted - share.c.released
    # A till that gave out more than it held has used that up all the same: it must not be granted again.
    held = func.sum(case((share.c.spent > holds, share.c.spent), else_=holds) + share.c.settled)
    return select(share.c.entitlement_id, held.label("held")).group_by(share.c.entitlement_id)


def _tell_chunk(connection: Connection, entitlement_ids: list[EntitlementId]) -> None:
    share, entitlement = tables.share, tables.entitlement
    rows = connection.execute(
        select(share, entitlement.c.recipient_id)
        .join(entitlement, entitlement.c.id == share.c.entitlement_id)
        .where(share.c.entitlement_id.in_(entitlement_ids))
        .order_by(share.c.entitlement_id)
    ).all()
    spent: defaultdict[int, int] = defaultdict(int)
    for row in rows:
        spent[row.entitlement_id] += row.spent + row.settled
    items = []
    for row in rows:
        document = Share(
            entitlement_id=EntitlementId(row.entitlement_id),
            recipient_id=RecipientId(row.recipient_id),
            granted=row.granted,
            spent_elsewhere=max(0, spent[row.entitlement_id] - row.spent),
        )
        audience = feed.for_ledger(LedgerId(row.ledger_id))
        items.append(feed.Item(audience, "share", str(row.entitlement_id), feed.encode(document)))
    feed.put(connection, items)
