"""What the journal's file keeps beside the entries: paper slips, deliveries, proxies, stand-ins, exchanges, look-ups.

The first five follow from the entries (`effects.Records`); the log of look-ups and the PIN tries do not: they are no
part of the journal and are never sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

from kube_pos.errors import KubePosError
from kube_pos.ledger.clock_guard import ClockMarks
from kube_pos.ledger.effects import Records
from kube_pos.ledger.ids import BenefitMonth, CardToken, ProductId, RecipientId, StaffId


class SlipUsed(KubePosError):
    """A paper slip's number was entered before. Facts: slip, seq."""

    code = "slip_used"


class NoOpenDelivery(KubePosError):
    """The sale is no delivery on its way: confirmed, brought back, or never one. Facts: seq."""

    code = "no_open_delivery"


class StandInUsedUp(KubePosError):
    """The stand-in of a card is used up for this month. Facts: available, wanted."""

    code = "stand_in_used_up"


class HowFound(StrEnum):
    """How a family was looked up."""

    SCAN = "scan"
    TYPED = "typed"
    NIK = "nik"
    FAMILY_CARD = "kk"


@dataclass(frozen=True, slots=True)
class LookUpLine:
    """One line of the log of look-ups: who looked, when, how, at which card or family. No names, no numbers."""

    at_ms: int
    by: StaffId
    how: HowFound
    card: CardToken | None
    recipient: RecipientId | None
    approver: StaffId | None
    reason: str


class RecordStore(Protocol):
    """The part of the journal's file that this page is about. Writes only on the writer's thread."""

    def clock_marks(self) -> ClockMarks:
        """Return what the file knows of time; one statement."""
        ...

    def slip_seq(self, number: str) -> int | None:
        """Return the entry that used a paper slip's number."""
        ...

    def reversal_of(self, seq: int) -> int | None:
        """Return the entry that undid a sale."""
        ...

    def open_deliveries(self) -> tuple[int, ...]:
        """Return the sales that are on their way, neither confirmed nor undone, oldest first."""
        ...

    def collected_for(self, collector: str, since: date) -> frozenset[RecipientId]:
        """Return the families that a proxy came for since a day; sales undone do not count."""
        ...

    def stand_in_given(self, card: CardToken, month: BenefitMonth) -> int:
        """Return what a card was given as stand-in in a month."""
        ...

    def exchanged(self, target: int) -> dict[ProductId, int]:
        """Return how much of each product of a sale came back spoilt."""
        ...

    def exchange_seqs(self) -> tuple[int, ...]:
        """Return the entries that exchanged spoilt goods, oldest first."""
        ...

    def log_look_up(self, line: LookUpLine) -> None:
        """Add a line to the log of look-ups."""
        ...

    def look_ups(self, from_ms: int, until_ms: int) -> tuple[LookUpLine, ...]:
        """Return the lines of a span of time, oldest first."""
        ...

    def forget_look_ups(self, before_ms: int) -> int:
        """Delete the lines older than a moment; return how many."""
        ...

    def pin_tries(self) -> dict[StaffId, int]:
        """Return the wrong PINs in a row of everyone who has any."""
        ...

    def set_pin_tries(self, staff: StaffId, wrong: int) -> None:
        """Keep the number of wrong PINs in a row; 0 forgets it."""
        ...


@dataclass(slots=True)
class RebuiltRecords:
    """The records that follow from the entries, made anew for `verify`."""

    slips: dict[str, tuple[int]] = field(default_factory=dict)
    deliveries: dict[int, tuple[int | None]] = field(default_factory=dict)
    collectors: dict[int, tuple[str, int | None, str]] = field(default_factory=dict)
    stand_ins: dict[str, tuple[int]] = field(default_factory=dict)
    exchanges: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    def take_in(self, seq: int, records: Records | None) -> None:
        """Add what one entry does."""
        if records is None:
            return
        if records.slip is not None:
            self.slips[records.slip] = (seq,)
        if records.opens_delivery:
            self.deliveries[seq] = (None,)
        if records.confirms is not None:
            self.deliveries[records.confirms] = (seq,)
        if records.collector is not None:
            self.collectors[seq] = records.collector
        if (given := records.stand_in) is not None:
            key = f"{given.card} {given.month}"
            self.stand_ins[key] = (self.stand_ins.get(key, (0,))[0] + given.amount,)
        if (back := records.exchange) is not None:
            self.exchanges[seq] = (back.target, back.product, back.quantity)

    def expected(self) -> Iterator[tuple[str, dict[Any, Any], str]]:
        """Yield each table's name, the rows that it should hold by key, and the statement that reads them."""
        yield "slip", self.slips, "SELECT number, seq FROM slip"
        yield "delivery", self.deliveries, "SELECT seq, confirmed FROM delivery"
        yield "collector", self.collectors, "SELECT seq, who, recipient, day FROM collector"
        yield "stand_in", self.stand_ins, "SELECT card || ' ' || month, spent FROM stand_in"
        yield "exchange", self.exchanges, "SELECT seq, target, product, quantity FROM exchange"
