"""The versions that lie on this computer: which one starts, which one is tried, and the way back.

    ROOT/versions/0.2.0/kube-pos     unpacked versions
    ROOT/current.json                the one that starts; without it the program of the package does
    ROOT/trial.json                  a version is being tried on the data; whoever finds this puts the data back
    ROOT/before/                     the data's files as they were before the trial

Each file appears whole by a rename. The package's own program never goes, so there is always one that starts.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import platformdirs

from kube_pos.errors import StorageFailed
from kube_pos.settings import write_durably
from kube_pos.single_instance import SingleInstance
from kube_pos.updating.manifest import version_number

DATA_FILES = ("journal.db", "journal.db-wal", "replica.db", "replica.db-wal")
"""What a newer version may change when it opens the data: its files and their logs."""
CHOSEN = "KUBE_POS_CHOSEN"
"""Set for a program that was chosen already: it looks for no other."""
_PROGRAM = "kube-pos.exe" if os.name == "nt" else "kube-pos"


class Current(msgspec.Struct, frozen=True, kw_only=True):
    """Which version starts, and which did before it (empty: the package's own)."""

    version: str
    previous: str = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is tried on a data folder."""

    version: str
    folder: str


@dataclass(frozen=True, slots=True)
class Installation:
    """The folder of versions of one user."""

    root: Path

    def version_folder(self, version: str) -> Path:
        """Return where a version lies."""
        return self.root / "versions" / version

    def program(self, version: str) -> Path:
        """Return a version's program."""
        return self.version_folder(version) / _PROGRAM

    def current(self) -> Current | None:
        """Return which version starts; None when it is the package's own, or what is written is unreadable."""
        try:
            found = msgspec.json.decode((self.root / "current.json").read_bytes(), type=Current)
            version_number(found.version)
        except (OSError, msgspec.MsgspecError, ValueError):
            return None
        return found

    def set_current(self, current: Current | None) -> None:
        """Say which version starts from now on, durably."""
        if current is None:
            (self.root / "current.json").unlink(missing_ok=True)
        else:
            write_durably(self.root / "current.json", msgspec.json.encode(current))

    def newer_program(self, own_version: str) -> Path | None:
        """Return the program to start instead of this one: the chosen version, if it is newer and lies there."""
        chosen = self.current()
        for version in (chosen.version, chosen.previous) if chosen else ():
            try:
                is_newer = version_number(version) > version_number(own_version)
            except ValueError:
                continue
            if is_newer and os.access(self.program(version), os.X_OK):
                return self.program(version)
        return None

    def begin_trial(self, trial: Trial) -> None:
        """Put the data's files aside; only when all are there durably is the trial written down."""
        before = self.root / "before"
        shutil.rmtree(before, ignore_errors=True)
        before.mkdir(parents=True, mode=0o700)
        for name in DATA_FILES:
            source = Path(trial.folder) / name
            if source.exists():
                _copy_durably(source, before / name)
        flush_folder(before)
        write_durably(self.root / "trial.json", msgspec.json.encode(trial))

    def trial(self) -> Trial | None:
        """Return the trial that is under way, or was when the power went."""
        try:
            return msgspec.json.decode((self.root / "trial.json").read_bytes(), type=Trial)
        except (OSError, msgspec.MsgspecError):
            return None

    def end_trial(self) -> None:
        """Keep the data as the new version left it."""
        (self.root / "trial.json").unlink(missing_ok=True)
        shutil.rmtree(self.root / "before", ignore_errors=True)

    def undo_trial(self) -> None:
        """Put the data's files back as they were; may be broken off and done again."""
        trial = self.trial()
        if trial is None:
            return
        folder, before = Path(trial.folder), self.root / "before"
        # The logs go first: an old file must never meet a newer one's log.
        for name in (name for name in DATA_FILES if name.endswith("-wal")):
            (folder / name).unlink(missing_ok=True)
            (folder / name.replace("-wal", "-shm")).unlink(missing_ok=True)
        for name in (name for name in DATA_FILES if (before / name).exists()):
            _copy_durably(before / name, folder / f"{name}.back")
            (folder / f"{name}.back").replace(folder / name)
        flush_folder(folder)
        self.end_trial()

    def tidy(self) -> None:
        """Delete what broken-off updates left, and versions that are neither current nor the one before."""
        shutil.rmtree(self.root / "incoming", ignore_errors=True)
        chosen = self.current()
        kept = {chosen.version, chosen.previous} if chosen else set()
        versions = self.root / "versions"
        for folder in versions.iterdir() if versions.is_dir() else ():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def choose(installation: Installation, own_version: str) -> Path | None:
    """Undo what a broken-off update left, and return the newer version that starts instead of this one, if any.

    Raises AlreadyRunning while an update is under way.
    """
    if not installation.root.exists():
        return None
    lock = SingleInstance(installation.root)
    try:
        if installation.trial() is not None:
            installation.undo_trial()
        return installation.newer_program(own_version)
    except OSError as error:
        raise StorageFailed(path=str(installation.root), reason=error.strerror or "") from error
    finally:
        lock.release()


def default_root() -> Path:
    """Return where a user's newer versions lie."""
    return Path(platformdirs.user_data_dir("kube-pos-program", appauthor=False))


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _copy_durably(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as write:
        shutil.copyfileobj(read, write)
        write.flush()
        os.fsync(write.fileno())
