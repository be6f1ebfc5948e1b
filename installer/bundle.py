"""Builds the one-folder program with PyInstaller in a throwaway environment made from the locks."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "installer"
BUILD = ROOT / "build"
LOCKS = (ROOT / "requirements.lock", HERE / "requirements-build.lock")

# Libraries of the build machine that travel along; all others are the target's own (see DEPENDS in build_deb.py).
SYSTEM_KEPT = (
    "libpython3", "libpython3.11", "libpython3.12", "libpython3.13", "libzbar", "libusb-1.0", "libv4l2",
    "libv4lconvert",
    "libjpeg", "libssl", "libcrypto", "libffi", "libbz2", "liblzma", "libsqlite3", "libuuid", "libexpat", "libz",
    "libreadline", "libncursesw", "libtinfo",
)  # fmt: skip


def version() -> str:
    """Return the program's version, as pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def source_date() -> int:
    """Return the moment that all files are dated: SOURCE_DATE_EPOCH, else the newest commit's."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    said = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(said.stdout)


def environment() -> Path:
    """Return the build environment's Python, made from both locks when they changed."""
    place = BUILD / "venv"
    wanted = hashlib.sha256(b"".join(lock.read_bytes() for lock in LOCKS) + sys.version.encode()).hexdigest()
    stamp, python = place / "stamp", place / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    for lock in LOCKS:
        pip = [
            str(python),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "-q",
            "--require-hashes",
            "--no-deps",
        ]
        subprocess.run([*pip, "--only-binary", ":all:", "-r", str(lock)], check=True)
    stamp.write_text(wanted)
    return python


def build(date: int) -> tuple[Path, list[tuple[str, str]]]:
    """Build the program; return its folder, and where each of its files came from."""
    python = environment()
    target, work, shipped = BUILD / "program", BUILD / "work", BUILD / "shipped.json"
    for folder in (target, work):
        shutil.rmtree(folder, ignore_errors=True)
    settings = {
        **os.environ,
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": str(date),
        "PYTHONPATH": str(ROOT),
        "PYINSTALLER_CONFIG_DIR": str(work),
        "KUBE_POS_SYSTEM_KEPT": json.dumps(SYSTEM_KEPT),
        "KUBE_POS_SHIPPED": str(shipped),
        "LC_ALL": "C.UTF-8",
    }
    words = ["--noconfirm", "--clean", "--log-level", "WARN", "--distpath", str(target), "--workpath", str(work)]
    subprocess.run(
        [str(python), "-m", "PyInstaller", *words, str(HERE / "kube_pos.spec")], check=True, env=settings, cwd=ROOT
    )
    rows = [(str(name), str(source)) for name, source in json.loads(shipped.read_text(encoding="utf-8"))]
    return target / "kube-pos", rows
