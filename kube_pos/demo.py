"""The demo outlet: an office of its own on loopback, a sample city, a till enrolled in it, goods on the shelf.

Everything lies in one folder and comes back at the next start, sales included; another folder knows nothing of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from kube_pos.clock import Clock, SystemClock
from kube_pos.enrolment import enrol
from kube_pos.errors import KubePosError
from kube_pos.folder import TillFolder, open_folder
from kube_pos.ledger import entries
from kube_pos.ledger.days import business_day, wita
from kube_pos.ledger.documents import Role, Staff
from kube_pos.ledger.ids import ProductId
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.operations.stock import receive_delivery
from kube_pos.operations.till import Session, Till
from kube_pos.settings import FILE_NAME, Settings, load, save
from kube_pos.sync.cycle import run_cycle
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.stores import StoredFeed, StoredOutbox

OUTLET_CODE = "KUBE-01"
SHELF = Thousandths(400_000)
_READY_S = 60
_MARK = "demo.mark"
"""Only a folder with this file in it is ever cleared."""
_FIRST, _LAST = (11, 16), (12, 31)
Progress = Callable[[str], None]
"""Takes the key of a sentence under `demo`."""


class OfficeFailed(KubePosError):
    """The demo's office did not start or refused. Facts: reason."""

    code = "office_failed"


class FolderTaken(KubePosError):
    """The folder for the demo holds something else. Facts: path."""

    code = "folder_taken"


