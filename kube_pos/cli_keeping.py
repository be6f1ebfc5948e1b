"""Commands that keep a till's data: enrolling, recovery code, backups, restoring, what a stolen till would show."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kube_pos import recovery
from kube_pos.backup import BackupState, backup_age, run_backup, say_age
from kube_pos.clock import SystemClock
from kube_pos.enrolment import enrol, make_recovery_code
from kube_pos.errors import KubePosError
from kube_pos.folder import TillFolder, open_folder
from kube_pos.ledger.days import business_day
from kube_pos.ledger.sqlite_holdings import holdings
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import predecessors
from kube_pos.old_ledgers import send_old
from kube_pos.operations.loss_report import LossReport, facts, lines, loss_report
from kube_pos.restoring import recover_keys, restore
from kube_pos.retention import apply_retention
from kube_pos.texts import Texts

COMMANDS = frozenset({"recovery-code", "recover", "backup", "restore", "send-old", "loss-report", "retention"})


def add_commands(commands: Any, texts: Texts) -> None:
    """Add the parsers of the keeping commands."""
    commands.add_parser("recovery-code", help=texts.say("keeping.recovery_code"))
    recover = commands.add_parser("recover", help=texts.say("keeping.recover"))
    recover.add_argument("code", nargs="+", help=texts.say("keeping.code"))
    backup = commands.add_parser("backup", help=texts.say("keeping.backup"))
    backup.add_argument("--to", type=Path, help=texts.say("keeping.backup_to"))
    back = commands.add_parser("restore", help=texts.say("keeping.restore"))
    back.add_argument("file", type=Path, help=texts.say("keeping.restore_file"))
    back.add_argument("--code", nargs="+", default=[], help=texts.say("keeping.code"))
    commands.add_parser("send-old", help=texts.say("keeping.send_old"))
    loss = commands.add_parser("loss-report", help=texts.say("keeping.loss_report"))
    loss.add_argument("--json", action="store_true", help=texts.say("cli.json"))
    commands.add_parser("retention", help=texts.say("keeping.retention"))


def run(args: argparse.Namespace, path: Path, texts: Texts) -> int:
    """Run a keeping command on the till's folder `path`."""
    match args.command:
        case "recover":
            recover_keys(path, " ".join(args.code))
            print(texts.say("recovery.done"))
            return 0
        case "restore":
            return _restore(args, path, texts)
    folder = open_folder(path)
    try:
        return _of_folder(args, folder, texts)
    finally:
        folder.close()


def run_enrol(folder: TillFolder, code: str, texts: Texts) -> int:
    """Enrol a folder, show its recovery code once, and send what ledgers before it still hold."""
    clock = SystemClock()
    identity = enrol(folder, code, clock)
    print(texts.say("cli.enrolled", terminal=identity.terminal))
    if (folder.path / recovery.FILE_NAME).exists():
        print(texts.say("recovery.kept"))
    else:
        print(texts.say("recovery.code", code=make_recovery_code(folder)))
    if predecessors(folder.journal):
        try:
            _send_old(folder, texts)
        except KubePosError as error:
            # The till is enrolled all the same; the command can be given again.
            print(texts.error(error), file=sys.stderr)
            print(texts.say("restored.send_later"))
    return 0


def _of_folder(args: argparse.Namespace, folder: TillFolder, texts: Texts) -> int:
    match args.command:
        case "recovery-code":
            SqliteJournal(folder.journal).identity()
            print(texts.say("recovery.code", code=make_recovery_code(folder)))
            print(texts.say("recovery.new"))
        case "backup":
            _backup(folder, args.to or Path(folder.settings.backup_folder or "-"), texts)
        case "send-old":
            _send_old(folder, texts)
        case "loss-report":
            _loss_report(folder, texts, as_json=args.json)
        case _:
            removed = apply_retention(folder, SystemClock())
            print(texts.say("retention.done", files=len(removed)))
    return 0


def _backup(folder: TillFolder, to: Path, texts: Texts) -> BackupState:
    state = run_backup(folder, to, SystemClock(), _percent_teller(texts), threading.Event())
    print(texts.say("backup.done", path=state.path, seq=state.seq))
    if state.same_disk:
        print(texts.say("backup.same_disk"))
    if not (folder.path / recovery.FILE_NAME).exists():
        print(texts.say("backup.no_code"))
    return state


def _percent_teller(texts: Texts) -> Callable[[int, int], None]:
    told = {0}

    def tell(done: int, pages: int) -> None:
        tenth = done * 10 // max(1, pages)
        if tenth not in told:
            told.add(tenth)
            print(texts.say("backup.progress", percent=tenth * 10), file=sys.stderr)

    return tell


def _restore(args: argparse.Namespace, path: Path, texts: Texts) -> int:
    ended = restore(path, args.file, " ".join(args.code))
    print(texts.say("restored.done", terminal=ended.terminal, seq=ended.seq, moment=texts.moment(ended.last_at)))
    print(texts.say("restored.next", file=ended.file))
    return 0


def _send_old(folder: TillFolder, texts: Texts) -> None:
    sent = send_old(folder, SystemClock())
    for row in sent:
        print(texts.say("restored.sent", terminal=row.ledger.terminal, acked=row.acked, seq=row.ledger.seq))
    if not sent:
        print(texts.say("restored.nothing_old"))


def _loss_report(folder: TillFolder, texts: Texts, *, as_json: bool) -> None:
    clock = SystemClock()
    journal = SqliteJournal(folder.journal)
    age = backup_age(folder.path, journal, clock)
    held = holdings(folder.journal, folder.replica)
    report: LossReport = loss_report(
        journal.identity(), held, business_day(clock.now_ms()), age.state.at_ms if age.state else None
    )
    if as_json:
        print(json.dumps(facts(report)))
        return
    for line in lines(report, texts):
        print(line)
    print(say_age(age, texts))
