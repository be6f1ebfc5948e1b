"""Families and their cards: stored, and told to the tills that may know them.

A family and its cards go to the tills of its home outlet. Every other till gets the card's token, state and outlet,
never a name: enough to refuse a blocked card and to name the outlet to go to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Row, insert, select, update

from kube_pos.ledger.cards import CardNumber, card_token, keyed_hash
from kube_pos.ledger.documents import Card, CardState, Recipient, RecipientState
from kube_pos.ledger.ids import CardToken, OutletId, RecipientId
from kube_pos.upstream import feed, tables
from kube_pos.upstream.guests import for_guests, guests_of
from kube_pos.upstream.keys import Keys

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Family:
    """A family as the office knows it; the numbers are hashed before anything is stored."""

    national_id: str
    family_card: str
    name: str
    address: str
    ward_id: int
    neighbourhood: str
    home_outlet_id: OutletId
    state: RecipientState = RecipientState.ACTIVE
    delivery: bool = False


def national_id_hash(keys: Keys, national_id: str) -> str:
    """Return all that is stored of an NIK but its last four digits."""
    return keyed_hash(keys.city, "nik", national_id)


def save_family(connection: Connection, keys: Keys, family: Family, now_ms: int) -> RecipientId:
    """Store a family, new or known by its NIK, without telling the tills yet; return its id."""
    row = {
        "name": family.name,
        "address": family.address,
        "ward_id": family.ward_id,
        "neighbourhood": family.neighbourhood,
        "home_outlet_id": family.home_outlet_id,
        "state": family.state.value,
        "delivery": int(family.delivery),
        "national_id_hash": national_id_hash(keys, family.national_id),
        "national_id_last4": family.national_id[-4:],
        "family_card_hash": keyed_hash(keys.city, "kk", family.family_card) if family.family_card else "",
        "family_card_last4": family.family_card[-4:],
        "changed_at": now_ms,
    }
    column = tables.recipient.c.national_id_hash
    found = connection.execute(
        select(tables.recipient.c.id, tables.recipient.c.home_outlet_id).where(column == row["national_id_hash"])
    ).one_or_none()
    if found is None:
        new = connection.execute(insert(tables.recipient).values(**row).returning(tables.recipient.c.id))
        return RecipientId(new.scalar_one())
    if found.home_outlet_id != family.home_outlet_id:
        _forget(connection, RecipientId(found.id), OutletId(found.home_outlet_id))
    # A list says who lives where; that a family is on hold is the office's decision and stays.
    del row["state"]
    connection.execute(update(tables.recipient).where(tables.recipient.c.id == found.id).values(**row))
    return RecipientId(found.id)


def save_card(
    connection: Connection, keys: Keys, number: CardNumber, recipient_id: RecipientId, state: CardState, now_ms: int
) -> CardToken:
    """Store a new card of a family, without telling the tills yet; return its token."""
    token = card_token(keys.city, number)
    row = {
        "token": token,
        "recipient_id": recipient_id,
        "state": state.value,
        "last4": number.last4,
        "changed_at": now_ms,
    }
    connection.execute(insert(tables.card), row)
    return token


def set_card_state(connection: Connection, token: CardToken, state: CardState, now_ms: int) -> None:
    """Block, lose, replace or free a card, and tell every till."""
    card = tables.card
    row = connection.execute(
        update(card)
        .where(card.c.token == token)
        .values(state=state.value, changed_at=now_ms)
        .returning(card.c.recipient_id)
    ).one()
    tell_families(connection, [RecipientId(row.recipient_id)])


def replace_card(connection: Connection, keys: Keys, old: CardToken, number: CardNumber, now_ms: int) -> CardToken:
    """Give a family a new card for an old one, and tell every till; the balance follows the family."""
    card = tables.card
    recipient_id = connection.execute(select(card.c.recipient_id).where(card.c.token == old)).scalar_one()
    token = save_card(connection, keys, number, RecipientId(recipient_id), CardState.ACTIVE, now_ms)
    set_card_state(connection, old, CardState.REPLACED, now_ms)
    return token


def set_recipient_state(connection: Connection, recipient_id: RecipientId, state: RecipientState, now_ms: int) -> None:
    """Put a family on hold, or free it, and tell its home outlet's tills."""
    recipient = tables.recipient
    connection.execute(
        update(recipient).where(recipient.c.id == recipient_id).values(state=state.value, changed_at=now_ms)
    )
    tell_families(connection, [recipient_id])


