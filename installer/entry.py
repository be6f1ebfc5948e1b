"""Where the built program begins: the command `kube-pos`, or a module of its own, as `python -m` does.

The demo's office and some measurements start this same program again as `PROGRAM -m kube_pos…`.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

from kube_pos.errors import KubePosError
from kube_pos.updating.installation import CHOSEN, Installation, choose, default_root
from kube_pos.version import VERSION


def main() -> int:
    """Run the words of the command line and return the exit code."""
    if sys.argv[1:2] == ["-m"] and sys.argv[2:3] and sys.argv[2].partition(".")[0] == "kube_pos":
        module = sys.argv[2]
        del sys.argv[1:3]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return 0
    if (newer := chosen_program()) is not None:
        return subprocess.run([str(newer), *sys.argv[1:]], env={**os.environ, CHOSEN: "1"}, check=False).returncode
    from kube_pos.cli import main as run  # noqa: PLC0415 -- a module that is asked for must not load the command line

    return run()


def chosen_program() -> Path | None:
    """Finish or undo an update that was broken off; return the newer version that starts instead of this one."""
    if os.environ.pop(CHOSEN, ""):
        return None
    try:
        return choose(Installation(default_root()), VERSION)
    except KubePosError as error:
        # An update is under way, or the disk is full: the command itself says so where it matters.
        print(error, file=sys.stderr)
        return None


def keep_capabilities() -> None:
    """Let the printer library keep what it parsed in a folder of this user; it reads a pickle there."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kube-pos"
    try:
        base.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        base = Path(tempfile.mkdtemp(prefix="kube-pos-"))
    os.environ.setdefault("ESCPOS_CAPABILITIES_PICKLE_DIR", str(base))


if __name__ == "__main__":
    if sys.platform != "win32":
        keep_capabilities()
    sys.exit(main())
