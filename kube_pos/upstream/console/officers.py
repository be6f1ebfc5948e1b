"""Officers of the console: passwords, lock-out after wrong tries, and sessions that end by themselves."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, insert, select, update

from kube_pos.errors import KubePosError
from kube_pos.upstream.audit import note
from kube_pos.upstream.database import Database
from kube_pos.upstream.tables import officer, officer_session

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
FREE_TRIES = 5
LOCK_MS = 15 * 60_000
IDLE_MS = 30 * 60_000
LONGEST_SESSION_MS = 12 * 3_600_000
_HASHER = PasswordHasher()
_SEEN_STEP_MS = 60_000
_NOBODYS_HASH = _HASHER.hash("nobody signs in with this")


class PasswordTooShort(KubePosError):
    """A password has fewer characters than it must. Facts: shortest."""

    code = "password_too_short"


class OfficerUnknown(KubePosError):
    """No officer has that name. Facts: name."""

    code = "officer_unknown"


class OfficerTaken(KubePosError):
    """There is an officer of that name already. Facts: name."""

    code = "officer_taken"


class OfficerNameMissing(KubePosError):
    """Nobody was named. Facts: none."""

    code = "officer_name_missing"


class OfficerRole(StrEnum):
    """What an officer may do; each may all that the ones before may."""

    VIEWER = "viewer"
    OFFICER = "officer"
    ADMINISTRATOR = "administrator"


RANK = {role: place for place, role in enumerate(OfficerRole)}


@dataclass(frozen=True, slots=True)
class Signed:
    """An officer with a session that lives."""

    name: str
    role: OfficerRole
    token: str

    @property
    def csrf(self) -> str:
        """Return what every form of this session carries; it tells nothing of the session's token."""
        return hmac.new(self.token.encode(), b"csrf", hashlib.sha256).hexdigest()

    def may(self, role: OfficerRole) -> bool:
        """Tell whether the officer's role is that one or a higher one."""
        return RANK[self.role] >= RANK[role]


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a password is the one that an officer had when it was looked at."""

    name: str
    password_hash: str
    is_right: bool


def put_officer(connection: Connection, name: str, role: OfficerRole, password: str, now_ms: int) -> None:
    """Add an officer, or give one a new password and role: old sessions end. Raises PasswordTooShort."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PasswordTooShort(shortest=SHORTEST_PASSWORD)
    row = {
        "role": role.value,
        "password_hash": _HASHER.hash(password),
        "active": 1,
        "wrong_tries": 0,
        "locked_until": 0,
    }
    found = connection.execute(select(officer.c.id).where(officer.c.name == name)).scalar_one_or_none()
    if found is None:
        connection.execute(insert(officer), {"name": name, **row})
    else:
        connection.execute(update(officer).where(officer.c.id == found).values(**row))
        connection.execute(delete(officer_session).where(officer_session.c.officer_id == found))
    note(connection, now_ms, "administrator", "officer_put", f"name={name} role={role.value}")


def officers(connection: Connection) -> list[tuple[str, OfficerRole]]:
    """Return names and roles of all officers that may sign in."""
    rows = connection.execute(select(officer).where(officer.c.active == 1).order_by(officer.c.name))
    return [(row.name, OfficerRole(row.role)) for row in rows]


def prove(database: Database, name: str, password: str) -> Proof:
    """Compare a password, which is slow on purpose; outside any transaction, so that no till waits for it."""
    with database.read() as connection:
        found = connection.execute(
            select(officer.c.password_hash).where(officer.c.name == name, officer.c.active == 1)
        ).scalar_one_or_none()
    password_hash = _NOBODYS_HASH if found is None else found
    return Proof(name, password_hash, _matches(password_hash, password))


def sign_in(connection: Connection, proof: Proof, now_ms: int) -> Signed | None:
    """Begin a session; None for a wrong name, a wrong password or a locked officer, which nobody can tell apart."""
    row = connection.execute(select(officer).where(officer.c.name == proof.name, officer.c.active == 1)).one_or_none()
    if row is None or row.locked_until > now_ms or row.password_hash != proof.password_hash:
        return None
    if not proof.is_right:
        tries = row.wrong_tries + 1
        locked = now_ms + LOCK_MS if tries >= FREE_TRIES else 0
        values = {"wrong_tries": 0 if locked else tries, "locked_until": locked}
        connection.execute(update(officer).where(officer.c.id == row.id).values(**values))
        note(connection, now_ms, row.name, "sign_in_wrong", "locked" if locked else f"tries={tries}")
        return None
    connection.execute(update(officer).where(officer.c.id == row.id).values(wrong_tries=0, locked_until=0))
    _forget_old(connection, now_ms)
    token = secrets.token_urlsafe(32)
    session = {"token_hash": _hash(token), "officer_id": row.id, "began_at": now_ms, "seen_at": now_ms}
    connection.execute(insert(officer_session), session)
    note(connection, now_ms, row.name, "signed_in", "")
    return Signed(row.name, OfficerRole(row.role), token)


def session_of(connection: Connection, token: str, now_ms: int) -> tuple[Signed, bool] | None:
    """Return whose session a token is, and whether it should be marked as seen; None when it has ended."""
    row = connection.execute(
        select(officer_session, officer.c.name, officer.c.role)
        .join(officer, officer.c.id == officer_session.c.officer_id)
        .where(officer_session.c.token_hash == _hash(token), officer.c.active == 1)
    ).one_or_none()
    if row is None or row.seen_at + IDLE_MS < now_ms or row.began_at + LONGEST_SESSION_MS < now_ms:
        return None
    return Signed(row.name, OfficerRole(row.role), token), row.seen_at + _SEEN_STEP_MS < now_ms


def mark_seen(connection: Connection, token: str, now_ms: int) -> None:
    """Note that a session is in use."""
    mine = officer_session.c.token_hash == _hash(token)
    connection.execute(update(officer_session).where(mine).values(seen_at=now_ms))


def sign_out(connection: Connection, signed: Signed, now_ms: int) -> None:
    """End a session."""
    connection.execute(delete(officer_session).where(officer_session.c.token_hash == _hash(signed.token)))
    note(connection, now_ms, signed.name, "signed_out", "")


def _forget_old(connection: Connection, now_ms: int) -> None:
    old = officer_session.c.seen_at < now_ms - IDLE_MS
    connection.execute(delete(officer_session).where(old))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _matches(found: str, password: str) -> bool:
    try:
        return _HASHER.verify(found, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
