"""Cards during an import: those that a list names, and new ones for families that have none."""

from __future__ import annotations

from sqlalchemy import Connection, select

from kube_pos.ledger.cards import CardNumber, card_number, card_token
from kube_pos.ledger.documents import CardState
from kube_pos.ledger.ids import CardToken, RecipientId
from kube_pos.upstream import tables
from kube_pos.upstream.families import save_card
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.settings import next_card_serial, set_next_card_serial


class CardDesk:
    """Takes and assigns cards in one transaction; reads what is known once, and notes the next serial at the end."""

    def __init__(self, connection: Connection, keys: Keys, now_ms: int) -> None:
        """Read the cards that there are."""
        self._connection = connection
        self._keys = keys
        self._now_ms = now_ms
        self._serial = next_card_serial(connection)
        self._owners: dict[str, int] = {}
        self._served: set[int] = set()
        card = tables.card
        for row in connection.execute(select(card.c.token, card.c.recipient_id, card.c.state)):
            self._owners[row.token] = row.recipient_id
            if row.state == CardState.ACTIVE:
                self._served.add(row.recipient_id)

    def take(self, number: CardNumber, recipient_id: RecipientId) -> bool:
        """Store a card that a list names; tell whether it could be: not when it is another family's."""
        owner = self._owners.get(card_token(self._keys.city, number))
        if owner is None:
            self._save(number, recipient_id)
        return owner in {None, recipient_id}

    def assign(self, recipient_id: RecipientId) -> CardNumber | None:
        """Return a new card for a family that has no active one; None when it has."""
        if recipient_id in self._served:
            return None
        while True:
            number = card_number(self._serial)
            self._serial += 1
            if card_token(self._keys.city, number) not in self._owners:
                self._save(number, recipient_id)
                return number

    def close(self) -> None:
        """Note the next serial, so that none is given twice."""
        set_next_card_serial(self._connection, self._serial)

    def _save(self, number: CardNumber, recipient_id: RecipientId) -> None:
        token = save_card(self._connection, self._keys, number, recipient_id, CardState.ACTIVE, self._now_ms)
        self._owners[token] = recipient_id
        self._served.add(recipient_id)


def card_owners(connection: Connection) -> dict[CardToken, str]:
    """Return whose every known card is, as the hash of the NIK."""
    card, recipient = tables.card, tables.recipient
    rows = connection.execute(
        select(card.c.token, recipient.c.national_id_hash).join(recipient, recipient.c.id == card.c.recipient_id)
    )
    return {CardToken(row.token): row.national_id_hash for row in rows}
