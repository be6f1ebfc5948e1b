"""A file layer for SQLite that writes down what reaches the disk, counts flushes, and can make any call fail.

It is registered by ctypes in the very library that the till's driver uses, so that the till's code runs unchanged
(`…?vfs=<name>`). A file's method table is copied and only the calls that change the disk are replaced: locks, shared
memory and reads stay the system's own, at their own speed.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlcipher3._sqlite3 as library_module

OK, IOERR, FULL, CANTOPEN = 0, 10, 13, 14
_IOERR_READ, _IOERR_WRITE, _IOERR_FSYNC, _IOERR_TRUNCATE, _IOERR_DELETE = 266, 778, 1034, 1546, 2570
_OPEN_CREATE = 0x4
_OPEN_MAIN_DB, _OPEN_JOURNALS = 0x100, 0x800 | 0x4000 | 0x80000
_NUMBERS = itertools.count(1)

_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_DELETE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
_CLOSE = CFUNCTYPE(c_int, c_void_p)
_WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class _IoMethods(Structure):
    _fields_ = (
        ("iVersion", c_int),
        *((name, c_void_p) for name in (
            "xClose", "xRead", "xWrite", "xTruncate", "xSync", "xFileSize", "xLock", "xUnlock", "xCheckReservedLock",
            "xFileControl", "xSectorSize", "xDeviceCharacteristics", "xShmMap", "xShmLock", "xShmBarrier", "xShmUnmap",
            "xFetch", "xUnfetch",
        )),
    )  # fmt: skip


class _Vfs(Structure):
    _fields_ = (
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        *((name, c_void_p) for name in (
            "xOpen", "xDelete", "xAccess", "xFullPathname", "xDlOpen", "xDlError", "xDlSym", "xDlClose", "xRandomness",
            "xSleep", "xCurrentTime", "xGetLastError", "xCurrentTimeInt64", "xSetSystemCall", "xGetSystemCall",
            "xNextSystemCall",
        )),
    )  # fmt: skip


def driver_library() -> ctypes.CDLL:
    """Load the library that the till's database driver is, a second time: it is the same one in memory."""
    return ctypes.CDLL(library_module.__file__)


@dataclass(frozen=True, slots=True)
class Create:
    """A file that was not there was opened."""

    name: str
    inode: int


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were written at a place; they may still be in memory."""

    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file was cut to a size."""

    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A file was flushed, and with `folder` the names in its folder too."""

    inode: int
    folder: bool


@dataclass(frozen=True, slots=True)
class Delete:
    """A file's name was removed; durably when `folder`."""

    name: str
    folder: bool


@dataclass(frozen=True, slots=True)
class SyncFailed:
    """A flush failed: the system forgets that the bytes are not on disk, and never writes them again by itself."""

    inode: int


@dataclass(frozen=True, slots=True)
class Rename:
    """A file took another name, and the place of what stood there."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class FolderSync:
    """The names in the folder were flushed."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the till promised, or that others did, at this moment."""

    what: str
    number: int
    value: Any


Event = Create | Write | Truncate | Sync | SyncFailed | Delete | Rename | FolderSync | Note


class Fault(StrEnum):
    """How a call fails."""

    IOERR = "ioerr"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Plan:
    """Which call fails, counted from 1, how, and whether all later ones do so too."""

    call: int
    fault: Fault
    sticky: bool


@dataclass(slots=True)
class _File:
    """An open file: what it is and the system's own methods for it."""

    inode: int
    real: _IoMethods
    makes_names_durable: bool
    """The file was made by this opening: SQLite flushes the folder with its first flush."""