def tell_families(connection: Connection, recipient_ids: Iterable[RecipientId]) -> None:
    """Put families and their cards into the feed: cards that can't be used first, then the rest."""
    wanted = list(recipient_ids)
    recipients: list[feed.Item] = []
    blocked: list[feed.Item] = []
    usable: list[feed.Item] = []
    visiting: list[feed.Item] = []
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        guests = guests_of(connection, chunk)
        for row in _recipient_rows(connection, chunk):
            recipients.append(_recipient_item(row))
            visiting += for_guests(recipients[-1], guests.get(row.id, ()))
        for row in _card_rows(connection, chunk):
            foreign, own = _card_items(row)
            (usable if row.state == CardState.ACTIVE else blocked).extend((foreign, own))
            visiting += for_guests(own, guests.get(row.recipient_id, ()))
    # What a visited till gets comes last: it stands in the place of what all others know of the card.
    feed.put(connection, [*blocked, *recipients, *usable, *visiting])


def _forget(connection: Connection, recipient_id: RecipientId, outlet_id: OutletId) -> None:
    """Take a family that moves away out of its old outlet's audience, before the new documents are put."""
    audience = feed.for_outlet(outlet_id)
    entitlements = select(tables.entitlement.c.id).where(tables.entitlement.c.recipient_id == recipient_id)
    cards = select(tables.card.c.token).where(tables.card.c.recipient_id == recipient_id)
    gone = [feed.Item(audience, "recipient", str(recipient_id), None)]
    gone += [feed.Item(audience, "card", token, None) for token in connection.execute(cards).scalars()]
    gone += [feed.Item(audience, "entitlement", str(row), None) for row in connection.execute(entitlements).scalars()]
    feed.put(connection, gone)


def _recipient_rows(connection: Connection, recipient_ids: list[RecipientId]) -> Iterable[Row[tuple[object, ...]]]:
    recipient, ward = tables.recipient, tables.ward
    return connection.execute(
        select(recipient, ward.c.name.label("ward"))
        .join(ward, ward.c.id == recipient.c.ward_id)
        .where(recipient.c.id.in_(recipient_ids))
        .order_by(recipient.c.id)
    )


def _card_rows(connection: Connection, recipient_ids: list[RecipientId]) -> Iterable[Row[tuple[object, ...]]]:
    card, recipient = tables.card, tables.recipient
    return connection.execute(
        select(card, recipient.c.home_outlet_id)
        .join(recipient, recipient.c.id == card.c.recipient_id)
        .where(recipient.c.id.in_(recipient_ids))
        .order_by(card.c.recipient_id, card.c.token)
    )


def _recipient_item(row: Row[tuple[object, ...]]) -> feed.Item:
    document = Recipient(
        id=row.id,
        name=row.name,
        ward=row.ward,
        neighbourhood=row.neighbourhood,
        home_outlet_id=row.home_outlet_id,
        state=RecipientState(row.state),
        national_id_hash=row.national_id_hash,
        national_id_last4=row.national_id_last4,
        family_card_hash=row.family_card_hash,
        delivery=bool(row.delivery),
    )
    return feed.Item(feed.for_outlet(row.home_outlet_id), "recipient", str(row.id), feed.encode(document))


def _card_items(row: Row[tuple[object, ...]]) -> tuple[feed.Item, feed.Item]:
    home, state = OutletId(row.home_outlet_id), CardState(row.state)
    foreign = Card(token=row.token, state=state, outlet_id=home)
    own = Card(token=row.token, state=state, outlet_id=home, recipient_id=row.recipient_id, last4=row.last4)
    return (
        feed.Item(feed.ALL, "card", row.token, feed.encode(foreign), except_outlet=home),
        feed.Item(feed.for_outlet(home), "card", row.token, feed.encode(own)),
    )
