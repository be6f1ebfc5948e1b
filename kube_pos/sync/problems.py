"""From a problem document to the error that the till acts on. Pure."""

from __future__ import annotations

import msgspec

from kube_pos.errors import KubePosError
from kube_pos.sync.failures import (
    Busy,
    ClockSkew,
    CursorUnknown,
    EnrolmentRefused,
    Fork,
    Gap,
    KeyRefused,
    RequestRefused,
    Retired,
    ServerFailed,
    TooLarge,
)
from kube_pos.sync.wire import Problem

_BUSY_STATUS = frozenset({429, 503})
_TOO_LARGE_STATUS = 413
_KEY_CODES = frozenset({"unknown_ledger", "bad_signature", "bad_token", "wrong_ledger"})
_FORK_CODES = frozenset({"fork", "quarantined"})


def read_problem(body: bytes) -> Problem | None:
    """Return the problem document in a body; None when it is something else, such as a proxy's page."""
    try:
        return msgspec.json.decode(body, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def failure_of(status: int, body: bytes) -> KubePosError:
    """Return the error for an answer that is not what was asked for."""
    if status == _TOO_LARGE_STATUS:
        return TooLarge(status=status)
    problem = read_problem(body)
    if problem is None:
        return Busy(status=status) if status in _BUSY_STATUS else ServerFailed(status=status)
    if problem.code in _FORK_CODES:
        return Fork(seq=problem.wanted or 0)
    if problem.code == "gap" and problem.wanted is not None:
        return Gap(problem.wanted)
    if problem.code == "clock_skew" and problem.server_time_ms is not None:
        return ClockSkew(problem.server_time_ms)
    return _by_code(status, problem)


def enrolment_failure_of(status: int, body: bytes) -> KubePosError:
    """Return the error for an enrolment that was not granted."""
    problem = read_problem(body)
    if problem is None or status >= 500:
        return failure_of(status, body)
    return EnrolmentRefused(reason=problem.code)


def _by_code(status: int, problem: Problem) -> KubePosError:
    if problem.code in _KEY_CODES:
        return KeyRefused(reason=problem.code)
    if problem.code == "retired":
        return Retired()
    if problem.code == "cursor_unknown":
        return CursorUnknown()
    if status in _BUSY_STATUS:
        return Busy(status=status)
    if status >= 500:
        return ServerFailed(status=status)
    return RequestRefused(reason=problem.code, status=status)
