"""What each sub-command of `kube-pos upstream` does."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection

from kube_pos.clock import Clock
from kube_pos.errors import KubePosError
from kube_pos.ledger.days import business_day
from kube_pos.ledger.ids import BenefitMonth, FundId, OutletId, ProgramId, RecipientId
from kube_pos.ledger.quantity import format_number, format_rupiah
from kube_pos.sync.wire import write_enrolment_code
from kube_pos.texts import Texts
from kube_pos.upstream import importer, tables
from kube_pos.upstream.amendments import Amended, Rows, amend, extend
from kube_pos.upstream.card_sheet import write_card_sheet
from kube_pos.upstream.catalogue import find_id
from kube_pos.upstream.codes import write_qr
from kube_pos.upstream.command_ledgers import free_till, retire_till
from kube_pos.upstream.command_officers import officer
from kube_pos.upstream.command_reports import write_report
from kube_pos.upstream.database import Database, open_database
from kube_pos.upstream.enrolment import make_code
from kube_pos.upstream.keys import Keys, load_keys
from kube_pos.upstream.publication import Publication, publish
from kube_pos.upstream.receipt_check import check_receipt
from kube_pos.upstream.sample_city import seed_city
from kube_pos.upstream.server import listen, serve
from kube_pos.upstream.service import make_app

Handler = Callable[[argparse.Namespace, Database, Texts, Clock], None]


def handle(args: argparse.Namespace, texts: Texts, clock: Clock) -> None:
    """Do what was parsed, on the database that it names; raises KubePosError when it can't be done."""
    handlers: dict[str, Handler] = {
        "serve": _serve,
        "import-recipients": _import,
        "publish": _publish,
        "amend": _amend,
        "extend": _extend,
        "enrol": _enrol,
        "report": write_report,
        "sample-city": _sample_city,
        "check-receipt": _check_receipt,
        "retire": retire_till,
        "free": free_till,
        "officer": officer,
    }
    database = open_database(str(args.database))
    try:
        handlers[args.upstream_command](args, database, texts, clock)
    finally:
        database.close()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _keys(database: Database) -> Keys:
    with database.write() as connection:
        return load_keys(connection)


def _serve(args: argparse.Namespace, database: Database, _texts: Texts, clock: Clock) -> None:
    listener = listen(args.host, args.port)
    serve(make_app(database, clock), listener, args.ready_file, until_stdin_closes=args.until_stdin_closes)


def _import(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    keys = _keys(database)
    with database.read() as connection:
        planned = importer.plan(connection, keys, args.file)
    for refused in planned.refused:
        _say(
            texts.say(
                "upstream_import.row", number=refused.number, sentence=texts.say(f"upstream_import.{refused.fault}")
            )
        )
    for noted in planned.notes:
        _say(
            texts.say("upstream_import.note", number=noted.number, sentence=texts.say(f"upstream_import.{noted.note}"))
        )
    counts = {"accepted": len(planned.accepted), "refused": len(planned.refused)}
    if args.dry_run:
        _say(texts.say("upstream_import.planned", **counts))
        return
    with database.write() as connection:
        imported = importer.apply(connection, keys, planned, clock.now_ms())
    for row in imported:
        if row.new_card is not None:
            _say(texts.say("upstream_import.new_card", number=row.number, card=row.new_card.digits))
    _say(texts.say("upstream_import.done", **counts))


def _publish(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    with database.write() as connection:
        made = publish(connection, _publication(connection, args), clock.now_ms())
    _say(
        texts.say(
            "upstream_publication.done",
            families=format_number(made.families),
            rows=format_number(made.rows),
            total=format_rupiah(made.total),
        )
    )


def _publication(connection: Connection, args: argparse.Namespace) -> Publication:
    return Publication(
        program_id=ProgramId(find_id(connection, tables.program, "name", args.program)),
        fund_id=FundId(find_id(connection, tables.fund, "name", args.fund)),
        months=tuple(BenefitMonth(month.strip()) for month in args.months.split(",")),
        amount=args.amount,
        released_on=args.released_on,
        expires_on=args.expires_on,
    )


def _amend(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    with database.write() as connection:
        made = amend(connection, _rows(connection, args), args.amount, args.officer, clock.now_ms())
    _say_amended(made, texts)
    if made.matters:
        _say(texts.say("upstream_amendment.matters", matters=made.matters))


def _extend(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    with database.write() as connection:
        made = extend(connection, _rows(connection, args), args.until, args.officer, clock.now_ms())
    _say_amended(made, texts)


def _rows(connection: Connection, args: argparse.Namespace) -> Rows:
    return Rows(
        program_id=ProgramId(find_id(connection, tables.program, "name", args.program)),
        fund_id=FundId(find_id(connection, tables.fund, "name", args.fund)),
        month=BenefitMonth(args.month),
        recipients=frozenset(RecipientId(number) for number in args.recipient) if args.recipient else None,
    )


def _say_amended(made: Amended, texts: Texts) -> None:
    changed, unchanged = format_number(made.changed), format_number(made.unchanged)
    _say(texts.say("upstream_amendment.done", changed=changed, unchanged=unchanged))


def _enrol(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    keys = _keys(database)
    with database.write() as connection:
        outlet_id = OutletId(find_id(connection, tables.outlet, "code", args.outlet))
        code = make_code(connection, keys, outlet_id, args.address, clock.now_ms())
    text = write_enrolment_code(code)
    _say(text)
    _say(texts.say("upstream_enrolment.fingerprint", fingerprint=code.fingerprint))
    if args.qr is not None:
        write_qr(args.qr, text)
        _say(texts.say("upstream_enrolment.qr", path=str(args.qr)))


def _sample_city(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    year = args.year or _year(business_day(clock.now_ms()))
    keys = _keys(database)
    with database.write() as connection:
        city = seed_city(connection, keys, args.seed, year, database.name)
    if args.cards is not None:
        write_card_sheet(args.cards, city, texts, args.font)
        _say(texts.say("card_sheet.written", path=str(args.cards)))
    if args.json:
        cards = [{"number": card.number.digits, "case": card.case, "sentence": card.sentence} for card in city.cards]
        _say(json.dumps({"cards": cards, "unknown_card": city.unknown_card.digits, "wrong_card": city.wrong_card}))


def _check_receipt(args: argparse.Namespace, database: Database, texts: Texts, _clock: Clock) -> None:
    lines = [args.code] if args.file is None else args.file.read_text(encoding="utf-8").splitlines()
    failed: KubePosError | None = None
    for line in filter(str.strip, lines):
        try:
            with database.read() as connection:
                checked = check_receipt(connection, line)
        except KubePosError as error:
            # Every code of a file is answered for; the command fails when one of them did.
            if failed is not None:
                _say(texts.error(failed))
            failed = error
            continue
        code = checked.code
        _say(
            texts.say(
                "upstream_receipt.valid_copy" if code.copy else "upstream_receipt.valid",
                receipt=code.receipt,
                terminal=checked.terminal,
                outlet=checked.outlet,
                amount=format_rupiah(code.rupiah),
                copy=code.copy,
            )
        )
        _say(texts.say("upstream_receipt.stored" if checked.is_stored else "upstream_receipt.not_yet"))
    if failed is not None:
        raise failed


def _year(day: date) -> int:
    """Return the year whose October to December a demo on a day is about."""
    return day.year if day.month > 6 else day.year - 1
