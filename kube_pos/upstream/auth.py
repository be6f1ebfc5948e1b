"""Who is asking: a short token made by the till's own key, checked against the server's clock."""

from __future__ import annotations

from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from kube_pos.ledger.ids import LedgerId, OutletId
from kube_pos.upstream.problems import RequestRefused
from kube_pos.upstream.shares import LedgerState
from kube_pos.upstream.tables import ledger

AUDIENCE = "kube-pos upstream"
TOLERANCE_S = 120
"""How far a till's clock may be off before it is told the time."""
LONGEST_LIFE_S = 300
_REQUIRED = ("iss", "iat", "exp", "aud")


@dataclass(frozen=True, slots=True)
class Till:
    """A till that has shown that it holds its ledger's key."""

    ledger_id: LedgerId
    outlet_id: OutletId
    public_key: bytes
    state: LedgerState
    last_contact: int


def authenticate(connection: Connection, ledger_id: LedgerId, authorization: str, now_ms: int) -> Till:
    """Return the till that a request comes from; raises RequestRefused when its token does not hold."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RequestRefused("bad_token")
    row = connection.execute(select(ledger).where(ledger.c.id == ledger_id)).one_or_none()
    if row is None:
        raise RequestRefused("unknown_ledger")
    claims = _claims(token.strip(), row.public_key)
    if claims["iss"] != ledger_id:
        raise RequestRefused("wrong_ledger")
    _check_times(claims, now_ms)
    return Till(
        ledger_id=ledger_id,
        outlet_id=OutletId(row.outlet_id),
        public_key=row.public_key,
        state=LedgerState(row.state),
        last_contact=row.last_contact,
    )


def _claims(token: str, public_key: bytes) -> dict[str, object]:
    # Times are judged by our injected clock, after the signature: only the till itself is told what time it is.
    options = {"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        return dict(jwt.decode(token, key, algorithms=["EdDSA"], audience=AUDIENCE, options=options))  # type: ignore[arg-type]
    except jwt.InvalidSignatureError:
        raise RequestRefused("bad_signature") from None
    except (jwt.InvalidTokenError, ValueError):
        raise RequestRefused("bad_token") from None


def _check_times(claims: dict[str, object], now_ms: int) -> None:
    issued, expires = claims["iat"], claims["exp"]
    if type(issued) is not int or type(expires) is not int or not issued < expires <= issued + LONGEST_LIFE_S:
        raise RequestRefused("bad_token")
    now = now_ms // 1000
    if not issued - TOLERANCE_S <= now <= expires + TOLERANCE_S:
        raise RequestRefused("clock_skew", server_time_ms=now_ms)
