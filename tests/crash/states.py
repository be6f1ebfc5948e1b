"""The states that a disk may be found in after a power cut, for every moment of a recorded run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from tests.crash.disk import Disk, change_body, parts_of
from tests.crash.vfs import Event, Note, Truncate, Write

SECTOR, BLOCK = 512, 4096
Changes = list[Write | Truncate]


@dataclass(frozen=True, slots=True)
class Recording:
    """A run: the files it began with, and everything that happened."""

    base: Mapping[str, bytes]
    events: Sequence[Event]
    first: int = 0
    """The first moment that can be cut: notes before it say what was promised on earlier days."""


@dataclass(frozen=True, slots=True)
class State:
    """One disk after a cut: `point` counts the events that had happened before it."""

    point: int
    kind: str
    files: Mapping[str, bytes]


@dataclass(slots=True)
class _Cut:
    """One cut in the making: what reached the disk, in which order it is put there."""

    disk: Disk
    chance: random.Random
    changes: Changes
    names: int
    growth: Callable[[int], bytes] = bytes
    spoil: Write | None = None

    def files(self) -> dict[str, bytes]:
        """Return the files by name."""
        by_inode: dict[int, Changes] = {}
        for change in self.changes:
            by_inode.setdefault(change.inode, []).append(change)
        return {name: self._body(inode, by_inode.get(inode, [])) for name, inode in self._named().items()}

    def _named(self) -> dict[str, int]:
        return self.disk.names_after(self.names)

    def _body(self, inode: int, changes: Changes) -> bytes:
        body = bytearray(self.disk.safe[inode])
        if changes and self.growth is not bytes:
            size = max((c.offset + len(c.data) for c in changes if isinstance(c, Write)), default=0)
            body.extend(self.growth(max(0, size - len(body))))
        for change in changes:
            change_body(body, change)
        if self.spoil is not None and self.spoil.inode == inode:
            first = self.spoil.offset // BLOCK * BLOCK
            last = min(len(body), -(-(self.spoil.offset + len(self.spoil.data)) // BLOCK) * BLOCK)
            body[first:last] = self.chance.randbytes(max(0, last - first))
        return bytes(body)


def _lost(cut: _Cut) -> None:
    """Nothing that was not flushed is there."""
    cut.changes, cut.names = [], 0


def _kept(cut: _Cut) -> None:
    """All of it is there after all."""


def _undeleted(cut: _Cut) -> None:
    """All bytes are there, but changes of names are not, or not all."""
    cut.names = cut.chance.randrange(len(cut.disk.names_pending) + 1)


def _torn_head(cut: _Cut) -> None:
    """The last write got only so far."""
    _tear(cut, lambda write, at: Write(write.inode, write.offset, write.data[:at]))


def _torn_tail(cut: _Cut) -> None:
    """Of the last write only the end is there."""
    _tear(cut, lambda write, at: Write(write.inode, write.offset + at, write.data[at:]))


def _tear(cut: _Cut, torn: Callable[[Write, int], Write]) -> None:
    place = _last_write(cut.changes)
    if place is not None:
        write = cut.changes[place]
        if isinstance(write, Write):
            cut.changes[place] = torn(write, cut.chance.randrange(len(write.data) + 1))


def _sectors(cut: _Cut) -> None:
    """Any sectors of any writes are there."""
    share = cut.chance.choice((0.1, 0.5, 0.9))
    cut.changes = [part for change in cut.changes for part in _parts(change) if cut.chance.random() < share]
    cut.names = cut.chance.randrange(len(cut.disk.names_pending) + 1)


def _parts(change: Write | Truncate) -> Iterator[Write | Truncate]:
    """Split a write at the sectors of the disk."""
    if isinstance(change, Truncate):
        yield change
    else:
        yield from parts_of(change, SECTOR)


def _reordered(cut: _Cut) -> None:
    """Any whole writes are there, later ones without earlier ones."""
    share = cut.chance.choice((0.2, 0.5, 0.8))
    cut.changes = [change for change in cut.changes if cut.chance.random() < share]
    cut.names = cut.chance.randrange(len(cut.disk.names_pending) + 1)


def _garbage(cut: _Cut) -> None:
    """The file has grown, but where it grew stands what the disk held before."""
    _reordered(cut)
    cut.growth = cut.chance.randbytes


def _spoilt(cut: _Cut) -> None:
    """A write under way took the whole blocks it touches with it, older bytes beside it included."""
    writes = [change for change in cut.changes if isinstance(change, Write)]
    if not writes:
        return
    cut.spoil = writes[-1] if cut.chance.random() < 0.5 else cut.chance.choice(writes)
    if cut.chance.random() < 0.5:
        cut.changes = [c for c in cut.changes if c is not cut.spoil and cut.chance.random() < 0.7]


KINDS: Mapping[str, Callable[[_Cut], None]] = {
    "lost": _lost,
    "kept": _kept,
    "undeleted": _undeleted,
    "torn_head": _torn_head,
    "torn_tail": _torn_tail,
    "sectors": _sectors,
    "reordered": _reordered,
    "garbage": _garbage,
    "spoilt": _spoilt,
}
_FIXED = ("lost", "kept")
"""Kinds of which a moment has only one state."""


def states(recording: Recording, wanted: int, seed: int, *, part: int = 0, parts: int = 1) -> Iterator[State]:
    """Yield about `wanted` different states over all moments of a run, in its order; only the given part of them.

    When more are wanted than there are moments × kinds, the random kinds are drawn again; when fewer, a seeded choice
    is made. What differs neither in its bytes nor in what was promised before it is yielded once.
    """
    disk = Disk(recording.base)
    seen: set[bytes] = set()
    promises = 0
    chosen = _choose(recording, wanted, seed)
    for point in range(len(recording.events) + 1):
        if point:
            event = recording.events[point - 1]
            disk.take(event)
            promises += isinstance(event, Note)
        if point % parts == part:
            for number, kind in chosen.get(point, ()):
                state = State(point, kind, files_after(disk, kind, random.Random(f"{seed} {point} {kind} {number}")))
                print_of = _print(state, promises)
                if print_of not in seen:
                    seen.add(print_of)
                    yield state


def _choose(recording: Recording, wanted: int, seed: int) -> dict[int, list[tuple[int, str]]]:
    """Return how often each kind is drawn at each moment."""
    disk = Disk(recording.base)
    found: list[tuple[int, int, str]] = []
    moments = [(0, False)]
    for point, event in enumerate(recording.events, start=1):
        disk.take(event)
        moments.append((point, bool(disk.names_pending or disk.pending)))
    moments = moments[recording.first :]
    random_moments = sum(can_differ for _, can_differ in moments)
    rest = max(0, wanted - 2 * len(moments))
    times = max(1, -(-rest * 5 // 4 // max(1, random_moments * (len(KINDS) - len(_FIXED)))))
    for point, can_differ in moments:
        found.append((point, 0, "lost"))
        if can_differ:
            found += [(point, n, kind) for kind in KINDS for n in range(times) if kind not in _FIXED or n == 0][1:]
    if len(found) > wanted:
        found = random.Random(f"{seed} choice").sample(found, wanted)
    chosen: dict[int, list[tuple[int, str]]] = {}
    for point, number, kind in found:
        chosen.setdefault(point, []).append((number, kind))
    return chosen


def files_after(disk: Disk, kind: str, chance: random.Random) -> dict[str, bytes]:
    """Return the files that one kind of cut leaves of a disk."""
    cut = _Cut(disk, chance, list(disk.pending), len(disk.names_pending))
    KINDS[kind](cut)
    return cut.files()


def _last_write(changes: Changes) -> int | None:
    return next((n for n in range(len(changes) - 1, -1, -1) if isinstance(changes[n], Write)), None)


def _print(state: State, promises: int) -> bytes:
    digest = blake2b(digest_size=16)
    digest.update(promises.to_bytes(8, "big"))
    for name, body in sorted(state.files.items()):
        digest.update(f"{name} {len(body)} ".encode())
        digest.update(body)
    return digest.digest()
