"""Reading an office's table, XLSX or CSV, as rows of cells; the cells keep their kind, nothing is repaired."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from kube_pos.errors import LibraryMissing
from kube_pos.upstream.errors import ListUnreadable

_LARGEST_BYTES = 50 * 1024 * 1024
_LARGEST_UNPACKED = 400 * 1024 * 1024
_MOST_ROWS = 500_000
_MOST_COLUMNS = 100
_ENCODINGS = ("utf-8-sig", "cp1252")


class Cell(NamedTuple):
    """One cell: its text as a person sees it, and whether the spreadsheet holds it as a number."""

    text: str
    is_number: bool = False


class SheetRow(NamedTuple):
    """A row with its number as the spreadsheet counts, from 1."""

    number: int
    cells: tuple[Cell, ...]


def read_sheet(path: Path) -> list[SheetRow]:
    """Return the rows of a table that are not empty; raises ListUnreadable with the reason."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ListUnreadable(path=str(path), reason=error.strerror or "OSError") from error
    if len(data) > _LARGEST_BYTES:
        raise ListUnreadable(path=str(path), reason="> 50 MB")
    rows = _read_xlsx(path, data) if data.startswith(b"PK\x03\x04") else _read_csv(path, data)
    found = [row for row in rows if any(cell.text for cell in row.cells)]
    if not found:
        raise ListUnreadable(path=str(path), reason="0 baris / rows")
    return found


def _read_xlsx(path: Path, data: bytes) -> list[SheetRow]:
    if not openpyxl.DEFUSEDXML:
        # Without it, openpyxl would read entities that a hostile file defines.
        raise LibraryMissing(library="defusedxml", package="pip install defusedxml")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > _LARGEST_UNPACKED:
                raise ListUnreadable(path=str(path), reason="> 400 MB")
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions that it leaves out; the cells are all there.
            warnings.simplefilter("ignore")
            return _xlsx_rows(path, data)
    except _XLSX_FAULTS as error:
        raise ListUnreadable(path=str(path), reason=type(error).__name__) from error


_XLSX_FAULTS = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,  # what ElementTree's ParseError is
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,  # an encrypted archive, or a compression that is not known
    EOFError,
    OSError,
)
"""What openpyxl lets through when a file is not what it says."""


def _xlsx_rows(path: Path, data: bytes) -> list[SheetRow]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        rows = []
        for number, values in enumerate(sheet.iter_rows(values_only=True, max_col=_MOST_COLUMNS), start=1):
            if number > _MOST_ROWS:
                raise ListUnreadable(path=str(path), reason=f"> {_MOST_ROWS}")
            rows.append(SheetRow(number, tuple(_cell(value) for value in values)))
        return rows
    finally:
        book.close()


def _cell(value: object) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, bool):
        return Cell(str(value))
    if isinstance(value, int | float):
        return Cell(str(value), is_number=True)
    return Cell(str(value).strip())


def _read_csv(path: Path, data: bytes) -> list[SheetRow]:
    text = _decode(data)
    if "\0" in text:
        raise ListUnreadable(path=str(path), reason="bukan XLSX/CSV")
    first = text.lstrip().partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [SheetRow(lines.line_num, tuple(Cell(value.strip()) for value in line)) for line in lines]
    except csv.Error as error:
        raise ListUnreadable(path=str(path), reason=str(error)) from error


def _decode(data: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
