"""The program's log: a rotating file in the data folder, without identifiers of people.

Digits in runs of eight or more are struck out of every line as a last guard: card, NIK and KK numbers are longer.
"""

from __future__ import annotations

import logging
import logging.handlers
import re
from pathlib import Path

FILE_NAME = "kube-pos.log"
_LONG_NUMBER = re.compile(r"\d{8,}")


class _StruckOut(logging.Formatter):
    """Formats a record and strikes long numbers out, in the traceback too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return _LONG_NUMBER.sub("########", super().format(record))


def start(folder: Path) -> None:
    """Send all logging to the file in a folder, 1 MB × 5; configured before any library does it."""
    handler = logging.handlers.RotatingFileHandler(
        folder / FILE_NAME, maxBytes=1_000_000, backupCount=5, encoding="utf-8"
    )
    handler.setFormatter(_StruckOut("%(asctime)s %(levelname)s %(threadName)s %(name)s %(message)s"))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for noisy in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
