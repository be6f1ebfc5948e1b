"""The options of `kube-pos upstream`, with their help in the user's language."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from kube_pos.texts import Texts

DEFAULT_PORT = 8472
REPORTS = (
    "districts", "wards", "outlets", "funds", "months", "served", "unserved", "expiring", "exceptions", "mismatches",
    "silent",
)  # fmt: skip
"""The kinds of `report_kinds`, written here so that a till's command line need not load the office's libraries."""


def add_options(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], texts: Texts, default_database: Path | None
) -> None:
    """Add the sub-commands of `upstream` to a command line."""

    def add(name: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=texts.say(f"upstream_help.{name}"))
        parser.add_argument(
            "--database",
            required=default_database is None,
            default=default_database,
            metavar="PATH|URL",
            help=texts.say("upstream_help.database"),
        )
        parser.add_argument("--clock-shift-ms", type=int, default=0, help=texts.say("upstream_help.clock_shift"))
        return parser

    _serve(add("serve"), texts)
    _import(add("import-recipients"), texts)
    _publish(add("publish"), texts)
    _amend(add("amend"), texts)
    _extend(add("extend"), texts)
    _enrol(add("enrol"), texts)
    _report(add("report"), texts)
    _sample_city(add("sample-city"), texts)
    _check_receipt(add("check-receipt"), texts)
    _ledger(add("retire"), texts)
    _ledger(add("free"), texts)
    _officer(add("officer"), texts)


def _officer(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("deed", choices=("add", "reset", "list"), help=texts.say("console_officer.deed"))
    parser.add_argument("name", nargs="?", default="", help=texts.say("console_officer.name"))
    roles = ("viewer", "officer", "administrator")
    parser.add_argument("--role", choices=roles, default="officer", help=texts.say("console_officer.role"))


def _ledger(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("terminal", metavar="A03", help=texts.say("upstream_help.terminal"))
    parser.add_argument("--officer", required=True, help=texts.say("upstream_help.officer_name"))


def _serve(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("--host", default="127.0.0.1", help=texts.say("upstream_help.host"))
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=texts.say("upstream_help.port"))
    parser.add_argument("--ready-file", type=Path, metavar="PATH", help=texts.say("upstream_help.ready_file"))
    parser.add_argument("--until-stdin-closes", action="store_true", help=texts.say("upstream_help.until_stdin"))


def _import(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=texts.say("upstream_help.file"))
    parser.add_argument("--dry-run", action="store_true", help=texts.say("upstream_help.dry_run"))


def _publish(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("--program", required=True, help=texts.say("upstream_help.program"))
    parser.add_argument("--fund", required=True, help=texts.say("upstream_help.fund"))
    parser.add_argument("--months", required=True, metavar="2026-10,2026-11", help=texts.say("upstream_help.months"))
    parser.add_argument("--amount", required=True, type=int, help=texts.say("upstream_help.amount"))
    for name in ("--released-on", "--expires-on"):
        key = name.removeprefix("--").replace("-", "_")
        parser.add_argument(
            name, required=True, type=date.fromisoformat, metavar="2026-12-31", help=texts.say(f"upstream_help.{key}")
        )


def _amend(parser: argparse.ArgumentParser, texts: Texts) -> None:
    _rows(parser, texts)
    parser.add_argument("--amount", required=True, type=int, help=texts.say("upstream_help.amount"))


def _extend(parser: argparse.ArgumentParser, texts: Texts) -> None:
    _rows(parser, texts)
    until = texts.say("upstream_help.expires_on")
    parser.add_argument("--until", required=True, type=date.fromisoformat, metavar="2027-01-31", help=until)


def _rows(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("--program", required=True, help=texts.say("upstream_help.program"))
    parser.add_argument("--fund", required=True, help=texts.say("upstream_help.fund"))
    parser.add_argument("--month", required=True, metavar="2026-11", help=texts.say("upstream_help.month"))
    chosen = texts.say("upstream_help.recipient")
    parser.add_argument("--recipient", action="append", type=int, metavar="N", help=chosen)
    parser.add_argument("--officer", default="officer", help=texts.say("upstream_help.officer_name"))


def _enrol(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("--outlet", required=True, metavar="CODE", help=texts.say("upstream_help.outlet"))
    parser.add_argument(
        "--address", default=f"http://127.0.0.1:{DEFAULT_PORT}", help=texts.say("upstream_help.address")
    )
    parser.add_argument("--qr", type=_svg, metavar="FILE.svg", help=texts.say("upstream_help.qr"))


def _report(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("kind", nargs="?", choices=REPORTS, help=texts.say("upstream_help.report_kind"))
    parser.add_argument("--json", action="store_true", help=texts.say("upstream_help.json"))
    parser.add_argument("--csv", type=Path, metavar="FILE", help=texts.say("upstream_help.csv"))
    parser.add_argument("--xlsx", type=Path, metavar="FILE.xlsx", help=texts.say("upstream_help.xlsx"))
    for name, key in (("from", "first"), ("to", "last")):
        said = texts.say(f"upstream_help.{key}")
        parser.add_argument(f"--{name}", dest=key, type=date.fromisoformat, metavar="2026-12-31", help=said)
    parser.add_argument("--days", type=int, metavar="N", help=texts.say("upstream_help.days"))
    parser.add_argument("--officer", default="officer", help=texts.say("upstream_help.officer_name"))


def _sample_city(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("--seed", type=int, default=1, help=texts.say("upstream_help.seed"))
    parser.add_argument("--year", type=int, help=texts.say("upstream_help.year"))
    parser.add_argument("--cards", type=Path, metavar="FILE.pdf", help=texts.say("upstream_help.cards"))
    parser.add_argument("--font", type=Path, metavar="FILE.ttf", help=texts.say("upstream_help.font"))
    parser.add_argument("--json", action="store_true", help=texts.say("upstream_help.json"))


def _check_receipt(parser: argparse.ArgumentParser, texts: Texts) -> None:
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("code", nargs="?", metavar="CODE", help=texts.say("upstream_receipt.code"))
    given.add_argument("--file", type=Path, metavar="FILE", help=texts.say("upstream_receipt.file"))


def _svg(text: str) -> Path:
    """Return a path that ends in .svg; argparse tells the user when it does not."""
    if not text.lower().endswith(".svg"):
        raise argparse.ArgumentTypeError("*.svg")
    return Path(text)
