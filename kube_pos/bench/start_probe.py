"""Opens the till as `kube-pos` does, says when it is ready for a scan, and ends: a new process of `bench.start`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec
from PySide6.QtCore import QTimer

from kube_pos.app import OpenWindow, open_window
from kube_pos.bench.memory import rss_mib
from kube_pos.bench.start import Probe
from kube_pos.clock import SystemClock
from kube_pos.folder import open_folder
from kube_pos.ledger.ids import StaffId
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.operations.till import Session
from kube_pos.texts import Texts

_HEAVY = ("cv2", "numpy", "escpos", "httpx", "fastapi")


def main(folder_path: str, spawned_ns: str) -> int:
    """Open the till in a folder; `spawned_ns` is when the process was started, on the wall clock in ns."""
    folder = open_folder(Path(folder_path))
    cashier = SqliteReplica(folder.replica).catalogue().staff[StaffId(1)]
    opened: list[OpenWindow] = []
    early: list[str] = []

    def ready() -> None:
        found = Probe((time.time_ns() - int(spawned_ns)) / 1e6, rss_mib(), early)
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        sys.stdout.flush()
        QTimer.singleShot(0, opened[0].application.quit)

    opened.append(open_window(folder, Texts(), SystemClock(), Session(cashier), ready))
    # The devices have not begun yet: what is loaded now was loaded before the first paint.
    early += [name for name in _HEAVY if name in sys.modules]
    code = int(opened[0].application.exec())
    opened[0].close()
    folder.close()
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
