"""Taking a data folder into an outlet, with the office's one-time code."""

from __future__ import annotations

import hashlib
import platform
import uuid

from kube_pos import recovery
from kube_pos.clock import Clock, SystemClock
from kube_pos.errors import KubePosError, NotEnrolled
from kube_pos.folder import TillFolder
from kube_pos.ledger.chain import genesis
from kube_pos.ledger.days import business_day
from kube_pos.ledger.entries import Restored
from kube_pos.ledger.ids import LedgerId, StaffId
from kube_pos.ledger.marker import Marker
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import predecessors
from kube_pos.marks import device_name
from kube_pos.settings import authority
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.wire import EnrolmentRequest, from_base64, read_enrolment_code, to_base64
from kube_pos.version import VERSION

TILL_ITSELF = StaffId(0)
"""Stands on an entry that no person made."""


class AlreadyEnrolled(KubePosError):
    """This data folder belongs to an outlet already. Facts: path, terminal."""

    code = "already_enrolled"


class NotAnEnrolmentCode(KubePosError):
    """The text is no enrolment code. Facts: none."""

    code = "not_an_enrolment_code"


def program_version() -> str:
    """Return the program's version."""
    return VERSION


def ledger_id_of(key: DeviceKey) -> LedgerId:
    """Return the ledger id of a device key, so that asking twice after a lost answer asks for the same ledger."""
    digest = hashlib.sha256(b"kube-pos ledger\0" + key.public_key()).digest()
    # Version 5 is what RFC 9562 calls an id made by hashing; the digest is cut to its 16 bytes.
    return LedgerId(str(uuid.UUID(bytes=digest[:16], version=5)))


def enrol(folder: TillFolder, code_text: str, clock: Clock | None = None) -> Identity:
    """Enrol a data folder and return who it is now; after a restore its first entry says what it follows on.

    Raises AlreadyEnrolled, NotAnEnrolmentCode and all that `sync.client.enrol` raises; nothing is stored then.
    """
    from kube_pos.sync import client  # noqa: PLC0415 -- the HTTP library loads only where it is used

    journal = SqliteJournal(folder.journal)
    if (terminal := _terminal(journal)) is not None:
        raise AlreadyEnrolled(path=str(folder.path), terminal=terminal)
    try:
        code = read_enrolment_code(code_text)
    except ValueError as error:
        raise NotAnEnrolmentCode from error
    key = DeviceKey(folder.keys.device)
    request = EnrolmentRequest(
        code=code.code,
        ledger_id=ledger_id_of(key),
        public_key=to_base64(key.public_key()),
        device_name=platform.node(),
        program_version=program_version(),
    )
    answer = client.enrol(code, request, ca_file=authority(folder.settings))
    identity = Identity(
        ledger_id=answer.ledger_id,
        terminal=answer.terminal,
        outlet_id=answer.outlet_id,
        city_key=from_base64(answer.city_key),
        upstream_address=code.address,
        upstream_key=from_base64(answer.upstream_key),
        is_demo=answer.is_demo,
    )
    # The mark goes first: a journal with an identity and without a mark would be taken for a copy.
    beginning = genesis(identity.ledger_id).hex()
    folder.marks.save(Marker(ledger_id=identity.ledger_id, seq=0, hash=beginning, device=device_name(folder.keys)))
    journal.set_identity(identity, _first_entry(folder, clock or SystemClock()))
    return identity


def make_recovery_code(folder: TillFolder) -> str:
    """Wrap the folder's keys with a new recovery code and return it: it is shown once, and older codes end."""
    code = recovery.new_code()
    recovery.wrap(folder.path / recovery.FILE_NAME, folder.keys, code)
    return code


def _first_entry(folder: TillFolder, clock: Clock) -> Restored | None:
    before = predecessors(folder.journal)
    if not before:
        return None
    last = before[-1]
    at = max(clock.now_ms(), last.last_at)
    return Restored(at=at, day=business_day(at), by=TILL_ITSELF, previous=last.ledger_id, previous_seq=last.seq)


def _terminal(journal: SqliteJournal) -> str | None:
    try:
        return journal.identity().terminal
    except NotEnrolled:
        return None
