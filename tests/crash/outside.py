"""Changes of files that do not go through SQLite: `os.replace`, `os.unlink` and `os.fsync`, told to the recorder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.crash.vfs import Recorder


@contextmanager
def watched(recorder: Recorder, folder: Path) -> Iterator[None]:
    """Tell the recorder of what Python itself does in a folder; Linux only, since open files are found by number."""
    replace, unlink, fsync = os.replace, os.unlink, os.fsync

    def is_ours(path: Any) -> bool:
        return Path(path).parent == folder

    def our_replace(old: Any, new: Any, **more: Any) -> None:
        replace(old, new, **more)
        if is_ours(old):
            recorder.renamed(Path(old).name, Path(new).name)

    def our_unlink(path: Any, **more: Any) -> None:
        unlink(path, **more)
        if is_ours(path):
            recorder.removed(Path(path).name)

    def our_fsync(descriptor: int) -> None:
        fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path == folder:
            recorder.flushed(None)
        elif is_ours(path):
            recorder.flushed(path.name)

    os.replace, os.unlink, os.fsync = our_replace, our_unlink, our_fsync  # type: ignore[assignment]
    try:
        yield
    finally:
        os.replace, os.unlink, os.fsync = replace, unlink, fsync
