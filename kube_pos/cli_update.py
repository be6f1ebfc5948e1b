"""Commands around a new version: `update`, `unsent` before a removal, and the hidden `trial` of a new version."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from kube_pos.backup import DAY_MS, backup_age, say_age
from kube_pos.clock import Clock, SystemClock
from kube_pos.errors import KubePosError, NotEnrolled
from kube_pos.folder import TillFolder, open_folder
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.single_instance import SingleInstance
from kube_pos.sync.signing import DeviceKey
from kube_pos.texts import Texts
from kube_pos.updating.installation import Installation, default_root
from kube_pos.updating.source import Source
from kube_pos.updating.update import NoUpdateKey, Updater
from kube_pos.version import VERSION

COMMANDS = frozenset({"update", "unsent", "trial"})


class UnsentEntries(KubePosError):
    """The till holds entries that the office has not received. Facts: entries, path."""

    code = "unsent_entries"


class BackupTooOld(KubePosError):
    """There is no backup of the last day. Facts: none."""

    code = "backup_too_old"


def add_commands(commands: Any, texts: Texts) -> None:
    """Add the parsers of the commands."""
    update = commands.add_parser("update", help=texts.say("updating.update"))
    update.add_argument("--from", dest="place", required=True, metavar="URL|FOLDER", help=texts.say("updating.from"))
    commands.add_parser("unsent", help=texts.say("updating.unsent"))
    commands.add_parser("trial", help=texts.say("updating.trial"))


def run(args: argparse.Namespace, path: Path, texts: Texts) -> int:
    """Run one of the commands on the till's folder `path`."""
    match args.command:
        case "update":
            return _update(args.place, path, texts)
        case "trial":
            return _trial(path, texts)
    if not (path / "journal.db").exists():
        return 0
    folder = open_folder(path)
    try:
        refuse_unsent(folder)
    finally:
        folder.close()
    print(texts.say("updating.all_sent"))
    return 0


def refuse_unsent(folder: TillFolder) -> None:
    """Raise UnsentEntries while the till holds what the office has not received."""
    try:
        SqliteJournal(folder.journal).identity()
    except NotEnrolled:
        return
    unsent = SqliteOutbox(folder.journal).status().unsent
    if unsent:
        raise UnsentEntries(entries=unsent, path=str(folder.path))


def refuse_old_backup(folder: TillFolder, clock: Clock) -> None:
    """Raise BackupTooOld when an enrolled till has no backup of the last day."""
    journal = SqliteJournal(folder.journal)
    try:
        journal.identity()
    except NotEnrolled:
        return
    age = backup_age(folder.path, journal, clock)
    if age.state is None or age.age_ms > DAY_MS:
        raise BackupTooOld


def key_beside(program: Path) -> bytes:
    """Return the publisher's key that lies beside the program. Raises NoUpdateKey."""
    path = program.resolve().parent / "update.pub"
    try:
        key = path.read_bytes()
    except OSError as error:
        raise NoUpdateKey(path=str(path)) from error
    if len(key) != 32:
        raise NoUpdateKey(path=str(path))
    return key


def _update(place: str, path: Path, texts: Texts) -> int:
    key = key_beside(Path(sys.executable))
    folder = open_folder(path)
    try:
        refuse_unsent(folder)
        refuse_old_backup(folder, SystemClock())
        age = say_age(backup_age(folder.path, SqliteJournal(folder.journal), SystemClock()), texts)
    finally:
        folder.close()
    print(age)
    root = default_root()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = SingleInstance(root)
    try:
        updater = Updater(
            Installation(root), key, VERSION, path, lambda step: print(texts.say(f"updating.step_{step}"))
        )
        manifest = updater.update(Source(place))
    finally:
        lock.release()
    print(texts.say("updating.ready", version=manifest.version))
    return 0


def _trial(path: Path, texts: Texts) -> int:
    """Open the till as a person would, without a screen, and verify its journal; nothing is sold or sent."""
    folder = open_folder(path)
    try:
        try:
            SqliteJournal(folder.journal).identity()
        except NotEnrolled:
            return 0
        report = verify(folder.journal, DeviceKey(folder.keys.device).public_key())
        if not report.is_clean:
            print(texts.say("verify.trusted", seq=report.trusted_to), file=sys.stderr)
            return 1
        from kube_pos.app import open_and_close  # noqa: PLC0415 -- Qt loads only when a window is opened

        return open_and_close(folder, texts, SystemClock())
    finally:
        folder.close()
