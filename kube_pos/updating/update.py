"""Taking a newer version in, step by step; broken off anywhere, the version before is the one that starts.

Fetch and prove → unpack beside → put the data aside → let the new version open and verify the data → switch.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kube_pos.errors import KubePosError, StorageFailed
from kube_pos.updating.installation import CHOSEN, Current, Installation, Trial, flush_folder
from kube_pos.updating.manifest import Manifest, UpdateNotGenuine, read_manifest, version_number
from kube_pos.updating.source import Source

_CHUNK = 1024 * 1024
_SPARE = 64 * 1024 * 1024
"""So much room stays on the disk for sales."""
_TRIAL_S = 300
Step = Callable[[str], None]
"""Is told each step before it is taken."""


class NoUpdateKey(KubePosError):
    """This program was built without a publisher's key, so it trusts no update. Facts: path."""

    code = "no_update_key"


class UpdateNotNewer(KubePosError):
    """The update is not newer than this program, or for another one. Facts: version, own, reason."""

    code = "update_not_newer"


class UpdateFailed(KubePosError):
    """The new version did not start or verify the data; the old one is in force. Facts: version, reason."""

    code = "update_failed"


@dataclass(frozen=True, slots=True)
class Updater:
    """Brings one installation and one data folder to a newer version; the data must be closed."""

    installation: Installation
    key: bytes
    own_version: str
    folder: Path
    step: Step

    def update(self, source: Source) -> Manifest:
        """Take the newest version in. Raises the errors of this package; the version before starts then, as always."""
        self.recover()
        body, signature = source.manifest()
        manifest = read_manifest(body, signature, self.key, source.place)
        self._check(manifest)
        try:
            archive = self._fetch(source, manifest)
            self._unpack(archive, manifest)
            self._try(manifest)
        except OSError as error:
            self.recover()
            raise StorageFailed(path=str(self.installation.root), reason=error.strerror or "") from error
        except KubePosError:
            self.recover()
            raise
        return manifest

    def recover(self) -> None:
        """Undo what a broken-off update left."""
        self.installation.undo_trial()
        self.installation.tidy()

    def _check(self, manifest: Manifest) -> None:
        running = version_number(self.own_version)
        reason = ""
        if manifest.number() <= running:
            reason = "version"
        elif version_number(manifest.min_version) > running:
            reason = f"min_version {manifest.min_version}"
        elif manifest.platform != this_platform():
            reason = manifest.platform
        if reason:
            raise UpdateNotNewer(version=manifest.version, own=self.own_version, reason=reason)
        self.installation.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if shutil.disk_usage(self.installation.root).free < manifest.size + manifest.unpacked + _SPARE:
            raise StorageFailed(path=str(self.installation.root), reason=os.strerror(28))

    def _fetch(self, source: Source, manifest: Manifest) -> Path:
        self.step("fetch")
        target = self.installation.root / "incoming" / manifest.file
        target.parent.mkdir(exist_ok=True)
        digest, left = hashlib.sha256(), manifest.size
        with source.open(manifest.file) as read, target.open("wb") as write:
            while left > 0 and (block := read.read(min(_CHUNK, left))):
                write.write(block)
                digest.update(block)
                left -= len(block)
        if left or digest.hexdigest() != manifest.sha256:
            raise UpdateNotGenuine(place=f"{source.place}/{manifest.file}", reason="sha256")
        return target

    def _unpack(self, archive: Path, manifest: Manifest) -> None:
        self.step("unpack")
        beside = archive.with_name("unpacked")
        target = self.installation.version_folder(manifest.version)
        try:
            with tarfile.open(archive, "r:gz") as tar:
                tar.extractall(beside, filter="data")
        except tarfile.TarError as error:
            raise UpdateNotGenuine(place=archive.name, reason="tar") from error
        for path in beside.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        target.parent.mkdir(exist_ok=True)
        beside.rename(target)
        flush_folder(target.parent)

    def _try(self, manifest: Manifest) -> None:
        self.step("trial")
        installation = self.installation
        installation.begin_trial(Trial(version=manifest.version, folder=str(self.folder)))
        reason = run_trial([str(installation.program(manifest.version)), "--folder", str(self.folder), "trial"])
        if reason:
            raise UpdateFailed(version=manifest.version, reason=reason)
        self.step("switch")
        before = installation.current()
        # The switch comes first: cut off between the two, the data goes back and the new version opens it once more.
        installation.set_current(Current(version=manifest.version, previous=before.version if before else ""))
        installation.end_trial()
        installation.tidy()
        self.step("done")


def run_trial(words: Sequence[str]) -> str:
    """Let a version open and verify the data; return what went wrong, or nothing."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", CHOSEN: "1"}
    try:
        done = subprocess.run(  # noqa: S603 -- the program whose signature was proved
            list(words), env=environment, capture_output=True, timeout=_TRIAL_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{_TRIAL_S} s"
    except OSError as error:
        return error.strerror or "start"
    if done.returncode == 0:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return said[-1][:300] if said else f"exit {done.returncode}"


def this_platform() -> str:
    """Return the kind of computer, as manifests name it."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    return f"{'windows' if sys.platform == 'win32' else 'linux'}-{machine}"
