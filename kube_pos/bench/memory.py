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
