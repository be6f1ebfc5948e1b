"""What every report is: a kind, named columns and rows of cells that a person reads.

Cells are whole numbers for rupiah and counts, exact decimals for goods in kind, days, moments in Samarinda, and text;
identifiers of people are text, with only their last four digits, so that no spreadsheet can spoil them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from kube_pos.ledger.documents import Unit
from kube_pos.texts import Texts

Cell = int | Decimal | str | date | datetime | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a report is about, both included; without an end it stops nowhere.

    An entitlement is of a period when a family could use it on one of its days, up to today.
    """

    today: date
    first: date | None = None
    last: date | None = None

    @property
    def begins(self) -> str:
        """Return the first day as the database writes it, or a text before every day."""
        return "" if self.first is None else self.first.isoformat()

    @property
    def usable_until(self) -> str:
        """Return the day by which an entitlement must have begun."""
        return (self.last or self.today).isoformat()


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A report as it is shown and written: `columns` are keys, whose titles are among the texts."""

    kind: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def title(self, texts: Texts) -> str:
        """Return what the report is called."""
        return texts.say(f"upstream_report.{self.kind}")

    def header(self, texts: Texts) -> tuple[str, ...]:
        """Return the titles of the columns."""
        return tuple(texts.say(f"upstream_report_column.{column}") for column in self.columns)

    def records(self) -> list[dict[str, Cell]]:
        """Return the rows by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def amount(unit: str, value: int) -> int | Decimal:
    """Return an amount as a cell: whole rupiah, or goods in kind in their own unit.

    The database's sums may come as decimals; rupiah and thousandths are whole all the same.
    """
    return int(value) if unit == Unit.RUPIAH else Decimal(int(value)) / 1000


def masked(last4: str) -> str:
    """Return an NIK as a report shows it: text, the last four digits only."""
    return f"{'*' * 12}{last4}" if last4 else ""
