"""Commands for support: balance, read, receipt, verify, enrol."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from pathlib import Path
from typing import Any

from kube_pos import cli_keeping
from kube_pos.clock import SystemClock
from kube_pos.devices.decoder import load_decoder, read_image
from kube_pos.devices.escpos_printer import to_bytes
from kube_pos.devices.printer_models import model_for
from kube_pos.errors import KubePosError
from kube_pos.folder import TillFolder, open_folder
from kube_pos.ledger.entitlement import Allowed, Refused
from kube_pos.ledger.quantity import format_rupiah
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_rebuild import rebuild
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.old_ledgers import verify_kept
from kube_pos.operations.look_up import LookUp, Visit, look_up
from kube_pos.operations.papers import Papers
from kube_pos.operations.receipts import mask_name, render
from kube_pos.operations.sample import sample_paper
from kube_pos.operations.slips import amount_of
from kube_pos.operations.till import Till
from kube_pos.sync.signing import DeviceKey
from kube_pos.texts import Texts


class NoCardRead(KubePosError):
    """The text is no card's number. Facts: none."""

    code = "no_card_read"


def add_commands(commands: Any, texts: Texts) -> None:
    """Add the parsers of the support commands."""
    balance = commands.add_parser("balance", help=texts.say("cli.balance"))
    balance.add_argument("card", help=texts.say("cli.balance_card"))
    read = commands.add_parser("read", help=texts.say("cli.read"))
    read.add_argument("images", nargs="+", type=Path, help=texts.say("cli.read_images"))
    receipt = commands.add_parser("receipt", help=texts.say("cli.receipt"))
    receipt.add_argument("--sample", action="store_true", required=True, help=texts.say("cli.receipt_sample"))
    receipt.add_argument("--columns", type=int, choices=(32, 42, 48), default=32, help=texts.say("cli.columns"))
    receipt.add_argument("--out", type=Path, help=texts.say("cli.receipt_out"))
    check = commands.add_parser("verify", help=texts.say("cli.verify"))
    check.add_argument("--journal", type=Path, metavar="FILE", help=texts.say("keeping.verify_journal"))
    check.add_argument("--rebuild", action="store_true", help=texts.say("keeping.verify_rebuild"))
    joining = commands.add_parser("enrol", help=texts.say("cli.enrol"))
    joining.add_argument("code", nargs="+", help=texts.say("cli.enrol_code"))
    for parser in (balance, read, check):
        parser.add_argument("--json", action="store_true", help=texts.say("cli.json"))


def run(args: argparse.Namespace, path: Path, texts: Texts) -> int:
    """Run a support command on the till's folder `path`."""
    match args.command:
        case "read":
            return _read(args, texts)
        case "receipt":
            return _receipt(args, texts)
    folder = open_folder(path)
    try:
        match args.command:
            case "balance":
                return _balance(folder, args, texts)
            case "verify":
                return _verify(folder, args, texts)
            case _:
                return cli_keeping.run_enrol(folder, " ".join(args.code), texts)
    finally:
        folder.close()


def _read(args: argparse.Namespace, texts: Texts) -> int:
    decoder = load_decoder()
    failed = False
    if (missing := decoder.missing_library()) is not None:
        print(texts.error(missing), file=sys.stderr)
    for image in args.images:
        try:
            result = read_image(image, decoder)
        except KubePosError as error:
            failed = True
            print(json.dumps({"file": str(image), "error": error.code}) if args.json else texts.error(error))
            continue
        for found in result.decoded or (None,):
            row = {
                "file": str(image),
                "symbology": found.symbology if found else "",
                "text": found.payload if found else "",
                "ms": result.ms,
            }
            print(json.dumps(row) if args.json else "\t".join(map(str, row.values())))
        failed = failed or not result.decoded
    return int(failed)


def _receipt(args: argparse.Namespace, texts: Texts) -> int:
    document = render(sample_paper(texts), texts, args.columns)
    if args.out is None:
        print(document.plain_text(), end="")
        return 0
    if args.out.suffix == ".txt":
        args.out.write_text(document.plain_text(), encoding="utf-8")
    else:
        model = model_for(args.columns)
        if model is None:
            raise ValueError(args.columns)
        args.out.write_bytes(to_bytes(document, model))
    return 0


def _till(folder: TillFolder) -> Till:
    journal = SqliteJournal(folder.journal)
    replica = SqliteReplica(folder.replica)
    return Till(journal.identity(), replica, journal, SystemClock(), secrets.token_bytes, _nothing, _nothing)


def _balance(folder: TillFolder, args: argparse.Namespace, texts: Texts) -> int:
    till = _till(folder)
    found = look_up(till, args.card, manual=True)
    if not isinstance(found, Visit):
        raise NoCardRead
    papers = Papers(till, texts, DeviceKey(folder.keys.device).sign, lambda: SqliteOutbox(folder.journal).acked()[0])
    if args.json:
        print(json.dumps(_balance_facts(found)))
    elif isinstance(found.decision, Allowed):
        print(mask_name(found.decision.recipient.name))
        catalogue = till.replica.catalogue()
        for line in found.decision.lines:
            month, left = texts.month(line.entitlement.month), amount_of(line, catalogue)
            print(f"  {month}\t{left}\t{texts.day(line.entitlement.expires_on)}")
        print(texts.say("cli.balance_total", amount=format_rupiah(found.decision.balance)))
    else:
        print(papers.refusal(found))
    return 0 if isinstance(found.decision, Allowed) else 1


def _balance_facts(found: LookUp) -> dict[str, object]:
    decision = found.decision if isinstance(found, Visit) else None
    facts: dict[str, object] = {"allowed": isinstance(decision, Allowed)}
    if isinstance(decision, Refused):
        facts["reason"] = decision.reason.value
    if isinstance(decision, Allowed):
        facts["balance"] = decision.balance
        facts["arrears"] = decision.is_arrears
    facts["lines"] = [
        {
            "month": line.entitlement.month,
            "fund": line.entitlement.fund_id,
            "unit": line.entitlement.unit.value,
            "amount": line.entitlement.amount,
            "used": line.used,
            "left": line.left,
            "expires_on": line.entitlement.expires_on.isoformat(),
            "state": line.state.value,
        }
        for line in (decision.lines if decision else ())
    ]
    return facts


def _verify(folder: TillFolder, args: argparse.Namespace, texts: Texts) -> int:
    if args.journal is None:
        SqliteJournal(folder.journal).identity()
        prove = rebuild if args.rebuild else verify
        report = prove(folder.journal, DeviceKey(folder.keys.device).public_key())
    else:
        report = verify_kept(folder, args.journal)
    if args.json:
        findings = [{"code": finding.code, "place": finding.place} for finding in report.findings]
        print(json.dumps({"entries": report.entries, "trusted_to": report.trusted_to, "findings": findings}))
    elif report.is_clean:
        print(texts.say("verify.clean", entries=report.entries))
    else:
        for finding in report.findings:
            print(texts.say(f"verify.{finding.code}", place=finding.place))
        print(texts.say("verify.trusted", seq=report.trusted_to))
    return int(not report.is_clean)


def _nothing() -> None:
    """Wake nobody: these commands only read."""
