"""A disk that forgets what was not flushed: contents by inode, names apart from contents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.crash.vfs import Create, Delete, Event, Sync, Truncate, Write


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
        self.names = {name: number for number, name in enumerate(base)}
        self.names_pending: list[Create | Delete] = []

    def take(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case Create():
                self.safe[event.inode] = bytearray()
                self.names_pending.append(event)
            case Delete():
                self.names_pending.append(event)
                if event.folder:
                    self._flush_names()
            case Write() | Truncate():
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

    def names_after(self, count: int) -> dict[str, int]:
        """Return the folder with the first `count` of its pending changes."""
        return _named(self.names, self.names_pending[:count])

    def _flush_names(self) -> None:
        self.names = _named(self.names, self.names_pending)
        self.names_pending.clear()


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


def _named(names: Mapping[str, int], changes: Iterable[Create | Delete]) -> dict[str, int]:
    found = dict(names)
    for change in changes:
        if isinstance(change, Create):
            found[change.name] = change.inode
        else:
            found.pop(change.name, None)
    return found
