"""What we know of printer models: the library's own table is wrong for many. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrinterModel:
    """What a printer can do, as far as it changes the bytes that we send."""

    name: str
    columns: int
    """Characters of font A on a line."""
    dots: int
    """Dots on a line, for pictures; a wider picture prints garbage."""
    has_cutter: bool
    native_qr: bool = False
    """Draws QR codes itself. Off unless proved: clones print the command as text."""
    feed_lines: int = 6
    """Lines to feed so that the last one is past the tear bar or the knife."""


MODELS = (
    PrinterModel("generic-58", 32, 384, has_cutter=False, feed_lines=4),
    PrinterModel("generic-80", 48, 576, has_cutter=True),
    PrinterModel("generic-80-42", 42, 512, has_cutter=True),
    PrinterModel("generic-80-no-cutter", 48, 576, has_cutter=False),
    PrinterModel("epson-tm-t20", 48, 576, has_cutter=True, native_qr=True),
    PrinterModel("epson-tm-t88", 42, 512, has_cutter=True, native_qr=True),
)
"""The models by name; the first of a width is the one for an unknown printer of that width."""


def model_names() -> tuple[str, ...]:
    """Return the names that settings may hold."""
    return tuple(model.name for model in MODELS)


def find_model(name: str) -> PrinterModel | None:
    """Return the model of a name, or None."""
    return next((model for model in MODELS if model.name == name), None)


def model_for(columns: int) -> PrinterModel | None:
    """Return the safest model of a width, or None when no printer has that width."""
    return next((model for model in MODELS if model.columns == columns), None)
