"""The real till in a process of its own on a real X server, driven by real keys; and its files, read from outside."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kube_pos.clock import SystemClock
from kube_pos.keys import KeyFile
from kube_pos.ledger.entries import AnyEntry, decode
from kube_pos.ledger.migrations import JOURNAL
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox, SqlitePrints
from kube_pos.ledger.sqlite_reads import JournalReads
from kube_pos.ledger.sqlite_verify import VerifyReport, verify
from kube_pos.machine import machine_name
from kube_pos.marks import MarkKeeper, Marks
from kube_pos.settings import FILE_NAME, load, save

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 40.0


def wait_for(what: str, condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until a condition holds that another process brings about."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}")
        pause.wait(0.03)


@contextlib.contextmanager
def x_server(size: str = "1366x768x24") -> Iterator[str]:
    """Run an X server of its own and give its display's name."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
    process = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    try:
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Keyboard:
    """Types into the X server from another process, as a scanner or a person does."""

    display: str

    def scan(self, code: str, delay_ms: int = 3) -> None:
        """Type a code and Enter, as fast as a scanner."""
        self._run("type", "--delay", str(delay_ms), code)
        self._run("key", "--delay", "0", "Return")

    def press(self, *keys: str) -> None:
        """Press keys by their X names, as soon as a person can who saw the screen change."""
        self._run("sleep", "0.3", "key", "--delay", "0", *keys)

    def focus(self) -> None:
        """Click into the window's band, since no window manager gives it the keyboard."""
        self._run("mousemove", "700", "20", "click", "1")

    def _run(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env={**os.environ, "DISPLAY": self.display}, check=True, timeout=30)


def copy_demo(source: Path, folder: Path) -> None:
    """Copy a prepared demo as if it had been made in its new place: a till knows a mere copy, and retires it."""
    shutil.copytree(source, folder)
    key_file = folder / "demo.key"
    save(folder / FILE_NAME, msgspec.structs.replace(load(folder / FILE_NAME), key_file=str(key_file)))
    store = KeyFile(key_file)
    keys = store.load()
    assert keys is not None
    journal = Database(folder / "journal.db", keys.files, JOURNAL)
    MarkKeeper(Marks(folder, store, machine_name()), SqliteJournal(journal), keys, SystemClock()).advance()
    journal.close()


class DemoTill:
    """A demo till in a folder, as a process; its files can be looked at while it runs."""

    def __init__(self, folder: Path, display: str) -> None:
        self.folder = folder
        self.display = display
        self._process: subprocess.Popen[bytes] | None = None
        self._journal: Database | None = None

    def prepare(self, *options: str) -> None:
        """Make the sample city and enrol the till, without a window."""
        self._command("demo", "--no-window", *options)

    def start(self, *options: str) -> None:
        """Open the window and wait until the till can be used."""
        said = (self.folder.parent / "till.out").open("wb")
        self._process = subprocess.Popen(
            [*self._words(), "demo", *options], env=self._environment(), stdout=said, stderr=subprocess.STDOUT
        )
        said.close()
        wait_for("the till's window", self._has_window)

    def kill(self) -> None:
        """Kill the till as a power cut does: no handler runs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        self._process = None

    def stop_office(self) -> None:
        """Kill the office alone; the till does not hear of it."""
        ready = json.loads((self.folder / "office.ready").read_text(encoding="utf-8"))
        os.kill(int(ready["pid"]), signal.SIGKILL)

    def stop(self) -> None:
        """Close the files and end the till."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    @property
    def year(self) -> int:
        """The year that the sample city plays in."""
        return int(json.loads((self.folder / "demo.json").read_text(encoding="utf-8"))["year"])

    @property
    def cards(self) -> dict[str, str]:
        """The numbers of the sample cards by the case that they show."""
        found = json.loads((self.folder / "kartu-contoh.json").read_text(encoding="utf-8"))
        return {card["case"]: card["number"] for card in found["cards"]}

    def journal(self) -> Database:
        """The till's own journal, opened a second time for reading."""
        if self._journal is None:
            settings = load(self.folder / FILE_NAME)
            keys = KeyFile(Path(settings.key_file)).load()
            assert keys is not None
            self._journal = Database(self.folder / "journal.db", keys.files, JOURNAL)
        return self._journal

    def entries(self, kind: type[AnyEntry]) -> list[AnyEntry]:
        """The journal's entries of a kind, oldest first."""
        rows = self.journal().read().exec_driver_sql("SELECT body FROM entry ORDER BY seq")
        return [entry for entry in (decode(row[0]) for row in rows) if isinstance(entry, kind)]

    def head(self) -> tuple[int, bytes]:
        return JournalReads(self.journal()).head()

    def acked(self) -> int:
        return SqliteOutbox(self.journal()).acked()[0]

    def print_states(self, seq: int) -> tuple[str, ...]:
        return SqlitePrints(self.journal()).states(seq)

    def verify(self) -> VerifyReport:
        return verify(self.journal())

    def goods_in_basket(self) -> int:
        """How many goods the open basket on disk holds."""
        body = JournalReads(self.journal()).open_basket()
        return len(json.loads(body)["picks"]) if body else 0

    def office_rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """What the office's own database holds, read by the standard library."""
        connection = sqlite3.connect(f"{(self.folder / 'office.db').as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def office_entries(self) -> list[tuple[int, str, bytes]]:
        """The entries of this till that the office holds: number, kind, body."""
        ledger = JournalReads(self.journal()).identity().ledger_id
        sql = "SELECT seq, kind, body FROM entry WHERE ledger_id = ? ORDER BY seq"
        return [(int(str(seq)), str(kind), bytes(body)) for seq, kind, body in self.office_rows(sql, ledger)]  # type: ignore[arg-type]

    def _has_window(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError((self.folder.parent / "till.out").read_text())
        words = ["xdotool", "search", "--onlyvisible", "--name", "Kasir"]
        found = subprocess.run(words, env=self._environment(), capture_output=True, check=False)
        return found.returncode == 0

    def _command(self, *words: str) -> None:
        done = subprocess.run([*self._words(), *words], env=self._environment(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def _words(self) -> list[str]:
        return [sys.executable, "-m", "kube_pos", "--language", "id", "--folder", str(self.folder)]

    def _environment(self) -> dict[str, str]:
        environment = {**os.environ, "DISPLAY": self.display, "PYTHONPATH": str(ROOT)}
        environment.pop("QT_QPA_PLATFORM", None)
        return environment
