"""Finding the columns of a recipients list by their headers, in any order, case and common spelling. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kube_pos.upstream.errors import ListColumnsMissing
from kube_pos.upstream.sheet import Cell, SheetRow

_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
_EMPTY = Cell("")
_HEADER_WITHIN = 15
"""In how many rows from the top a header is looked for."""
_ALIASES: dict[str, tuple[str, ...]] = {
    "nik": ("nik", "nonik", "nomornik", "nomorindukkependudukan", "nikkepalakeluarga", "nikkpm", "noktp", "nomorktp"),
    "kk": ("nokk", "nomorkk", "kk", "nokartukeluarga", "nomorkartukeluarga"),
    "nama": ("nama", "namapenerima", "namalengkap", "namakpm", "namakepalakeluarga", "namapemegangkartu"),
    "alamat": ("alamat", "alamatlengkap", "jalan"),
    "rt": ("rt", "nort", "rtrw", "rukuntetangga"),
    "kelurahan": ("kelurahan", "kel", "desakelurahan", "kelurahandesa", "desa"),
    "kecamatan": ("kecamatan", "kec"),
    "kartu": ("nokartu", "nomorkartu", "kartu", "nokartussc", "nomorkartussc", "kartussc"),
    "outlet": ("outlet", "ewarong", "ewarung", "kodeoutlet", "kube", "namaoutlet"),
}
_MUST = {"nik": "NIK", "nama": "Nama", "kelurahan": "Kelurahan", "kecamatan": "Kecamatan"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each column stands; those a list may lack are read as empty."""

    places: dict[str, int]

    def national_id(self, row: SheetRow) -> Cell:
        """Return the NIK's cell."""
        return self._cell(row, "nik")

    def family_card(self, row: SheetRow) -> Cell:
        """Return the KK number's cell."""
        return self._cell(row, "kk")

    def name(self, row: SheetRow) -> Cell:
        """Return the holder's name."""
        return self._cell(row, "nama")

    def address(self, row: SheetRow) -> Cell:
        """Return the address."""
        return self._cell(row, "alamat")

    def ward(self, row: SheetRow) -> Cell:
        """Return the ward's name."""
        return self._cell(row, "kelurahan")

    def district(self, row: SheetRow) -> Cell:
        """Return the district's name."""
        return self._cell(row, "kecamatan")

    def card(self, row: SheetRow) -> Cell:
        """Return the card number's cell."""
        return self._cell(row, "kartu")

    def outlet(self, row: SheetRow) -> Cell:
        """Return the outlet's code or name."""
        return self._cell(row, "outlet")

    def neighbourhood(self, row: SheetRow) -> str:
        """Return the neighbourhood as «RT 05», however it was written."""
        text = self._cell(row, "rt").text
        digits = re.match(r"\D*(\d{1,3})", text)
        return f"RT {int(digits.group(1)):02d}" if digits else text

    def _cell(self, row: SheetRow, column: str) -> Cell:
        place = self.places.get(column)
        return row.cells[place] if place is not None and place < len(row.cells) else _EMPTY


def find_columns(rows: list[SheetRow], path: str) -> tuple[Columns, list[SheetRow]]:
    """Return the columns and the rows below the header; titles may stand above it. Raises ListColumnsMissing."""
    candidates = [_columns_in(row) for row in rows[:_HEADER_WITHIN]]
    best = max(range(len(candidates)), key=lambda place: len(candidates[place]))
    missing = [title for column, title in _MUST.items() if column not in candidates[best]]
    if missing:
        raise ListColumnsMissing(path=path, columns=", ".join(missing))
    return Columns(candidates[best]), rows[best + 1 :]


def _columns_in(header: SheetRow) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, cell in enumerate(header.cells):
        name = _NOT_LETTERS.sub("", cell.text.casefold())
        for column, aliases in _ALIASES.items():
            if name in aliases and column not in places:
                places[column] = place
    return places
