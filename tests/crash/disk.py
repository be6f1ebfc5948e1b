"""A disk that forgets what was not flushed: contents by inode, names apart from contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tests.crash.vfs import Create, Delete, Event, FolderSync, Rename, Sync, SyncFailed, Truncate, Write

PAGE = 4096
"""Of the system's memory for files."""
NameChange = Create | Delete | Rename


class Disk:
    """What would be found after power came back, at the moment that the replay stands at.

    A name's creation or removal is durable when the folder is flushed: by a flush of a new journal or log (SQLite
    flushes the folder with it), or by a deletion that asks for it. Until then it may be there or not, in their order.
    """

    def __init__(self, base: Mapping[str, bytes]) -> None:
        """Begin with files that are safe."""
        self.safe = {number: bytearray(body) for number, body in enumerate(base.values())}
        """What each file's bytes are for certain."""
        self.pending: list[Write | Truncate] = []
        """What was written since, oldest first."""
        self._forgotten: list[Write] = []
        self.names = {name: number for number, name in enumerate(base)}
        self.names_pending: list[NameChange] = []

    def take(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case Create() | Delete() | Rename() | FolderSync():
                self._take_name(event)
            case SyncFailed():
                self._forget(event.inode)
            case Write():
                self._remember(event)
                self.pending.append(event)
            case Truncate():
                self.pending.append(event)
            case Sync():
                for change in self.pending:
                    if change.inode == event.inode:
                        change_body(self.safe[event.inode], change)
                self.pending = [change for change in self.pending if change.inode != event.inode]
                if event.folder:
                    self._flush_names()
            case _:
                return

    def _take_name(self, event: NameChange | FolderSync) -> None:
        if isinstance(event, Create):
            self.safe[event.inode] = bytearray()
        if not isinstance(event, FolderSync):
            self.names_pending.append(event)
        if isinstance(event, FolderSync) or (isinstance(event, Delete) and event.folder):
            self._flush_names()

    def _forget(self, inode: int) -> None:
        """Take a file's unsafe writes for written, as a system does after a failed flush: it does not try again."""
        gone = [change for change in self.pending if isinstance(change, Write) and change.inode == inode]
        self.pending = [change for change in self.pending if change not in gone]
        self._forgotten += [part for change in gone for part in parts_of(change, PAGE)]

    def _remember(self, write: Write) -> None:
        """A page that is written to again goes to the disk whole, with what was forgotten of it."""
        pages = range(write.offset // PAGE, (write.offset + len(write.data) - 1) // PAGE + 1)
        back = [part for part in self._forgotten if part.inode == write.inode and part.offset // PAGE in pages]
        self._forgotten = [part for part in self._forgotten if part not in back]
        self.pending += back

    def names_after(self, count: int) -> dict[str, int]:
        """Return the folder with the first `count` of its pending changes."""
        return _named(self.names, self.names_pending[:count])

    def _flush_names(self) -> None:
        self.names = _named(self.names, self.names_pending)
        self.names_pending.clear()


def parts_of(write: Write, size: int) -> Iterator[Write]:
    """Split a write at the multiples of a size."""
    at, end = write.offset, write.offset + len(write.data)
    while at < end:
        upto = min(end, (at // size + 1) * size)
        yield Write(write.inode, at, write.data[at - write.offset : upto - write.offset])
        at = upto


def change_body(body: bytearray, change: Write | Truncate) -> None:
    """Apply a change to a file's bytes; a gap is filled with zeros, as file systems do."""
    if isinstance(change, Truncate):
        if change.size <= len(body):
            del body[change.size :]
        else:
            body.extend(bytes(change.size - len(body)))
        return
    if change.offset > len(body):
        body.extend(bytes(change.offset - len(body)))
    body[change.offset : change.offset + len(change.data)] = change.data


def _named(names: Mapping[str, int], changes: Iterable[NameChange]) -> dict[str, int]:
    found = dict(names)
    for change in changes:
        if isinstance(change, Create):
            found[change.name] = change.inode
        elif isinstance(change, Rename):
            found[change.new] = found.pop(change.old)
        else:
            found.pop(change.name, None)
    return found
