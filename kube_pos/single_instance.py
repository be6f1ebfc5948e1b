"""One till a data folder: a lock that the system releases when the program ends, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from kube_pos.errors import AlreadyRunning, StorageFailed

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class SingleInstance:
    """Holds a data folder for this program."""

    def __init__(self, folder: Path) -> None:
        """Take the folder. Raises AlreadyRunning when another till has it, StorageFailed when it can't be written."""
        path = folder / "till.lock"
        try:
            self._file: BinaryIO = path.open("ab")
        except OSError as error:
            raise StorageFailed(path=str(path), reason=error.strerror or "") from error
        try:
            _lock(self._file)
        except OSError as error:
            self._file.close()
            raise AlreadyRunning(path=str(folder)) from error

    def release(self) -> None:
        """Let the folder go."""
        self._file.close()


def _lock(file: BinaryIO) -> None:
    if sys.platform == "win32":
        file.seek(0, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
