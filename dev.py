#!/usr/bin/env python3
"""Set up kube-pos and run it: `python3 dev.py demo`, `python3 dev.py test` (on Windows `py dev.py …`).

Needs nothing but Python 3.11 or newer. The first run makes `.venv` from the locked list of packages and, on Debian and
its relatives, installs the missing system packages (as root or through sudo); elsewhere it names what is missing.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "kube-pos.stamp"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")

# Shared library → Debian package. Qt needs them even without a screen.
LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libX11.so.6": "libx11-6",
    "libbrotlidec.so.1": "libbrotli1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libzbar.so.0": "libzbar0",
    "libusb-1.0.so.0": "libusb-1.0-0",
}
# What the tests with a real screen need, by the program they run.
TEST_PROGRAMS = {"Xvfb": "xvfb", "xdotool": "xdotool", "pdftoppm": "poppler-utils", "postgres": "postgresql"}


def main() -> int:
    """Run one verb and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = {
        "demo": "open a demo outlet with sample data",
        "test": "run every check and every test (more words go to pytest)",
        "check": "run the checks without the tests: ruff, mypy, layers",
        "run": "run kube-pos with the words that follow",
        "setup": "only set up",
    }
    parser.add_argument("verb", choices=verbs, help="; ".join(f"{verb}: {text}" for verb, text in verbs.items()))
    parser.add_argument("words", nargs=argparse.REMAINDER, help="handed on")
    asked = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036 -- an older Python gets a sentence, not a syntax error
        return _fail("kube-pos needs Python 3.11 or newer.")
    problem = _set_up(with_tests=asked.verb == "test")
    if problem:
        return _fail(problem)
    match asked.verb:
        case "demo":
            return _run(["-m", "kube_pos", "demo", *asked.words])
        case "run":
            return _run(["-m", "kube_pos", *asked.words])
        case "check":
            return _check()
        case "test":
            return _check() or _test(asked.words)
        case _:
            return 0


def _set_up(*, with_tests: bool) -> str:
    """Make everything ready; return what stands in the way, or nothing."""
    problem = _system_packages(with_tests=with_tests)
    if problem:
        return problem
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return ""
    print("Setting up .venv; this takes about a minute the first time.", flush=True)
    STAMP.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    done = subprocess.run(
        [*pip, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)], check=False
    )
    if done.returncode:
        return "The Python packages could not be installed; is there a network? Run the command again."
    # The stamp comes last, so that an interrupted set-up starts again.
    STAMP.write_text(wanted)
    return ""


def _system_packages(*, with_tests: bool) -> str:
    if not sys.platform.startswith("linux"):
        return ""
    missing = [package for library, package in LIBRARIES.items() if not _loads(library)]
    if not _has_ensurepip():
        missing.append("python3-venv")
    if with_tests:
        missing += [package for program, package in TEST_PROGRAMS.items() if not _is_there(program)]
    if not missing:
        return ""
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if shutil.which("apt-get") is None:
        return f"These system libraries are missing (Debian's names): {' '.join(missing)}. Install them and run again."
    become_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if become_root and (shutil.which("sudo") is None or subprocess.run(["sudo", "-n", "true"], check=False).returncode):
        return f"System packages are missing. As root, run:\n  {line}\nand then this command again."
    print(f"Installing system packages: {' '.join(missing)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = [*become_root, *line.split(), "-qq"]
    # The package lists may be empty on a fresh machine: update them and try once more.
    for attempt in (command, [*become_root, "apt-get", "update", "-qq"], command):
        done = subprocess.run(attempt, env=environment, check=False, capture_output=True, text=True)
        if attempt is command and done.returncode == 0:
            return ""
    return f"apt-get failed:\n{done.stderr.strip()}\nRun it by hand: {line}"


def _is_there(program: str) -> bool:
    # Debian keeps PostgreSQL's programs out of the PATH.
    return bool(shutil.which(program) or list(Path("/usr/lib/postgresql").glob(f"*/bin/{program}")))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _has_ensurepip() -> bool:
    done = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], check=False, capture_output=True)
    return done.returncode == 0


def _check() -> int:
    steps: tuple[Sequence[str], ...] = (
        ("-m", "ruff", "check"),
        ("-m", "ruff", "format", "--check", "-q"),
        ("-m", "mypy"),
        ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
    )
    for step in steps:
        if code := _run(step):
            return code
    return 0


def _test(words: list[str]) -> int:
    if words:
        return _run(["-m", "pytest", *words])
    # Real keys and a real window want the machine to themselves; the rest takes every core.
    together = ["-m", "pytest", "-q", "--cov", "--cov-report="]
    code = _run([*together, "-m", "not screen", "-n", "auto", "--dist", "worksteal"])
    return code or _run([*together, "-m", "screen", "--cov-append"]) or _run(["-m", "coverage", "report"])


def _run(words: Sequence[str]) -> int:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        return subprocess.run([str(PYTHON), *words], cwd=ROOT, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