class DemoState(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo remembers of itself in `demo.json`."""

    year: int
    port: int


@dataclass(frozen=True, slots=True)
class DemoOutlet:
    """A demo that is ready to be opened."""

    folder: TillFolder
    clock: Clock
    office: Office
    cashier: Staff
    cards: Path
    """The card sheet to print."""
    is_shifted: bool
    """The demo's calendar is not today's."""


class Office:
    """The demo's office: a process of its own that ends when this one does, however it ends."""

    def __init__(self, database: Path, port: int, shift_ms: int) -> None:
        """Start the service and wait until it answers; port 0 takes any free one. Raises OfficeFailed."""
        ready = database.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        words = ["serve", "--database", str(database), "--port", str(port), "--ready-file", str(ready)]
        words += ["--clock-shift-ms", str(shift_ms), "--until-stdin-closes"]
        # The pipe closes when this process ends, even by kill -9: that ends the office.
        self._process = subprocess.Popen(  # noqa: S603 -- our own program
            upstream_command(*words), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.address = self._wait(ready)

    @property
    def port(self) -> int:
        """Return the port that the office answers on."""
        return int(self.address.rpartition(":")[2])

    def stop(self) -> None:
        """End the office."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _wait(self, ready: Path) -> str:
        deadline = time.monotonic() + _READY_S
        pause = threading.Event()
        while not ready.exists():
            if self._process.poll() is not None:
                said = self._process.stderr.read().decode(errors="replace") if self._process.stderr else ""
                raise OfficeFailed(reason=said.strip())
            if time.monotonic() > deadline:
                self.stop()
                raise OfficeFailed(reason=f"{_READY_S} s")
            pause.wait(0.05)
        return str(json.loads(ready.read_text(encoding="utf-8"))["address"])


def upstream_command(*words: str) -> list[str]:
    """Return the command line of an `upstream` command run by this same program."""
    return [sys.executable, "-m", "kube_pos", "upstream", *words]


def shift_of(today: date) -> tuple[int, int]:
    """Return the year that a demo on a day plays in, and by how many days its calendar is shifted.

    The sample city's aid is released on 16 November; from then to the end of the year the demo keeps today's date, on
    other days it plays on 24 November.
    """
    if _FIRST <= (today.month, today.day) <= _LAST:
        return today.year, 0
    return today.year, (date(today.year, 11, 24) - today).days


def prepare(path: Path, settings: Settings, progress: Progress) -> DemoOutlet:
    """Open the demo in a folder, making all that is not there yet. Raises OfficeFailed and as `open_folder`."""
    now = SystemClock()
    year, days = shift_of(business_day(now.now_ms()))
    shift_ms = days * 86_400_000
    state = _state(path)
    if state is not None and state.year != year:
        progress("remade")
        shutil.rmtree(path)
        state = None
    _begin(path)
    cards, database = path / "kartu-contoh.pdf", path / "office.db"
    if state is None:
        progress("city")
        _make_city(database, cards, year)
    save(path / FILE_NAME, settings)
    progress("office")
    office = Office(database, state.port if state else 0, shift_ms)
    try:
        folder = open_folder(path)
        try:
            clock = SystemClock(shift_ms)
            if state is None:
                _join(folder, office, database, clock, progress)
                (path / "demo.json").write_bytes(msgspec.json.encode(DemoState(year=year, port=office.port)))
            cashier = _staff(folder, Role.CASHIER)
        except BaseException:
            folder.close()
            raise
    except BaseException:
        office.stop()
        raise
    return DemoOutlet(folder, clock, office, cashier, cards, is_shifted=days != 0)


def demo_settings(path: Path, language: str, **chosen: Any) -> Settings:
    """Return the demo's settings: as they were, with what is chosen now; the key lies beside the sample data."""
    file = path / FILE_NAME
    base = load(file) if file.exists() else Settings(key_file=str(path / "demo.key"), sync_interval_s=10)
    wanted = {name: value for name, value in chosen.items() if value is not None}
    return msgspec.structs.replace(base, language=language, **wanted)


def sync_once(folder: TillFolder, clock: Clock) -> None:
    """Run one round of sync to its end on this thread. Raises as the client does."""
    from kube_pos.sync.client import UpstreamClient  # noqa: PLC0415 -- the HTTP library loads only where it is used

    identity = SqliteJournal(folder.journal).identity()
    key = DeviceKey(folder.keys.device)
    client = UpstreamClient(identity.upstream_address, identity.ledger_id, key, identity.upstream_key, clock)
    try:
        outbox = StoredOutbox(identity, SqliteOutbox(folder.journal), clock)
        stop = threading.Event()
        while run_cycle(client, outbox, StoredFeed(SqliteReplica(folder.replica)), clock, stop).more:
            continue
    finally:
        client.close()


def _state(path: Path) -> DemoState | None:
    try:
        return msgspec.json.decode((path / "demo.json").read_bytes(), type=DemoState)
    except FileNotFoundError:
        if (path / _MARK).exists():
            # A first start that was cut short: what is there is half a demo, and only sample data.
            shutil.rmtree(path)
        return None


def _begin(path: Path) -> None:
    """Take a new or empty folder for the demo; what belongs to somebody else is left alone."""
    path.mkdir(parents=True, exist_ok=True)
    if not (path / _MARK).exists() and any(path.iterdir()):
        raise FolderTaken(path=str(path))
    (path / _MARK).touch()


def _make_city(database: Path, cards: Path, year: int) -> None:
    font = Path(__file__).parent / "ui" / "assets" / "fonts" / "Inter-Regular.ttf"
    words = ["sample-city", "--database", str(database), "--year", str(year), "--cards", str(cards)]
    _office(*words, "--font", str(font), "--json", keep=cards.with_suffix(".json"))


def _office(*words: str, keep: Path | None = None) -> str:
    done = subprocess.run(upstream_command(*words), capture_output=True, check=False)  # noqa: S603 -- our own program
    if done.returncode:
        raise OfficeFailed(reason=done.stderr.decode(errors="replace").strip())
    said = done.stdout.decode()
    if keep is not None:
        keep.write_text(said.splitlines()[-1], encoding="utf-8")
    return said


def _join(folder: TillFolder, office: Office, database: Path, clock: Clock, progress: Progress) -> None:
    """Enrol the till with a one-time code, as a technician would, then sync and put goods on the shelf."""
    progress("enrol")
    shift_ms = clock.now_ms() - SystemClock().now_ms()
    words = ("enrol", "--database", str(database), "--outlet", OUTLET_CODE, "--address", office.address)
    said = _office(*words, "--clock-shift-ms", str(shift_ms))
    enrol(folder, next(line for line in said.splitlines() if line.startswith("KUBE1")))
    progress("sync")
    sync_once(folder, clock)
    _fill_shelf(folder, clock)


def _fill_shelf(folder: TillFolder, clock: Clock) -> None:
    journal, replica = SqliteJournal(folder.journal), SqliteReplica(folder.replica)
    till = Till(journal.identity(), replica, journal, clock, bytes, _nothing, _nothing)
    lines: dict[ProductId, entries.ReceiptLine] = {
        product: entries.ReceiptLine(product=product, stated=SHELF, weighed=SHELF, accepted=SHELF)
        for product in replica.catalogue().products
    }
    note = f"SJ-CONTOH-{wita(clock.now_ms()):%Y%m%d}"
    receive_delivery(till, Session(_staff(folder, Role.MANAGER)), note, "Gudang Contoh", lines)


def _staff(folder: TillFolder, role: Role) -> Staff:
    staff = SqliteReplica(folder.replica).catalogue().staff.values()
    return next(person for person in staff if person.role is role)


def _nothing() -> None:
    """Wake nobody: the demo's own entries are sent with the first sale."""
