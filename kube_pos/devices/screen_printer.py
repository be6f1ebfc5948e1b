"""A printer whose paper is the screen: for outlets without one, and for the demo."""

from __future__ import annotations

from collections.abc import Callable

from kube_pos.devices.document import PrintDocument
from kube_pos.devices.ports import Printed, PrintTerms


class ScreenPrinter:
    """A `Printer` that hands each document to a callback, on the print queue's thread."""

    def __init__(self, columns: int, on_document: Callable[[PrintDocument], None]) -> None:
        """Keep the width of the shown paper and who shows it."""
        self._columns = columns
        self._on_document = on_document

    @property
    def columns(self) -> int:
        """Return the columns of the shown paper."""
        return self._columns

    def print(self, document: PrintDocument, terms: PrintTerms) -> Printed:
        """Show a document; what the screen shows is confirmed."""
        del terms  # nothing can be left half-way on a screen
        self._on_document(document)
        return Printed(confirmed=True)

    def look(self) -> str:
        """Return nothing to warn of: the screen is always there."""
        return ""