class Recorder:
    """The layer. Files opened by `?vfs=<name>` are recorded until `close`, which every recorder needs."""

    def __init__(self, folder: Path, *, keep: bool = True, reads: bool = False, of_all: bool = False) -> None:
        """Register the layer for files of one folder; `keep` the bytes, or only count calls and flushes.

        With `reads`, reading counts as a call too and can be made to fail. With `of_all`, files that do not ask for the
        layer by its name go through it as well.
        """
        self._of_all = of_all
        self.name = f"recording{next(_NUMBERS)}"
        self.events: list[Event] = []
        self.calls = 0
        self.syncs = 0
        self._keep = keep
        self._reads = reads
        self._plan: Plan | None = None
        self._armed_at = 0
        self._inodes: dict[str, int] = {}
        self._numbers = itertools.count()
        self._files: dict[int, _File] = {}
        self._tables: dict[int, tuple[_IoMethods, tuple[object, ...]]] = {}
        self.base = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        for name in self.base:
            self._inodes[name] = next(self._numbers)
        self._register()

    def note(self, what: str, number: int, value: object) -> None:
        """Write down a promise between the events."""
        if self._keep:
            self.events.append(Note(what, number, value))

    def arm(self, plan: Plan) -> None:
        """Let a call fail, counted from now on."""
        self._plan, self._armed_at = plan, self.calls

    def disarm(self) -> None:
        """Let everything succeed again."""
        self._plan = None

    @property
    def base_inodes(self) -> dict[str, int]:
        """The files that were there at the beginning, by name."""
        return {name: number for number, name in enumerate(self.base)}

    def close(self) -> int:
        """Take the layer out of the library; return how many files are still open, which must be none."""
        if not self._files:
            self._library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(self))
        return len(self._files)

    def inode_of(self, name: str) -> int | None:
        """Return the file that has a name in the folder now."""
        return self._inodes.get(name)

    def renamed(self, old: str, new: str) -> None:
        """Take in that somebody else than SQLite gave a file another name."""
        self._inodes[new] = self._inodes.pop(old)
        self._add(Rename(old, new))

    def flushed(self, name: str | None) -> None:
        """Take in that somebody else than SQLite flushed a file, or the folder (None)."""
        self._add(FolderSync() if name is None else Sync(self._inodes[name], folder=False))

    def removed(self, name: str) -> None:
        """Take in that somebody else than SQLite removed a file."""
        if self._inodes.pop(name, None) is not None:
            self._add(Delete(name, folder=False))

    def _register(self) -> None:
        library = self._library = driver_library()
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        library.sqlite3_vfs_find.argtypes = [c_char_p]
        self._real = library.sqlite3_vfs_find(None)
        self._real_open = _OPEN(self._real.contents.xOpen)
        self._real_delete = _DELETE(self._real.contents.xDelete)
        self._vfs = _Vfs()
        ctypes.memmove(ctypes.byref(self._vfs), self._real, ctypes.sizeof(_Vfs))
        self._kept = (_OPEN(self._open), _DELETE(self._delete), self.name.encode())
        self._vfs.pNext = None
        self._vfs.zName = self._kept[2]
        self._vfs.xOpen = ctypes.cast(self._kept[0], c_void_p)
        self._vfs.xDelete = ctypes.cast(self._kept[1], c_void_p)
        if library.sqlite3_vfs_register(ctypes.byref(self._vfs), int(self._of_all)) != OK:
            raise RuntimeError("the library takes no file layer")
        # The library calls us until we take ourselves out, whether or not anybody else still knows of us.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self))

    def _open(self, _vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        watched = name is not None and bool(flags & (_OPEN_MAIN_DB | _OPEN_JOURNALS))
        path = Path(ctypes.string_at(name).decode()) if name is not None and watched else None
        is_new = path is not None and path.name not in self._inodes
        if is_new and flags & _OPEN_CREATE and self._fails() is not None:
            return CANTOPEN
        code = int(self._real_open(ctypes.cast(self._real, c_void_p), name, file, flags, out))
        if code != OK or path is None:
            return code
        if is_new:
            self._inodes[path.name] = next(self._numbers)
            self._add(Create(path.name, self._inodes[path.name]))
        table = ctypes.cast(file, POINTER(c_void_p))
        real_at = int(table.contents.value or 0)
        names_first = bool(flags & _OPEN_CREATE and flags & _OPEN_JOURNALS)
        self._files[file] = _File(self._inodes[path.name], self._table(real_at)[0], names_first)
        table[0] = ctypes.addressof(self._tables[real_at][1][0])  # type: ignore[arg-type]
        return code

    def _table(self, real_at: int) -> tuple[_IoMethods, tuple[object, ...]]:
        """Return the system's method table at an address, and make our copy of it once."""
        if real_at not in self._tables:
            real = _IoMethods.from_address(real_at)
            ours = _IoMethods()
            ctypes.memmove(ctypes.byref(ours), real_at, ctypes.sizeof(_IoMethods) if real.iVersion >= 3 else 17 * 8)
            calls: dict[str, Callable[..., object]] = {
                "xClose": _CLOSE(self._close_file),
                "xWrite": _WRITE(self._write),
                "xTruncate": _TRUNCATE(self._truncate),
                "xSync": _SYNC(self._sync),
            }
            if self._reads:
                calls["xRead"] = _WRITE(self._read)
            for field, call in calls.items():
                setattr(ours, field, ctypes.cast(call, c_void_p))  # type: ignore[arg-type]
            self._tables[real_at] = (real, (ours, *calls.values()))
        return self._tables[real_at]

    def _close_file(self, file: int) -> int:
        known = self._files.pop(file)
        return int(_CLOSE(known.real.xClose)(file))

    def _read(self, file: int, data: int, size: int, offset: int) -> int:
        if self._fails() is not None:
            return _IOERR_READ
        return int(_WRITE(self._files[file].real.xRead)(file, data, size, offset))

    def _write(self, file: int, data: int, size: int, offset: int) -> int:
        known = self._files[file]
        fault = self._fails()
        if fault is not None:
            # A full disk may have taken the first half.
            if fault is Fault.FULL and size > 1:
                self._put(known, file, data, size // 2, offset)
            return _IOERR_WRITE if fault is Fault.IOERR else FULL
        return self._put(known, file, data, size, offset)

    def _put(self, known: _File, file: int, data: int, size: int, offset: int) -> int:
        if self._keep:
            self.events.append(Write(known.inode, offset, ctypes.string_at(data, size)))
        return int(_WRITE(known.real.xWrite)(file, data, size, offset))

    def _truncate(self, file: int, size: int) -> int:
        known = self._files[file]
        if self._fails() is not None:
            return _IOERR_TRUNCATE
        self._add(Truncate(known.inode, size))
        return int(_TRUNCATE(known.real.xTruncate)(file, size))

    def _sync(self, file: int, flags: int) -> int:
        known = self._files[file]
        self.syncs += 1
        if (fault := self._fails()) is not None:
            self._add(SyncFailed(known.inode))
            return _IOERR_FSYNC if fault is Fault.IOERR else FULL
        self._add(Sync(known.inode, known.makes_names_durable))
        known.makes_names_durable = False
        return int(_SYNC(known.real.xSync)(file, flags))

    def _delete(self, _vfs: int, name: int, sync_folder: int) -> int:
        path = Path(ctypes.string_at(name).decode())
        if self._fails() is not None:
            return _IOERR_DELETE
        if self._inodes.pop(path.name, None) is not None:
            self._add(Delete(path.name, bool(sync_folder)))
        return int(self._real_delete(ctypes.cast(self._real, c_void_p), name, sync_folder))

    def _add(self, event: Event) -> None:
        if self._keep:
            self.events.append(event)

    def _fails(self) -> Fault | None:
        """Count a call and tell whether it is to fail."""
        self.calls += 1
        plan = self._plan
        if plan is None:
            return None
        number = self.calls - self._armed_at
        return plan.fault if number == plan.call or (plan.sticky and number > plan.call) else None
