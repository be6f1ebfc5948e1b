"""How much memory this process holds."""

from __future__ import annotations

import os
from pathlib import Path


def rss_mib() -> float:
    """Return the resident memory in MiB; 0 where the system does not tell (anything but Linux)."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0.0
    return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def peak_mib() -> float:
    """Return the most memory that this process ever held, in MiB; 0 where the system does not tell.

    Not by `getrusage`: that counts what the process was before it became this program.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    found = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
    return int(found["VmHWM"].split()[0]) / 1024
