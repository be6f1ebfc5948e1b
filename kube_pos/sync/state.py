"""What the window says of sync: one state, and the error behind it if there is one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kube_pos.errors import KubePosError, StorageFailed
from kube_pos.sync.failures import (
    AuthorityUnreadable,
    BadSignature,
    CertificateRefused,
    ChainBroken,
    ClockSkew,
    EntryTooLarge,
    Fork,
    KeyRefused,
    Offline,
    Retired,
    SyncNotStored,
    WrongFingerprint,
)

SKEW_TOLD_MS = 120_000
"""From this difference on the cashier is told that the computer's clock is wrong, though sync works."""


class SyncState(StrEnum):
    """How sync stands; the value is the key of its sentence, `sync_state.<value>`."""

    WORKING = "working"
    ONLINE = "online"
    OFFLINE = "offline"
    SERVER_TROUBLE = "server_trouble"
    CLOCK_SKEW = "clock_skew"
    NOT_TRUSTED = "not_trusted"
    KEY_REFUSED = "key_refused"
    RETIRED = "retired"
    STOPPED_FORK = "stopped_fork"
    STOPPED_DAMAGED = "stopped_damaged"


@dataclass(frozen=True, slots=True)
class SyncReport:
    """A change of state; `error`, if any, has the longer sentence with the remedy (`texts.error`)."""

    state: SyncState
    error: KubePosError | None = None
    skew_ms: int = 0
    """How far upstream's clock is ahead of this computer's."""

    @property
    def detail(self) -> str:
        """Return the stable code behind the state, for logs and support."""
        return self.error.code if self.error is not None else self.state.value


_STATES: tuple[tuple[type[KubePosError], SyncState], ...] = (
    (Offline, SyncState.OFFLINE),
    (ClockSkew, SyncState.CLOCK_SKEW),
    (BadSignature, SyncState.NOT_TRUSTED),
    (WrongFingerprint, SyncState.NOT_TRUSTED),
    (CertificateRefused, SyncState.NOT_TRUSTED),
    (AuthorityUnreadable, SyncState.NOT_TRUSTED),
    (KeyRefused, SyncState.KEY_REFUSED),
    (Retired, SyncState.RETIRED),
    (Fork, SyncState.STOPPED_FORK),
    (ChainBroken, SyncState.STOPPED_DAMAGED),
    (EntryTooLarge, SyncState.STOPPED_DAMAGED),
    (SyncNotStored, SyncState.STOPPED_DAMAGED),
)
_LASTING = frozenset({SyncState.RETIRED, SyncState.STOPPED_FORK, SyncState.STOPPED_DAMAGED, SyncState.KEY_REFUSED})


def report_of(error: KubePosError) -> SyncReport:
    """Return what a failed round means for the cashier; anything not named here is upstream's trouble."""
    if isinstance(error, StorageFailed):
        # Its own sentence speaks of a sale that was not stored; here it is only a page.
        error = SyncNotStored(**error.facts)
    for kind, state in _STATES:
        if isinstance(error, kind):
            return SyncReport(state, error)
    return SyncReport(SyncState.SERVER_TROUBLE, error)


def report_of_success(skew_ms: int) -> SyncReport:
    """Return what a round that went through means for the cashier."""
    state = SyncState.CLOCK_SKEW if abs(skew_ms) >= SKEW_TOLD_MS else SyncState.ONLINE
    return SyncReport(state, skew_ms=skew_ms)


def is_lasting(state: SyncState) -> bool:
    """Tell whether only the office can end a state: the till then asks at the longest pause, and goes on asking."""
    return state in _LASTING
