"""Bar codes and QR codes as plain grids of modules, for paper and screens: the one place that knows the encoder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import zxingcpp


class Symbol(StrEnum):
    """The kinds of code that are printed."""

    CODE_128 = "Code128"
    EAN_13 = "EAN13"
    QR = "QRCode"


@dataclass(frozen=True, slots=True)
class Bar:
    """A dark run of a row of modules."""

    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Code:
    """A code in modules, without its quiet zone: rows of dark runs. A bar code has one row."""

    columns: int
    rows: tuple[tuple[Bar, ...], ...]


def make_code(symbol: Symbol, text: str) -> Code:
    """Return the modules of a code; raises ValueError when the symbol can't hold the text."""
    image: Any = zxingcpp.create_barcode(text, zxingcpp.barcode_format_from_str(symbol.value)).to_image(
        scale=1, add_quiet_zones=False
    )
    grid: Any = memoryview(image).tolist()
    rows = grid if symbol is Symbol.QR else [grid[len(grid) // 2]]
    return Code(columns=len(grid[0]), rows=tuple(_bars(row) for row in rows))


def write_qr(path: Path, text: str) -> None:
    """Write a QR code to an SVG file, with its quiet zone; raises ValueError for another kind of file."""
    if path.suffix.lower() != ".svg":
        raise ValueError(path.suffix)
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    path.write_text(barcode.to_svg(scale=8, add_quiet_zones=True), encoding="utf-8")


def _bars(row: list[int]) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    start: int | None = None
    for place, value in enumerate([*row, 255]):
        if value < 128 and start is None:
            start = place
        elif value >= 128 and start is not None:
            bars.append(Bar(start, place - start))
            start = None
    return tuple(bars)
