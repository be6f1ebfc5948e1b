"""What is remembered of a journal outside its file, so that an older or copied file is recognised. Pure.

A mark says: this ledger had reached entry `seq` with this hash, on this machine. It is written off the sale's path, so
it may lie behind the journal; it never lies ahead of it unless the file was put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from kube_pos.ledger.ids import LedgerId


class Marker(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest known point of a journal."""

    ledger_id: LedgerId
    seq: int
    hash: str
    """Of the chain after entry `seq`, in hexadecimal."""
    machine: str = ""
    """A digest that names this computer and the folder on it; empty when it has no name to go by."""
    device: str = ""
    """The fingerprint of the key that the ledger signed with."""
    fork: bool = False
    """Upstream holds other entries under this ledger's name."""


class Doubt(StrEnum):
    """Why a journal may not go on under its name."""

    OLDER = "older"
    OTHER_ENTRIES = "other_entries"
    OTHER_LEDGER = "other_ledger"
    OTHER_MACHINE = "other_machine"
    NO_MARK = "no_mark"
    FORK = "fork"
    BACKUP = "backup"
    """Nothing was found out: the journal was put back on purpose."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a journal's file says of itself."""

    ledger_id: LedgerId
    seq: int
    hash_at: Callable[[int], bytes | None]
    """The hash after an entry, None when there is no such entry; only asked for numbers above 0."""
    ancestors: frozenset[LedgerId] = frozenset()
    """Ledgers that this one follows on; what is remembered of them is history."""


def doubt(marks: Iterable[Marker], found: Found, machine: str) -> Doubt | None:
    """Return why a journal may not go on, None when every mark bears it out."""
    current = [mark for mark in marks if mark.ledger_id not in found.ancestors]
    for mark in current:
        if (reason := _doubt_of(mark, found, machine)) is not None:
            return reason
    if not current and found.seq > 0:
        return Doubt.NO_MARK
    return None


def _doubt_of(mark: Marker, found: Found, machine: str) -> Doubt | None:
    if mark.ledger_id != found.ledger_id:
        return Doubt.OTHER_LEDGER
    if mark.fork:
        return Doubt.FORK
    if mark.machine and machine and mark.machine != machine:
        return Doubt.OTHER_MACHINE
    if mark.seq > found.seq:
        return Doubt.OLDER
    if mark.seq > 0:
        digest = found.hash_at(mark.seq)
        if digest is None or digest.hex() != mark.hash:
            return Doubt.OTHER_ENTRIES
    return None
