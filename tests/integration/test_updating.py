"""A new version from a real server or a stick: whatever goes wrong and wherever it is killed, a till starts."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kube_pos.errors import StorageFailed
from kube_pos.updating import update as steps
from kube_pos.updating.installation import Current, Installation, choose
from kube_pos.updating.manifest import MANIFEST, SIGNATURE, Manifest, UpdateNotGenuine, sign_manifest
from kube_pos.updating.source import Source, UpdateNotFound
from kube_pos.updating.update import UpdateFailed, UpdateNotNewer, Updater, this_platform

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the payload is a shell script")
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
GOOD = '#!/bin/sh\nprintf new > "$2/journal.db"\nprintf log > "$2/journal.db-wal"\n'
BAD = GOOD + "echo 'cannot open' >&2\nexit 1\n"


def publish(place: Path, script: str = GOOD, **changed: object) -> None:
    """Lay a signed update into a folder."""
    place.mkdir(exist_ok=True)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        row = tarfile.TarInfo("kube-pos")
        row.size, row.mode = len(script.encode()), 0o755
        tar.addfile(row, io.BytesIO(script.encode()))
    body = packed.getvalue()
    manifest = Manifest(
        version="0.2.0",
        platform=this_platform(),
        file="kube-pos.tar.gz",
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        unpacked=len(script),
        min_version="0.1.0",
    )
    signed, signature = sign_manifest(msgspec.structs.replace(manifest, **changed), KEY)
    (place / "kube-pos.tar.gz").write_bytes(body)
    (place / MANIFEST).write_bytes(signed)
    (place / SIGNATURE).write_bytes(signature)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "journal.db").write_text("old")
    (folder / "replica.db").write_text("old")
    return folder


@pytest.fixture
def updater(tmp_path: Path, data: Path) -> Updater:
    return Updater(Installation(tmp_path / "program"), PUBLIC, "0.1.0", data, lambda _step: None)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    publish(tmp_path / "stick")
    return tmp_path / "stick"


@pytest.fixture
def server(stick: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(stick))) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


def is_as_before(updater: Updater) -> bool:
    """The package's own version starts, on the old data, and nothing is left over."""
    program = choose(updater.installation, "0.1.0")
    names = sorted(path.name for path in updater.folder.iterdir())
    return (
        program is None and names == ["journal.db", "replica.db"] and (updater.folder / names[0]).read_text() == "old"
    )


def test_from_a_server(updater: Updater, server: str) -> None:
    updater.update(Source(server))
    assert choose(updater.installation, "0.1.0") == updater.installation.program("0.2.0")
    assert (updater.folder / "journal.db").read_text() == "new"
    assert not list(updater.installation.root.glob("before*"))


def test_from_a_stick_and_the_version_before_stays(updater: Updater, stick: Path) -> None:
    updater.update(Source(str(stick)))
    publish(stick, version="0.3.0", min_version="0.2.0")
    later = Updater(updater.installation, PUBLIC, "0.2.0", updater.folder, updater.step)
    later.update(Source(str(stick)))
    assert updater.installation.current() == Current(version="0.3.0", previous="0.2.0")
    assert os.access(updater.installation.program("0.2.0"), os.X_OK)
    updater.installation.program("0.3.0").unlink()
    assert choose(updater.installation, "0.1.0") == updater.installation.program("0.2.0")


def test_one_that_does_not_verify_is_undone(updater: Updater, stick: Path) -> None:
    publish(stick, BAD)
    with pytest.raises(UpdateFailed) as caught:
        updater.update(Source(str(stick)))
    assert caught.value.facts["reason"] == "cannot open"
    assert is_as_before(updater)


