"""Importing a recipients list as an office has it: first a plan that a person can read, then all of it or nothing.

`plan` refuses single rows with their number and reason, and a whole file that a spreadsheet has spoilt. `apply` stores
the accepted rows in the caller's transaction. Nothing is ever repaired.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from kube_pos.ledger.cards import CardNumber, card_token
from kube_pos.ledger.ids import CardToken, OutletId, RecipientId
from kube_pos.upstream.audit import note
from kube_pos.upstream.entitlements import tell_entitlements
from kube_pos.upstream.errors import ListMangled, ListOutdated
from kube_pos.upstream.families import Family, national_id_hash, save_family, tell_families
from kube_pos.upstream.import_cards import CardDesk, card_owners
from kube_pos.upstream.import_columns import Columns, find_columns
from kube_pos.upstream.import_places import Places, load_places
from kube_pos.upstream.import_rules import (
    RowFault,
    RowNote,
    card_of,
    family_card_fault,
    is_from_elsewhere,
    name_fault,
    national_id_fault,
)
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.sheet import SheetRow, read_sheet

_MANGLED_FROM_ROWS = 10
_MANGLED_PERCENT = 90


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """A row that can be stored; without `card`, a card is assigned when the family has none."""

    number: int
    family: Family
    card: CardNumber | None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is left out, with its number in the file and the reason."""

    number: int
    fault: RowFault


@dataclass(frozen=True, slots=True)
class NotedRow:
    """A row that is stored, but worth a look."""

    number: int
    note: RowNote


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do."""

    path: Path
    accepted: tuple[AcceptedRow, ...]
    refused: tuple[RefusedRow, ...]
    notes: tuple[NotedRow, ...]


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A stored family; `new_card` is set when a card was assigned and must be printed."""

    number: int
    recipient_id: RecipientId
    new_card: CardNumber | None


def plan(connection: Connection, keys: Keys, path: Path) -> ImportPlan:
    """Return what importing a file would do; raises a KubePosError when the file as a whole can't be used."""
    columns, rows = find_columns(read_sheet(path), str(path))
    _refuse_mangled(columns, rows, path)
    reader = _RowReader(load_places(connection), card_owners(connection), keys, columns)
    for row in rows:
        reader.read(row)
    return ImportPlan(path, tuple(reader.accepted), tuple(reader.refused), tuple(reader.notes))


def apply(connection: Connection, keys: Keys, planned: ImportPlan, now_ms: int) -> list[ImportedRow]:
    """Store the accepted rows of a plan and tell the tills; raises ListOutdated when a row no longer fits."""
    imported = []
    desk = CardDesk(connection, keys, now_ms)
    for row in planned.accepted:
        recipient_id = save_family(connection, keys, row.family, now_ms)
        if row.card is None:
            imported.append(ImportedRow(row.number, recipient_id, desk.assign(recipient_id)))
        elif desk.take(row.card, recipient_id):
            imported.append(ImportedRow(row.number, recipient_id, None))
        else:
            raise ListOutdated(row=row.number)
    desk.close()
    recipient_ids = [row.recipient_id for row in imported]
    tell_families(connection, recipient_ids)
    tell_entitlements(connection, recipient_ids)
    note(connection, now_ms, "officer", "imported", f"rows={len(imported)} refused={len(planned.refused)}")
    return imported


def _refuse_mangled(columns: Columns, rows: list[SheetRow], path: Path) -> None:
    """Refuse a file whose NIKs nearly all end in 0: a spreadsheet kept 15 digits of each."""
    numbers = [columns.national_id(row).text for row in rows]
    total = len([number for number in numbers if number])
    spoilt = sum(number.endswith("0") for number in numbers)
    if total >= _MANGLED_FROM_ROWS and spoilt * 100 >= total * _MANGLED_PERCENT:
        raise ListMangled(path=str(path), count=spoilt, total=total)


class _RowReader:
    """Sorts rows into accepted and refused, remembering what the file has used already."""

    def __init__(self, places: Places, owners: dict[CardToken, str], keys: Keys, columns: Columns) -> None:
        self.accepted: list[AcceptedRow] = []
        self.refused: list[RefusedRow] = []
        self.notes: list[NotedRow] = []
        self._places = places
        self._owners = owners
        self._keys = keys
        self._columns = columns
        self._seen_people: set[str] = set()
        self._seen_cards: set[str] = set()

    def read(self, row: SheetRow) -> None:
        """Judge one row; the first thing that is wrong with it is its reason."""
        found = self._judge(row)
        if isinstance(found, RowFault):
            self.refused.append(RefusedRow(row.number, found))
            return
        self.accepted.append(found)
        if is_from_elsewhere(found.family.national_id):
            self.notes.append(NotedRow(row.number, RowNote.NIK_ELSEWHERE))

    def _judge(self, row: SheetRow) -> AcceptedRow | RowFault:
        columns = self._columns
        national_id, family_card, name = columns.national_id(row), columns.family_card(row), columns.name(row).text
        fault = national_id_fault(national_id) or family_card_fault(family_card) or name_fault(name)
        if fault is not None:
            return fault
        if national_id.text in self._seen_people:
            return RowFault.NIK_TWICE
        # A second row of the same NIK is refused even when the first one was refused too.
        self._seen_people.add(national_id.text)
        place = self._places.find(columns.district(row).text, columns.ward(row).text, columns.outlet(row).text)
        if isinstance(place, RowFault):
            return place
        card = self._card(card_of(columns.card(row)), national_id.text)
        if isinstance(card, RowFault):
            return card
        family = Family(
            national_id=national_id.text,
            family_card=family_card.text,
            name=" ".join(name.split()),
            address=columns.address(row).text,
            ward_id=place.ward_id,
            neighbourhood=columns.neighbourhood(row),
            home_outlet_id=OutletId(place.outlet_id),
        )
        return AcceptedRow(row.number, family, card)

    def _card(self, card: CardNumber | RowFault | None, national_id: str) -> CardNumber | RowFault | None:
        if not isinstance(card, CardNumber):
            return card
        if card.digits in self._seen_cards:
            return RowFault.CARD_TWICE
        self._seen_cards.add(card.digits)
        owner = self._owners.get(card_token(self._keys.city, card))
        if owner not in {None, national_id_hash(self._keys, national_id)}:
            return RowFault.CARD_OF_ANOTHER
        return card
