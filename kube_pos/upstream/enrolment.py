"""Taking a till in: the officer's one-time code, the till's key, its terminal code, its first shares."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, insert, select, update

from kube_pos.ledger.chain import genesis
from kube_pos.ledger.ids import LedgerId, OutletId
from kube_pos.sync.wire import EnrolmentAnswer, EnrolmentCode, EnrolmentRequest, from_base64, to_base64
from kube_pos.upstream import shares, tables
from kube_pos.upstream.audit import note
from kube_pos.upstream.errors import AddressNotAllowed
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.problems import RequestRefused
from kube_pos.upstream.settings import is_demo

CODE_LIFE_MS = 24 * 3_600_000
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0, 1, I, L or O: a code may have to be typed."""
_CODE_LENGTH = 16
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TERMINALS_A_LETTER = 99


@dataclass(frozen=True, slots=True)
class Applicant:
    """A till that asks to be taken in, with its key checked for shape."""

    request: EnrolmentRequest
    public_key: bytes
    code_hash: str


def make_code(connection: Connection, keys: Keys, outlet_id: OutletId, address: str, now_ms: int) -> EnrolmentCode:
    """Return a new one-time code for an outlet's till; it is valid for a day and only its hash is stored."""
    if not address.startswith(("http://", "https://")) or len(address.split()) != 1:
        raise AddressNotAllowed(address=address)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    row = {"code_hash": _hash(code), "outlet_id": outlet_id, "expires_at": now_ms + CODE_LIFE_MS}
    connection.execute(insert(tables.enrolment_code), row)
    note(connection, now_ms, "officer", "enrolment_code", f"outlet={outlet_id}")
    return EnrolmentCode(address=address, fingerprint=keys.fingerprint, code=code)


def enrol(connection: Connection, keys: Keys, request: EnrolmentRequest, now_ms: int) -> EnrolmentAnswer:
    """Take a till in, once per code; the same till asking again gets the same answer. Raises RequestRefused."""
    applicant = _applicant(request)
    row = _find_code(connection, applicant.code_hash, now_ms)
    known = _ledger(connection, request.ledger_id)
    if row.used_at is not None:
        # The answer may have been lost on the way: the same till with the same key may ask again.
        if row.ledger_id != request.ledger_id or known is None or known.public_key != applicant.public_key:
            raise RequestRefused("bad_code")
        return _answer(connection, keys, known, now_ms)
    if known is not None:
        raise RequestRefused("ledger_known")
    codes = tables.enrolment_code
    connection.execute(
        update(codes).where(codes.c.code_hash == row.code_hash).values(used_at=now_ms, ledger_id=request.ledger_id)
    )
    outlet_id = OutletId(row.outlet_id)
    _insert_ledger(connection, applicant, outlet_id, now_ms)
    shares.grant(connection, request.ledger_id, shares.free_of_outlet(connection, outlet_id))
    note(connection, now_ms, "till", "enrolled", f"ledger={request.ledger_id} outlet={outlet_id}")
    fresh = _ledger(connection, request.ledger_id)
    if fresh is None:
        raise RequestRefused("unknown_ledger")
    return _answer(connection, keys, fresh, now_ms)


def terminal_code(number: int) -> str:
    """Return the prefix of a till's receipt numbers, from its number in the city: 1 → «A01», 100 → «B01»."""
    letters, place = divmod(number - 1, _TERMINALS_A_LETTER)
    name = ""
    while True:
        letters, letter = divmod(letters, 26)
        name = chr(ord("A") + letter) + name
        if letters == 0:
            return f"{name}{place + 1:02d}"
        letters -= 1


def _applicant(request: EnrolmentRequest) -> Applicant:
    if _UUID.fullmatch(request.ledger_id) is None:
        raise RequestRefused("malformed")
    try:
        public_key = from_base64(request.public_key)
    except ValueError:
        raise RequestRefused("malformed") from None
    if len(public_key) != 32 or len(request.device_name) > 200 or len(request.program_version) > 50:
        raise RequestRefused("malformed")
    return Applicant(request, public_key, _hash(request.code.strip().upper()))


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _find_code(connection: Connection, code_hash: str, now_ms: int) -> Row[tuple[object, ...]]:
    codes = tables.enrolment_code
    found = None
    for row in connection.execute(select(codes).where(codes.c.expires_at > now_ms)):
        # Every code is compared whole, so that the time taken tells nothing.
        if hmac.compare_digest(row.code_hash, code_hash):
            found = row
    if found is None:
        raise RequestRefused("bad_code")
    return found


def _ledger(connection: Connection, ledger_id: LedgerId) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(tables.ledger).where(tables.ledger.c.id == ledger_id)).one_or_none()


def _insert_ledger(connection: Connection, applicant: Applicant, outlet_id: OutletId, now_ms: int) -> None:
    last = connection.execute(select(func.coalesce(func.max(tables.ledger.c.terminal_no), 0))).scalar_one()
    row = {
        "id": applicant.request.ledger_id,
        "terminal_no": last + 1,
        "terminal": terminal_code(last + 1),
        "outlet_id": outlet_id,
        "public_key": applicant.public_key,
        "device_name": applicant.request.device_name,
        "program_version": applicant.request.program_version,
        "state": shares.LedgerState.ACTIVE,
        "acked": 0,
        "head": genesis(applicant.request.ledger_id),
        "enrolled_at": now_ms,
        "last_contact": now_ms,
    }
    connection.execute(insert(tables.ledger), row)


def _answer(connection: Connection, keys: Keys, row: Row[tuple[object, ...]], now_ms: int) -> EnrolmentAnswer:
    return EnrolmentAnswer(
        ledger_id=LedgerId(row.id),
        terminal=row.terminal,
        outlet_id=OutletId(row.outlet_id),
        upstream_key=to_base64(keys.public),
        city_key=to_base64(keys.city),
        server_time_ms=now_ms,
        is_demo=is_demo(connection),
    )