def test_one_that_does_not_start_is_undone(updater: Updater, stick: Path) -> None:
    publish(stick, "no program")
    with pytest.raises(UpdateFailed):
        updater.update(Source(str(stick)))
    assert is_as_before(updater)


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, "kube-pos.tar.gz"])
def test_a_changed_byte_is_refused(updater: Updater, stick: Path, name: str) -> None:
    body = bytearray((stick / name).read_bytes())
    body[len(body) // 2] ^= 1
    (stick / name).write_bytes(body)
    with pytest.raises(UpdateNotGenuine):
        updater.update(Source(str(stick)))
    assert is_as_before(updater)


def test_another_publisher_is_refused(updater: Updater, stick: Path) -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"x" * 32).public_key().public_bytes_raw()
    with pytest.raises(UpdateNotGenuine):
        Updater(updater.installation, other, "0.1.0", updater.folder, updater.step).update(Source(str(stick)))


@pytest.mark.parametrize(
    "changed",
    [{"version": "0.1.0"}, {"version": "0.0.9"}, {"min_version": "0.1.5"}, {"platform": "windows-arm64"}],
)
def test_what_does_not_follow_is_refused(updater: Updater, stick: Path, changed: dict[str, str]) -> None:
    publish(stick, **changed)
    with pytest.raises(UpdateNotNewer):
        updater.update(Source(str(stick)))
    assert is_as_before(updater)


def test_a_cut_file_and_a_missing_one(updater: Updater, stick: Path, server: str) -> None:
    archive = stick / "kube-pos.tar.gz"
    archive.write_bytes(archive.read_bytes()[:50])
    with pytest.raises(UpdateNotGenuine):
        updater.update(Source(server))
    archive.unlink()
    for place in (server, str(stick)):
        with pytest.raises(UpdateNotFound):
            updater.update(Source(place))
    assert is_as_before(updater)


def test_a_full_disk(updater: Updater, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(stick, unpacked=1 << 60)
    with pytest.raises(StorageFailed):
        updater.update(Source(str(stick)))
    publish(stick)

    def full(_descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailed):
        updater.update(Source(str(stick)))
    monkeypatch.undo()
    assert is_as_before(updater)


_KILLED = """
import os, signal, sys
from pathlib import Path
from kube_pos.updating.installation import Installation
from kube_pos.updating.source import Source
from kube_pos.updating.update import Updater
root, data, stick, key, at = sys.argv[1:]
count = 0
def audit(event, args):
    global count
    if event in {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "subprocess.Popen"}:
        if event == "open" and not (isinstance(args[0], str) and args[0].startswith(root[:root.rindex("/")])):
            return
        count += 1
        if count == int(at):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(audit)
Updater(Installation(Path(root)), bytes.fromhex(key), "0.1.0", Path(data), lambda step: None).update(Source(stick))
"""


def test_killed_at_every_step(tmp_path: Path, stick: Path) -> None:
    """SIGKILL before every file it opens, moves, removes or starts, until one run comes through."""
    for at in range(1, 200):
        place = tmp_path / str(at)
        (place / "data").mkdir(parents=True)
        for name in ("journal.db", "replica.db"):
            (place / "data" / name).write_text("old")
        words = [str(place / "program"), str(place / "data"), str(stick), PUBLIC.hex(), str(at)]
        code = subprocess.run([sys.executable, "-c", _KILLED, *words], check=False).returncode
        installation = Installation(place / "program")
        installation.root.mkdir(exist_ok=True)
        program = choose(installation, "0.1.0")
        journal = (place / "data" / "journal.db").read_text()
        assert program is None or os.access(program, os.X_OK)
        # The version of the package never meets data that a newer one has opened.
        assert journal == "old" or program is not None, at
        if code != -signal.SIGKILL:
            assert code == 0
            assert program is not None
            assert at > 15
            return
    pytest.fail("it never came through")


def test_a_version_that_hangs_is_given_up(updater: Updater, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_TRIAL_S", 0.2)
    publish(stick, "#!/bin/sh\nexec sleep 20\n")
    with pytest.raises(UpdateFailed):
        updater.update(Source(str(stick)))
    assert is_as_before(updater)
