"""The wards and outlets that a recipients list may name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from kube_pos.upstream import tables
from kube_pos.upstream.import_rules import RowFault, folded


class Place(NamedTuple):
    """Where a family lives and which outlet serves it."""

    ward_id: int
    outlet_id: int


@dataclass(frozen=True, slots=True)
class Places:
    """Wards by district and name, outlets by code or name; names are compared without case."""

    wards: dict[tuple[str, str], tuple[int, int | None]]
    outlets: dict[str, int]

    def find(self, district: str, ward: str, outlet: str) -> Place | RowFault:
        """Return the place a row names; the ward's own outlet when it names none."""
        found = self.wards.get((folded(district), folded(ward)))
        if found is None:
            return RowFault.WARD_UNKNOWN
        ward_id, usual = found
        outlet_id = self.outlets.get(folded(outlet)) if outlet else usual
        if outlet_id is None:
            return RowFault.OUTLET_UNKNOWN if outlet else RowFault.WARD_WITHOUT_OUTLET
        return Place(ward_id, outlet_id)


def load_places(connection: Connection) -> Places:
    """Return all wards and outlets of the city."""
    wards: dict[tuple[str, str], tuple[int, int | None]] = {}
    for row in connection.execute(select(tables.ward)):
        wards[folded(row.district), folded(row.name)] = (row.id, row.outlet_id)
    outlets: dict[str, int] = {}
    for row in connection.execute(select(tables.outlet)):
        outlets[folded(row.name)] = row.id
        outlets[folded(row.code)] = row.id
    return Places(wards, outlets)
