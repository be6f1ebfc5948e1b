"""A share on its way from till to till: asked for where the family stands, recalled where it is held.

All figures are cumulative, so nothing here depends on the order or number of messages. What comes free goes to the till
where the family waits, else home to its outlet's till. A retired or quarantined till is never asked: its share is
frozen until an officer frees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, delete, insert, select

from kube_pos.ledger.days import business_day
from kube_pos.ledger.documents import CardState, Recall, RecipientState
from kube_pos.ledger.ids import EntitlementId, LedgerId, OutletId, RecipientId
from kube_pos.sync.wire import ShareAnswer, ShareRequest, ShareState
from kube_pos.upstream import feed, tables
from kube_pos.upstream.audit import note
from kube_pos.upstream.entitlements import tell_entitlements
from kube_pos.upstream.families import tell_families
from kube_pos.upstream.guests import begin_visit, waiting_at
from kube_pos.upstream.shares import Free, LedgerState, active_ledger, grant

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class _Holding:
    ledger_id: LedgerId
    granted: int
    released: int
    spent: int
    settled: int
    is_active: bool

    @property
    def held(self) -> int:
        return max(self.granted - self.released, self.spent) + self.settled

    @property
    def unspent(self) -> int:
        return self.granted - self.released - self.spent


@dataclass(slots=True)
class _Row:
    id: EntitlementId
    recipient_id: RecipientId
    outlet_id: OutletId
    amount: int
    expires_on: date
    holdings: list[_Holding] = field(default_factory=list)

    @property
    def free(self) -> int:
        return self.amount - sum(holding.held for holding in self.holdings)


def ask(connection: Connection, ledger_id: LedgerId, request: ShareRequest, now_ms: int) -> ShareAnswer:
    """Take in that a family stands at a till and wants its share there; asking again is harmless."""
    recipient_id = _family(connection, request)
    if recipient_id is None:
        return ShareAnswer(state=ShareState.REFUSED, server_time_ms=now_ms)
    begin_visit(connection, recipient_id, ledger_id, now_ms)
    tell_families(connection, [recipient_id])
    tell_entitlements(connection, [recipient_id])
    table = tables.entitlement
    rows = connection.execute(select(table.c.id).where(table.c.recipient_id == recipient_id)).scalars()
    numbers = [EntitlementId(row) for row in rows]
    settle(connection, numbers, now_ms)
    note(connection, now_ms, "till", "share_request", f"ledger={ledger_id} family={recipient_id}")
    return ShareAnswer(
        state=_state(connection, numbers, ledger_id, now_ms), server_time_ms=now_ms, recipient=recipient_id
    )


def settle(connection: Connection, entitlement_ids: Iterable[EntitlementId], now_ms: int) -> None:
    """Grant what has come free of some rows, and recall, or stop recalling, what is held elsewhere."""
    numbers = sorted(set(entitlement_ids))
    for start in range(0, len(numbers), _CHUNK):
        _settle_chunk(connection, numbers[start : start + _CHUNK], now_ms)


def _settle_chunk(connection: Connection, numbers: list[EntitlementId], now_ms: int) -> None:
    rows = _rows(connection, numbers)
    waiting = waiting_at(connection, {row.recipient_id for row in rows}, now_ms)
    standing = _standing(connection, numbers)
    today = business_day(now_ms)
    homes = {outlet_id: active_ledger(connection, outlet_id) for outlet_id in {row.outlet_id for row in rows}}
    grants: dict[LedgerId, list[Free]] = {}
    wanted: dict[tuple[EntitlementId, LedgerId], Recall] = {}
    for row in rows:
        asked = waiting.get(row.recipient_id) if row.expires_on >= today else None
        if row.free > 0:
            taker = asked[0] if asked else homes[row.outlet_id]
            if taker is not None:
                grants.setdefault(taker, []).append(Free(row.id, row.free))
        for recall, holder in _recalls(row, asked):
            wanted[row.id, holder] = recall
    for ledger_id, free in grants.items():
        grant(connection, ledger_id, free)
    _tell_recalls(connection, standing, wanted)


def _recalls(row: _Row, asked: tuple[LedgerId, int] | None) -> Iterable[tuple[Recall, LedgerId]]:
    """Yield what is asked back of a row: all that others hold, or what a lowered amount no longer covers."""
    excess = max(0, -row.free)
    for holding in row.holdings:
        if holding.unspent <= 0 or not holding.is_active:
            continue
        released, until = holding.released, 0
        if asked is not None and holding.ledger_id != asked[0]:
            released, until = holding.granted, asked[1]
        elif excess > 0:
            released = holding.released + min(holding.unspent, excess)
        excess -= released - holding.released
        if released > holding.released:
            recall = Recall(entitlement_id=row.id, recipient_id=row.recipient_id, released=released, until_ms=until)
            yield recall, holding.ledger_id


def _tell_recalls(
    connection: Connection,
    standing: set[tuple[EntitlementId, LedgerId]],
    wanted: dict[tuple[EntitlementId, LedgerId], Recall],
) -> None:
    table = tables.recall
    items = [_item(place, None) for place in sorted(standing - wanted.keys())]
    items += [_item(place, recall) for place, recall in sorted(wanted.items(), key=lambda pair: pair[0])]
    for number, ledger_id in sorted(standing - wanted.keys()):
        connection.execute(delete(table).where(table.c.entitlement_id == number, table.c.ledger_id == ledger_id))
    new = sorted(wanted.keys() - standing)
    if new:
        rows = [{"entitlement_id": number, "ledger_id": ledger_id} for number, ledger_id in new]
        connection.execute(insert(table), rows)
    if items:
        feed.put(connection, items)


def _item(place: tuple[EntitlementId, LedgerId], recall: Recall | None) -> feed.Item:
    doc = None if recall is None else feed.encode(recall)
    return feed.Item(feed.for_ledger(place[1]), "recall", str(place[0]), doc)


def _rows(connection: Connection, numbers: list[EntitlementId]) -> list[_Row]:
    entitlement, recipient, share, ledger = tables.entitlement, tables.recipient, tables.share, tables.ledger
    found = {
        EntitlementId(row.id): _Row(
            EntitlementId(row.id),
            RecipientId(row.recipient_id),
            OutletId(row.home_outlet_id),
            row.amount,
            date.fromisoformat(row.expires_on),
        )
        for row in connection.execute(
            select(entitlement, recipient.c.home_outlet_id)
            .join(recipient, recipient.c.id == entitlement.c.recipient_id)
            .where(entitlement.c.id.in_(numbers))
            .order_by(entitlement.c.id)
        )
    }
    for row in connection.execute(
        select(share, ledger.c.state)
        .join(ledger, ledger.c.id == share.c.ledger_id)
        .where(share.c.entitlement_id.in_(numbers))
        .order_by(share.c.entitlement_id, share.c.ledger_id)
    ):
        is_active = row.state == LedgerState.ACTIVE
        holding = _Holding(LedgerId(row.ledger_id), row.granted, row.released, row.spent, row.settled, is_active)
        found[EntitlementId(row.entitlement_id)].holdings.append(holding)
    return list(found.values())


def _standing(connection: Connection, numbers: list[EntitlementId]) -> set[tuple[EntitlementId, LedgerId]]:
    table = tables.recall
    rows = connection.execute(select(table).where(table.c.entitlement_id.in_(numbers)))
    return {(EntitlementId(row.entitlement_id), LedgerId(row.ledger_id)) for row in rows}


def _family(connection: Connection, request: ShareRequest) -> RecipientId | None:
    """Return the family asked for; None when it is unknown, on hold, or the card can't be used."""
    card, recipient = tables.card, tables.recipient
    statement = select(recipient.c.id).where(recipient.c.state == RecipientState.ACTIVE)
    if request.card is not None:
        usable = (card.c.token == request.card, card.c.state == CardState.ACTIVE)
        statement = statement.join(card, card.c.recipient_id == recipient.c.id).where(*usable)
    elif request.recipient is not None:
        statement = statement.where(recipient.c.id == request.recipient)
    else:
        return None
    found = connection.execute(statement).scalar_one_or_none()
    return None if found is None else RecipientId(found)


def _state(connection: Connection, numbers: list[EntitlementId], ledger_id: LedgerId, now_ms: int) -> ShareState:
    """Return how things stand for a till that asked: it holds something, or waits, or nothing is left to come."""
    today = business_day(now_ms)
    rows = [row for row in _rows(connection, numbers) if row.expires_on >= today]
    mine = sum(max(0, holding.unspent) for row in rows for holding in row.holdings if holding.ledger_id == ledger_id)
    if mine > 0:
        return ShareState.GRANTED
    return ShareState.WAITING if _standing(connection, [row.id for row in rows]) else ShareState.NOTHING
