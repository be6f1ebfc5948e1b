"""Writing a report to a file: CSV as Indonesian spreadsheets expect it, or XLSX."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from kube_pos.texts import Texts
from kube_pos.upstream.report_table import Cell, ReportTable

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table_csv(table: ReportTable, texts: Texts) -> str:
    """Return a report as CSV: semicolons, decimal commas, no cell that a spreadsheet takes for a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(table.header(texts))
    writer.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    return text.getvalue()


def write_csv(path: Path, table: ReportTable, texts: Texts) -> None:
    """Write a report to a CSV file that spreadsheets read as UTF-8."""
    path.write_text(table_csv(table, texts), encoding="utf-8-sig", newline="")


def table_xlsx(table: ReportTable, texts: Texts) -> bytes:
    """Return a report as a workbook: text stays text, figures are figures, the header stays in sight."""
    data = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(data, options) as book:
        sheet = book.add_worksheet(table.title(texts)[:31])
        bold, plain = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@"})
        whole, exact = book.add_format({"num_format": "#,##0"}), book.add_format({"num_format": "#,##0.###"})
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        header = table.header(texts)
        sheet.write_row(0, 0, header, bold)
        for number, row in enumerate(table.rows, start=1):
            for place, cell in enumerate(row):
                match cell:
                    case None:
                        continue
                    case str():
                        sheet.write_string(number, place, cell, plain)
                    case datetime():
                        sheet.write_datetime(number, place, cell, moment)
                    case date():
                        sheet.write_datetime(number, place, cell, day)
                    case Decimal():
                        sheet.write_number(number, place, cell, exact)
                    case _ if table.columns[place] in {"budget_year", "family", "entry"}:
                        sheet.write_number(number, place, cell)
                    case _:
                        sheet.write_number(number, place, cell, whole)
        for place, title in enumerate(header):
            longest = max((len(_csv_cell(row[place])) for row in table.rows), default=0)
            sheet.set_column(place, place, min(48, max(len(title), longest) + 2))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(table.rows), len(header) - 1)
    return data.getvalue()


def _csv_cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat(" ", "minutes")
        case date():
            return cell.isoformat()
        case Decimal():
            return format(cell.normalize(), "f").replace(".", ",")
        case str():
            return f"'{cell}" if cell.startswith(_FORMULA) else cell
        case _:
            return str(cell)
