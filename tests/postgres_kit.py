"""A real PostgreSQL in a temporary folder, by an unprivileged user; each test gets a database of its own in it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

OfficeIn = Callable[[Path], str]
"""Returns the path or URL of a new database, given an empty folder."""
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "deadlock_timeout": "200ms",
}


@dataclass
class Cluster:
    """A running server; `new` makes an empty database and returns its URL."""

    port: int
    user: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new(self) -> str:
        name = f"office{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{name}"


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, where Debian or a PATH has them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3])
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


@contextmanager
def running_cluster(folder: Path, **settings: str) -> Iterator[Cluster]:
    """Start a server in an empty folder; stop it at the end. Root starts it as `postgres` or `nobody`.

    That user must reach the folder: those of pytest are root's alone.
    """
    binaries = programs()
    assert binaries is not None, "PostgreSQL is missing: python3 dev.py test installs it"
    identity = _identity()
    owner: dict[str, object] = {}
    if identity is not None:
        owner = {"user": identity.pw_uid, "group": identity.pw_gid, "extra_groups": []}
        os.chown(folder, identity.pw_uid, identity.pw_gid)
    data, log = folder / "data", folder / "log"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def run(*words: object) -> None:
        command = [str(word) for word in words]
        done = subprocess.run(  # type: ignore[call-overload]
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, **owner
        )
        assert done.returncode == 0, f"{done.stderr}\n{log.read_text() if log.exists() else ''}"

    user = "office"
    run(binaries / "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions")
    port = _free_port()
    wanted = {**_SETTINGS, **settings, "listen_addresses": "127.0.0.1", "port": str(port)}
    wanted["unix_socket_directories"] = str(folder) if len(str(folder)) < 80 else ""
    with (data / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.writelines(f"{name} = '{value}'\n" for name, value in wanted.items())
    run(binaries / "pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "start")
    try:
        yield Cluster(port, user)
    finally:
        run(binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


def _identity() -> pwd.struct_passwd | None:
    """Return whom root becomes, since the server refuses to run as root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
