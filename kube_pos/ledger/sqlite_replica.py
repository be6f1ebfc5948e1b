"""The replica of upstream's documents: a file of its own, which a sale never writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from kube_pos.errors import StaleCursor
from kube_pos.ledger import documents as docs
from kube_pos.ledger.ids import CardToken, RecipientId
from kube_pos.ledger.ports import Catalogue, GrantedRow, OpenRecall
from kube_pos.ledger.sqlite_engine import Database

_CARD = "SELECT doc FROM card WHERE token = ?"
_RECIPIENT = "SELECT doc FROM recipient WHERE id = ?"
_BY_NUMBER = "SELECT doc FROM recipient WHERE national_id_hash = ?1 AND ?1 <> '' OR family_card_hash = ?1 AND ?1 <> ''"
_ROWS = """SELECT e.doc, coalesce(s.granted, 0), coalesce(s.spent_elsewhere, 0)
    FROM entitlement e LEFT JOIN share s ON s.entitlement = e.id WHERE e.recipient = ?"""
_DOCUMENTS = "SELECT kind, doc FROM document WHERE kind <> 'recall'"
_RECALLS = """SELECT d.doc, coalesce(s.granted, 0) FROM document d
    LEFT JOIN share s ON s.entitlement = CAST(d.key AS INTEGER)
    WHERE d.kind = 'recall' ORDER BY CAST(d.key AS INTEGER)"""
_STATE = "SELECT cursor, as_of_ms, generation FROM state"

_D = TypeVar("_D", bound=docs.Document)
_K = TypeVar("_K")
_DECODERS = {kind: msgspec.json.Decoder(cls) for kind, cls in docs.KINDS.items()}
_CATALOGUE_KINDS = frozenset(docs.KINDS) - {"recipient", "card", "entitlement", "share", "recall"}


@dataclass(frozen=True, slots=True)
class ReplicaChange:
    """One change to apply: `doc` is the document's own bytes, None when it is gone."""

    kind: str
    key: str
    doc: bytes | None


class SqliteReplica:
    """The replica's file."""

    def __init__(self, database: Database) -> None:
        """Work on an open replica file."""
        self._database = database
        self._catalogue: tuple[int, Catalogue] | None = None

    def card(self, token: CardToken) -> docs.Card | None:
        """Return the card with a token."""
        return self._document(_CARD, token, docs.Card)

    def recipient(self, recipient_id: RecipientId) -> docs.Recipient | None:
        """Return a family of this outlet."""
        return self._document(_RECIPIENT, recipient_id, docs.Recipient)

    def recipients_by_number(self, number_hash: str) -> tuple[docs.Recipient, ...]:
        """Return the families whose NIK or KK number has this keyed hash."""
        rows = self._database.read().exec_driver_sql(_BY_NUMBER, (number_hash,))
        return tuple(msgspec.json.decode(row[0], type=docs.Recipient) for row in rows)

    def granted_rows(self, recipient_id: RecipientId) -> tuple[GrantedRow, ...]:
        """Return a family's entitlements, in no order."""
        rows = self._database.read().exec_driver_sql(_ROWS, (recipient_id,))
        return tuple(GrantedRow(msgspec.json.decode(row[0], type=docs.Entitlement), row[1], row[2]) for row in rows)

    def recalls(self) -> tuple[OpenRecall, ...]:
        """Return what upstream asks back, by entitlement."""
        rows = self._database.read().exec_driver_sql(_RECALLS)
        return tuple(OpenRecall(msgspec.json.decode(row[0], type=docs.Recall), row[1]) for row in rows)

    def catalogue(self) -> Catalogue:
        """Return the small documents; read again only when one of them changed."""
        generation = self._state()[2]
        kept = self._catalogue
        if kept is None or kept[0] != generation:
            kept = (generation, self._read_catalogue())
            self._catalogue = kept
        return kept[1]

    def list_as_of_ms(self) -> int | None:
        """Return when upstream made the newest list this till has; None before the first sync."""
        as_of = self._state()[1]
        return None if as_of is None else int(as_of)

    def family_count(self) -> int:
        """Return how many families are on the list."""
        return int(self._database.read().exec_driver_sql("SELECT count(*) FROM recipient").scalar_one())

    def cursor(self) -> int:
        """Return the newest change applied; 0 before the first."""
        return int(self._state()[0])

    def apply(self, after: int, cursor: int, as_of_ms: int | None, changes: Iterable[ReplicaChange]) -> None:
        """Apply a page of changes and its cursor in one transaction; `as_of_ms` when the list is whole with it.

        Raises StaleCursor when the page does not follow on, msgspec.ValidationError when a document can't be read, and
        StorageFailed; nothing is applied then.
        """
        with self._database.write() as sql:
            found = sql.execute("SELECT cursor FROM state").fetchone()[0]
            if found != after:
                raise StaleCursor(expected=found, found=after)
            touched = _apply_changes(sql, changes)
            sql.execute(
                "UPDATE state SET cursor = ?, as_of_ms = coalesce(?, as_of_ms), generation = generation + ?",
                (cursor, as_of_ms, int(touched)),
            )

    def _state(self) -> Any:
        return self._database.read().exec_driver_sql(_STATE).fetchone()

    def _document(self, sql: str, key: object, kind: type[_D]) -> _D | None:
        row = self._database.read().exec_driver_sql(sql, (key,)).fetchone()
        return msgspec.json.decode(row[0], type=kind) if row else None

    def _read_catalogue(self) -> Catalogue:
        found: dict[str, list[Any]] = {kind: [] for kind in _CATALOGUE_KINDS}
        for kind, body in self._database.read().exec_driver_sql(_DOCUMENTS):
            found[kind].append(_DECODERS[kind].decode(body))
        return Catalogue(
            outlets=_by(found["outlet"], lambda outlet: outlet.id),
            programs=_by(found["program"], lambda program: program.id),
            funds=_by(found["fund"], lambda fund: fund.id),
            commodities=_by(found["commodity"], lambda commodity: commodity.id),
            products=_by(found["product"], lambda product: product.id),
            staff=_by(found["staff"], lambda staff: staff.id),
            cycles=tuple(sorted(found["cycle"], key=lambda cycle: cycle.id)),
            policies=tuple(sorted(found["policy"], key=lambda policy: policy.from_day)),
            allowances=tuple(found["allowance"]),
            payload_rules=tuple(sorted(found["payload_rule"], key=lambda rule: rule.from_day)),
            issuer_keys=_by(found["issuer_key"], lambda key: key.id),
        )


