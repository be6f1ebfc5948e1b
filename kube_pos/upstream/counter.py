"""What the office answers to a till, without the network: who asks, what is done, the signed answer.

`routes` carries these over HTTP; a simulation of the city carries them by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import update

from kube_pos.clock import Clock
from kube_pos.ledger.ids import LedgerId
from kube_pos.sync.wire import (
    ANSWER_LABEL,
    BATCH_LABEL,
    ENROLMENT_LABEL,
    PAGE_LABEL,
    REQUEST_LABEL,
    SHARE_LABEL,
    ChangesPage,
    EnrolmentRequest,
    Message,
    ShareRequest,
)
from kube_pos.upstream import feed, tables
from kube_pos.upstream.auth import Till, authenticate
from kube_pos.upstream.batches import read_batch
from kube_pos.upstream.database import Database
from kube_pos.upstream.enrolment import enrol
from kube_pos.upstream.keys import Keys, is_signed_by
from kube_pos.upstream.problems import RequestRefused
from kube_pos.upstream.receive import Fork, receive
from kube_pos.upstream.requests import ask
from kube_pos.upstream.shares import LedgerState

_CONTACT_STEP_MS = 60_000
"""How old `last_contact` may become before a poll that changes nothing writes it anew."""
_LARGEST_N = 2**53
_LARGEST_ID = 2**31 - 1
_LONGEST_TOKEN = 64


@dataclass(frozen=True, slots=True)
class Office:
    """What every request needs; made once when the service starts."""

    database: Database
    keys: Keys
    clock: Clock


@dataclass(frozen=True, slots=True)
class Signed:
    """An answer's bytes and their signature, as it stands in the header."""

    body: bytes
    signature: str


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request says of who sends it: nothing of it is checked yet."""

    ledger_id: LedgerId
    authorization: str
    signature: str = ""


def enrol_till(office: Office, body: bytes) -> Signed:
    """Take a till in; raises RequestRefused."""
    try:
        wanted = msgspec.json.decode(body, type=EnrolmentRequest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestRefused("malformed") from None
    with office.database.write() as connection:
        answer = enrol(connection, office.keys, wanted, office.clock.now_ms())
    return _signed(office, ENROLMENT_LABEL, answer)


def take_entries(office: Office, caller: Caller, body: bytes) -> Signed:
    """Take a batch of entries in; raises RequestRefused."""
    till = _who(office, caller)
    _check_signature(till, caller, BATCH_LABEL, body)
    batch = read_batch(body)
    with office.database.write() as connection:
        result = receive(connection, till.ledger_id, batch, body, office.clock.now_ms())
    if isinstance(result, Fork):
        raise RequestRefused("fork", wanted=result.seq)
    return _signed(office, ANSWER_LABEL, result)


def take_share_request(office: Office, caller: Caller, body: bytes) -> Signed:
    """Grant a family's share where it stands, or recall it for it; raises RequestRefused."""
    till = _active(office, caller)
    _check_signature(till, caller, REQUEST_LABEL, body)
    try:
        wanted = msgspec.json.decode(body, type=ShareRequest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestRefused("malformed") from None
    if len(wanted.card or "") > _LONGEST_TOKEN or not 0 <= (wanted.recipient or 0) <= _LARGEST_ID:
        raise RequestRefused("malformed")
    with office.database.write() as connection:
        answer = ask(connection, till.ledger_id, wanted, office.clock.now_ms())
    return _signed(office, SHARE_LABEL, answer)


def give_changes(office: Office, caller: Caller, after: int) -> Signed:
    """Return the page of changes after a number; raises RequestRefused."""
    till = _active(office, caller)
    if not 0 <= after <= _LARGEST_N:
        raise RequestRefused("malformed")
    now_ms = office.clock.now_ms()
    with office.database.read() as connection:
        if after > feed.newest(connection):
            raise RequestRefused("cursor_unknown")
        changes, more = feed.page(connection, till.ledger_id, till.outlet_id, after)
    if now_ms - till.last_contact > _CONTACT_STEP_MS:
        _note_contact(office.database, till.ledger_id, now_ms)
    page = ChangesPage(
        after=after,
        next=changes[-1].n if changes else after,
        more=more,
        server_time_ms=now_ms,
        changes=tuple(changes),
    )
    return _signed(office, PAGE_LABEL, page)


def _who(office: Office, caller: Caller) -> Till:
    with office.database.read() as connection:
        return authenticate(connection, caller.ledger_id, caller.authorization, office.clock.now_ms())


def _active(office: Office, caller: Caller) -> Till:
    till = _who(office, caller)
    if till.state is not LedgerState.ACTIVE:
        raise RequestRefused(till.state.value)
    return till


def _check_signature(till: Till, caller: Caller, label: bytes, body: bytes) -> None:
    if not is_signed_by(till.public_key, caller.signature, label, body):
        raise RequestRefused("bad_signature")


def _note_contact(database: Database, ledger_id: LedgerId, now_ms: int) -> None:
    ledger = tables.ledger
    with database.write() as connection:
        connection.execute(update(ledger).where(ledger.c.id == ledger_id).values(last_contact=now_ms))


def _signed(office: Office, label: bytes, message: Message) -> Signed:
    body = msgspec.json.encode(message)
    return Signed(body, office.keys.sign(label, body))
