"""What upstream says of an entry that it took with an exception. Pure."""

from __future__ import annotations

from enum import StrEnum


class VerdictCode(StrEnum):
    """Why an entry needs a person's look; PROTOCOL.md says when each is given."""

    UNREADABLE = "unreadable"
    IMPLAUSIBLE = "implausible"
    CLOCK_SUSPECT = "clock_suspect"
    OVERDRAWN = "overdrawn"
    NO_SHARE = "no_share"
    UNKNOWN_ENTITLEMENT = "unknown_entitlement"
    WRONG_FAMILY = "wrong_family"
    NOT_RELEASED = "not_released"
    EXPIRED = "expired"
    BLOCKED_CARD = "blocked_card"
    UNKNOWN_CARD = "unknown_card"
    DUPLICATE_SALE = "duplicate_sale"
    UNKNOWN_SALE = "unknown_sale"
    ALREADY_REVERSED = "already_reversed"
    RETIRED_LEDGER = "retired_ledger"
    SLIP_OVER = "slip_over"
    SLIP_TWICE = "slip_twice"
    STAND_IN = "stand_in"


class ReportCode(StrEnum):
    """What opens a matter for the officer but is no fault of the entry, so that the till is not told."""

    DATA_MISMATCH = "data_mismatch"
    RESTORED = "restored"
    PROXY_MANY = "proxy_many"
    AMOUNT_HELD = "amount_held"
    AMOUNT_OVERSPENT = "amount_overspent"


Codes = tuple[VerdictCode | ReportCode, ...]
