#!/usr/bin/env python3
"""Install the built package where no Python is, sell one family's basket through its window, and remove it again.

`python3 installer/smoke.py [--json]`, as root, with debootstrap, Xvfb and xdotool. The clean Debian is a chroot; the
X server and the keys come from outside, so that nothing but the package and what it depends on lies inside.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import bundle

MIRROR = "http://deb.debian.org/debian"
FOLDER = "/root/demo"
RICE, EGGS, WORTH = "2000006472014", "2000006472038", 90_000
LEFT = (
    "opt/kube-pos",
    "usr/bin/kube-pos",
    "usr/share/applications/kube-pos.desktop",
    "usr/lib/udev/rules.d/70-kube-pos.rules",
)


class Clean:
    """A clean Debian in a folder."""

    def __init__(self, root: Path, display: str) -> None:
        """Run programs in `root`, with their windows on `display`."""
        self.root = root
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
                            "DEBIAN_FRONTEND": "noninteractive", "DISPLAY": display}  # fmt: skip

    def words(self, *words: str) -> list[str]:
        """Return a command line that runs inside."""
        return ["chroot", str(self.root), *words]

    def run(self, *words: str, check: bool = True) -> str:
        """Run a program inside and return what it said."""
        done = subprocess.run(self.words(*words), env=self.environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def till(self, *words: str) -> str:
        """Run the installed program on the demo's folder."""
        return self.run("kube-pos", "--folder", FOLDER, *words)


def main() -> int:
    """Walk through the life of the package and say what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--base", type=Path, help="a folder that debootstrap made before")
    asked = parser.parse_args()
    deb = bundle.ROOT / "dist" / f"kube-pos_{bundle.version()}_amd64.deb"
    with tempfile.TemporaryDirectory(prefix="kube-pos-smoke-") as place, x_server() as display:
        root = Path(place) / "root"
        if asked.base:
            subprocess.run(["cp", "-a", str(asked.base), str(root)], check=True)
        else:
            words = ["debootstrap", "--variant=minbase", asked.suite, str(root), MIRROR]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        with mounts(root):
            figures = live(Clean(root, display), deb, display)
    print(json.dumps(figures) if asked.json else "\n".join(f"{name:28} {value}" for name, value in figures.items()))
    return 0


def live(clean: Clean, deb: Path, display: str) -> dict[str, float | int]:
    """Install, sell, prove, measure, remove."""
    shutil.copy("/etc/resolv.conf", clean.root / "etc/resolv.conf")
    shutil.copy(deb, clean.root / "root/kube-pos.deb")
    _must(not list(clean.root.glob("usr/bin/python3*")), "the chroot has a Python")
    began = time.monotonic()
    clean.run("apt-get", "update", "-qq")
    clean.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "/root/kube-pos.deb")
    figures: dict[str, float | int] = {"deb_bytes": deb.stat().st_size, "install_s": round(time.monotonic() - began, 1)}
    figures["installed_mib"] = int(clean.run("du", "-sm", "/opt/kube-pos").split()[0])
    _must(not list(clean.root.glob("usr/bin/python3*")), "the package brought a Python")
    clean.till("demo", "--no-window")
    _sell(clean, display)
    report = json.loads(clean.till("verify", "--json"))
    _must(report["entries"] > 1 and not report["findings"], f"verify: {report}")
    figures["entries_verified"] = report["entries"]
    bench = json.loads(clean.run("kube-pos", "bench", "start", "--json").splitlines()[-1])
    figures |= {name: round(value, 1) for name, value in bench.items() if name.startswith("start.")}
    _must((clean.root / FOLDER[1:] / "journal.db").exists(), "the journal")
    clean.run("apt-get", "purge", "-qq", "-y", "kube-pos")
    _must(not any((clean.root / name).exists() for name in LEFT), "files stayed after the removal")
    _must((clean.root / FOLDER[1:] / "journal.db").exists(), "the removal took the data along")
    return figures


def _sell(clean: Clean, display: str) -> None:
    """Sell rice and eggs to one family by keys, as a scanner and a cashier do."""
    home = clean.root / FOLDER[1:]
    cards = {row["case"]: row["number"] for row in json.loads((home / "kartu-contoh.json").read_text())["cards"]}
    paper = home / "paper.bin"
    before = json.loads(clean.till("balance", cards["arrears"], "--json"))["balance"]
    words = clean.words(
        "kube-pos", "--language", "id", "--folder", FOLDER, "demo", "--printer", f"file:{FOLDER}/paper.bin"
    )
    with subprocess.Popen(words, env=clean.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as window:
        try:
            _wait("the window", lambda: _keys(display, "search", "--onlyvisible", "--name", "Kasir") == 0)
            pause(1)
            _keys(display, "mousemove", "700", "20", "click", "1")
            for keys in ((cards["arrears"],), (), (RICE,), (EGGS,)):
                for code in keys:
                    _keys(display, "type", "--delay", "3", code)
                _keys(display, "key", "--delay", "0", "Return")
                pause(1)
            _keys(display, "key", "F9")
            _wait("the receipt", lambda: paper.exists() and b"STRUK BANTUAN PANGAN" in paper.read_bytes())
            pause(1)
        finally:
            window.terminate()
    _must(b"Rp90.000" in paper.read_bytes() and b"CONTOH" in paper.read_bytes(), "the receipt is another")
    after = json.loads(clean.till("balance", cards["arrears"], "--json"))["balance"]
    _must(before - after == WORTH, f"the balance went from {before} to {after}")


@contextlib.contextmanager
def mounts(root: Path) -> Iterator[None]:
    """Give a clean root its /proc, /dev and shared memory, and take them away again."""
    places = ("proc", "dev", "dev/pts", "dev/shm")
    for name in places:
        (root / name).mkdir(exist_ok=True)
        subprocess.run(["mount", "--bind", f"/{name}", str(root / name)], check=True)
    try:
        yield
    finally:
        for name in reversed(places):
            subprocess.run(["umount", "-l", str(root / name)], check=True)


@contextlib.contextmanager
def x_server() -> Iterator[str]:
    """Run an X server and give its display's name; programs in the chroot reach it by its abstract socket."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1366x768x24", "-nolisten", "tcp", "-ac"]
    with subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL) as process:
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        try:
            yield f":{number}"
        finally:
            process.terminate()


def pause(seconds: float) -> None:
    """Let the other process paint, as a person would."""
    time.sleep(seconds)


def _keys(display: str, *words: str) -> int:
    environment = {**os.environ, "DISPLAY": display}
    return subprocess.run(["xdotool", *words], env=environment, check=False, stdout=subprocess.DEVNULL).returncode


def _wait(what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds} s for {what}")
        pause(0.2)


def _must(holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- a check
    if not holds:
        raise SystemExit(otherwise)


if __name__ == "__main__":
    sys.exit(main())
