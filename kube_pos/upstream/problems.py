"""What upstream answers when it does not do what was asked: RFC 9457 problem documents with stable codes."""

from __future__ import annotations

import msgspec

from kube_pos.sync.wire import Problem

MEDIA_TYPE = "application/problem+json"
_STATUS = {
    "malformed": 400,
    "unknown_protocol": 400,
    "bad_token": 401,
    "bad_signature": 401,
    "clock_skew": 401,
    "unknown_ledger": 401,
    "bad_code": 403,
    "wrong_ledger": 403,
    "quarantined": 403,
    "retired": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "fork": 409,
    "gap": 409,
    "ledger_known": 409,
    "cursor_unknown": 410,
    "too_large": 413,
    "busy": 503,
}
_TITLES = {
    "malformed": "The request can't be read.",
    "unknown_protocol": "This protocol number is not spoken here.",
    "bad_token": "The bearer token is missing or is none of ours.",
    "bad_signature": "The signature was not made with this ledger's key.",
    "clock_skew": "The till's clock differs from the server's.",
    "unknown_ledger": "No till with this ledger was enrolled.",
    "bad_code": "The enrolment code is wrong, used or expired.",
    "wrong_ledger": "The token belongs to another ledger.",
    "quarantined": "Two different journals claim this ledger; the office must decide.",
    "retired": "This ledger was retired by the office.",
    "not_found": "There is nothing at this address.",
    "method_not_allowed": "This address does not take that method.",
    "fork": "Another entry was received under this sequence number before.",
    "gap": "Entries are missing before these.",
    "ledger_known": "This ledger was enrolled before, with another code or key.",
    "cursor_unknown": "This place in the feed was never given; start again from 0.",
    "too_large": "The body is larger than 2 MiB.",
    "busy": "The database is busy; try again.",
}


class RequestRefused(Exception):
    """A request is answered with a problem document."""

    def __init__(self, code: str, *, wanted: int | None = None, server_time_ms: int | None = None) -> None:
        """Take a stable code, and what the till needs to go on."""
        super().__init__(code)
        self.problem = Problem(
            type=f"urn:kube-pos:problem:{code}",
            title=_TITLES[code],
            status=_STATUS[code],
            code=code,
            wanted=wanted,
            server_time_ms=server_time_ms,
        )

    @property
    def body(self) -> bytes:
        """Return the problem document."""
        return msgspec.json.encode(self.problem)


def codes() -> tuple[str, ...]:
    """Return every code that a problem can have, for PROTOCOL.md and its test."""
    return tuple(_STATUS)
