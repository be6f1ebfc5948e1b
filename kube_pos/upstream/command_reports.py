"""The command `kube-pos upstream report`."""

from __future__ import annotations

import argparse
import json
import sys

from kube_pos.clock import Clock
from kube_pos.texts import Texts
from kube_pos.upstream.database import Database
from kube_pos.upstream.errors import ReportNotWritten
from kube_pos.upstream.report_files import table_csv, table_xlsx, write_csv
from kube_pos.upstream.report_kinds import make_report
from kube_pos.upstream.reports import as_csv, as_json, report


def write_report(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    """Make the report that was asked for and write it; raises ReportNotWritten when a file can't be.

    Without a kind it is the whole table by outlet, programme, fund and month, as other programs read it.
    """
    try:
        if args.kind is None:
            _write_whole(args, database)
        else:
            _write_kind(args, database, texts, clock)
    except OSError as error:
        raise ReportNotWritten(path=str(args.xlsx or args.csv), reason=error.strerror or "OSError") from error


def _write_kind(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    with database.write() as connection:
        table = make_report(
            connection, args.kind, clock.now_ms(), args.officer, first=args.first, last=args.last, days=args.days
        )
    if args.csv is not None:
        write_csv(args.csv, table, texts)
    if args.xlsx is not None:
        args.xlsx.write_bytes(table_xlsx(table, texts))
    if args.json:
        sys.stdout.write(f"{json.dumps(table.records(), ensure_ascii=False, default=str)}\n")
    elif args.csv is None and args.xlsx is None:
        sys.stdout.write(table_csv(table, texts))


def _write_whole(args: argparse.Namespace, database: Database) -> None:
    with database.read() as connection:
        lines = report(connection)
    if args.csv is not None:
        args.csv.write_text(as_csv(lines), encoding="utf-8-sig", newline="")
    if args.json:
        sys.stdout.write(f"{json.dumps(as_json(lines), ensure_ascii=False)}\n")
    elif args.csv is None:
        sys.stdout.write(as_csv(lines))
