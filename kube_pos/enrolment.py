"""Taking a data folder into an outlet, with the office's one-time code."""

from __future__ import annotations

import hashlib
import platform
import uuid
from importlib.metadata import PackageNotFoundError, version

from kube_pos.errors import KubePosError, NotEnrolled
from kube_pos.folder import TillFolder
from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.wire import EnrolmentRequest, from_base64, read_enrolment_code, to_base64


class AlreadyEnrolled(KubePosError):
    """This data folder belongs to an outlet already. Facts: path, terminal."""

    code = "already_enrolled"


class NotAnEnrolmentCode(KubePosError):
    """The text is no enrolment code. Facts: none."""

    code = "not_an_enrolment_code"


def program_version() -> str:
    """Return the program's version; from a checkout that was never installed, «0+source»."""
    try:
        return version("kube-pos")
    except PackageNotFoundError:
        return "0+source"


def ledger_id_of(key: DeviceKey) -> LedgerId:
    """Return the ledger id of a device key, so that asking twice after a lost answer asks for the same ledger."""
    digest = hashlib.sha256(b"kube-pos ledger\0" + key.public_key()).digest()
    # Version 5 is what RFC 9562 calls an id made by hashing; the digest is cut to its 16 bytes.
    return LedgerId(str(uuid.UUID(bytes=digest[:16], version=5)))


def enrol(folder: TillFolder, code_text: str) -> Identity:
    """Enrol a data folder and return who it is now.

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
    answer = client.enrol(code, request)
    identity = Identity(
        ledger_id=answer.ledger_id,
        terminal=answer.terminal,
        outlet_id=answer.outlet_id,
        city_key=from_base64(answer.city_key),
        upstream_address=code.address,
        upstream_key=from_base64(answer.upstream_key),
        is_demo=answer.is_demo,
    )
    journal.set_identity(identity)
    return identity


def _terminal(journal: SqliteJournal) -> str | None:
    try:
        return journal.identity().terminal
    except NotEnrolled:
        return None