def _by(found: Iterable[Any], key: Callable[[Any], _K]) -> Mapping[_K, Any]:
    return MappingProxyType({key(item): item for item in found})


_PUTS = {
    "card": "INSERT OR REPLACE INTO card VALUES (?, ?)",
    "recipient": "INSERT OR REPLACE INTO recipient VALUES (?, ?, ?, ?)",
    "entitlement": "INSERT OR REPLACE INTO entitlement VALUES (?, ?, ?)",
    "share": """INSERT INTO share VALUES (?, ?, ?) ON CONFLICT (entitlement) DO UPDATE
        SET granted = max(granted, excluded.granted), spent_elsewhere = excluded.spent_elsewhere""",
    "document": "INSERT OR REPLACE INTO document VALUES (?, ?, ?)",
}
_DELETES = {
    "card": "DELETE FROM card WHERE token = ?",
    "recipient": "DELETE FROM recipient WHERE id = ?",
    "entitlement": "DELETE FROM entitlement WHERE id = ?",
    "document": "DELETE FROM document WHERE kind = ? AND key = ?",
}


def _apply_changes(sql: Any, changes: Iterable[ReplicaChange]) -> bool:
    """Write changes, each table's in their order; return whether a document of the catalogue is among them."""
    touched = False
    tables: dict[str, _Table] = {}
    for change in changes:
        if change.kind not in docs.KINDS:
            # A newer upstream may send kinds that this till does not know; they mean nothing to it.
            continue
        touched = touched or change.kind in _CATALOGUE_KINDS
        name = change.kind if change.kind in _PUTS else "document"
        if name not in tables:
            tables[name] = _Table(sql, name)
        try:
            tables[name].take(change)
        except ValueError:
            # A key that is no number or text that is no UTF-8, without the library's words: they may quote it.
            raise msgspec.ValidationError(change.kind) from None
    for table in tables.values():
        table.flush()
    return touched


class _Table:
    """Changes of one table on their way: what follows on one another and is alike goes to the driver at once."""

    def __init__(self, sql: Any, name: str) -> None:
        self._sql = sql
        self._name = name
        self._statement = ""
        self._rows: list[tuple[object, ...]] = []

    def take(self, change: ReplicaChange) -> None:
        """Add one change; raises ValueError when its key or document can't be read."""
        if change.doc is not None:
            statement, row = _PUTS[self._name], _row(change, change.doc)
        elif self._name == "share":
            # A grant is never taken back: what was granted stays counted.
            return
        else:
            statement, row = _DELETES[self._name], _key(change)
        if statement != self._statement:
            self.flush()
            self._statement = statement
        self._rows.append(row)

    def flush(self) -> None:
        """Write what waits."""
        if self._rows:
            self._sql.executemany(self._statement, self._rows)
            self._rows.clear()


def _key(change: ReplicaChange) -> tuple[object, ...]:
    match change.kind:
        case "card":
            return (change.key,)
        case "recipient" | "entitlement":
            return (int(change.key),)
        case kind:
            return (kind, change.key)


def _row(change: ReplicaChange, body: bytes) -> tuple[object, ...]:
    match _DECODERS[change.kind].decode(body):
        case docs.Card() as doc:
            return (doc.token, body)
        case docs.Recipient() as doc:
            return (doc.id, doc.national_id_hash, doc.family_card_hash, body)
        case docs.Entitlement() as doc:
            return (doc.recipient_id, doc.id, body)
        case docs.Share() as doc:
            return (doc.entitlement_id, doc.granted, doc.spent_elsewhere)
        case _:
            return (change.kind, change.key, body)
