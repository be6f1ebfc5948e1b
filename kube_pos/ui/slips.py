"""What is written down about a visit besides a sale, each with its slip: balance, reason, mismatch, copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kube_pos.ledger.documents import Staff
from kube_pos.ledger.entitlement import Allowed, Refused
from kube_pos.ledger.entries import DataMismatchReport, Mismatch
from kube_pos.ledger.ports import PrintKind, PrintRequest, Stored
from kube_pos.operations import corrections
from kube_pos.operations.look_up import Visit, record_balance_inquiry, record_turned_away, report_mismatch
from kube_pos.operations.look_up_log import log_look_up
from kube_pos.operations.report_slips import print_again, print_report
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context


@dataclass(slots=True)
class _RefusedVisit:
    """The newest family that was turned away, and the number of its entry once that is stored."""

    visit: Visit
    at_ms: int
    seq: int = 0
    wants_slip: bool = False

    def is_same(self, other: Visit) -> bool:
        """Tell whether another visit is of the same card, refused for the same reason."""
        mine, theirs = self.visit.decision, other.decision
        if not isinstance(mine, Refused) or not isinstance(theirs, Refused):
            return False
        return self.visit.token is not None and self.visit.token == other.token and mine.reason is theirs.reason


SAME_VISIT_MS = 60_000
"""A card shown again within so long, for the same reason, is the same family asking again and not another visit."""


class Slips:
    """Writes on the writer's thread and tells on the banner how it went."""

    def __init__(self, context: Context) -> None:
        """Write to the till of `context`."""
        self._context = context
        self._refused: _RefusedVisit | None = None

    def log(self, visit: Visit, approver: Staff | None = None, reason: str = "") -> None:
        """Write into the log of look-ups that a family was looked up; no paper, and nothing to tell."""
        till, session = self._context.desk.till, self._context.session()
        self._context.bridge.run(lambda: log_look_up(till, session, visit, visit.how, reason, approver), lambda _: None)

    def turned_away(self, visit: Visit) -> None:
        """Journal at once that a family could not be served; no paper yet."""
        if not isinstance(visit.decision, Refused):
            return
        till, session, now = (
            self._context.desk.till,
            self._context.session(),
            self._context.desk.till.clock.monotonic_ms(),
        )
        before = self._refused
        if before is not None and before.is_same(visit) and now - before.at_ms < SAME_VISIT_MS:
            before.visit = visit
            return
        self._refused = refused = _RefusedVisit(visit, now)

        def stored(done: Stored) -> None:
            refused.seq = done.seq
            if refused.wants_slip:
                self._print_reason(done.seq)

        self._context.bridge.run(lambda: record_turned_away(till, session, visit), stored)

    def print_reason(self, visit: Visit | None) -> None:
        """Print why a family could not be served, of the entry that is written for the visit."""
        refused = self._refused
        if refused is None or refused.visit is not visit:
            return
        if refused.seq:
            self._print_reason(refused.seq)
        else:
            refused.wants_slip = True

    def _print_reason(self, seq: int) -> None:
        till = self._context.desk.till

        request = PrintRequest(PrintKind.TURNED_AWAY, ref=seq)
        self._context.bridge.run(lambda: print_again(till, request), lambda _: self._tell("slip.reason"))

    def balance(self, allowed: Allowed | None) -> None:
        """Journal that the balance was asked for, and print it."""
        if allowed is None:
            return
        till, session = self._context.desk.till, self._context.session()
        self._context.bridge.run(
            lambda: record_balance_inquiry(till, session, allowed), lambda _: self._tell("slip.balance")
        )

    def mismatch(self, visit: Visit | None, kind: Mismatch) -> None:
        """Journal that data is wrong, print the ticket and tell its number."""
        if visit is None:
            return
        till, session = self._context.desk.till, self._context.session()

        def stored(done: Stored) -> None:
            if isinstance(done.entry, DataMismatchReport):
                self._tell("slip.mismatch", ticket=done.entry.ticket)

        self._context.bridge.run(lambda: report_mismatch(till, session, visit, kind), stored)

    def copy(self, seq: int, then: Callable[[], None]) -> None:
        """Print a sale's receipt again, marked as a copy."""
        till, session = self._context.desk.till, self._context.session()

        def stored(copy: int) -> None:
            self._tell("slip.copy", n=copy)
            then()

        self._context.bridge.run(lambda: corrections.reprint(till, session, seq), stored)

    def paper_came_out(self, seq: int, then: Callable[[], None], *, came: bool) -> None:
        """Write down what the cashier saw at the printer; what did not come out whole is printed again as a copy."""
        desk, session = self._context.desk, self._context.session()

        def job() -> None:
            kinds = {request.kind: request for request in desk.unknown_prints() if request.ref == seq}
            # The copy first: a power cut in between asks once more, and does not lose the paper.
            for kind, request in kinds.items():
                if came:
                    continue
                if kind is PrintKind.RECEIPT:
                    corrections.reprint(desk.till, session, seq)
                else:
                    print_again(desk.till, request)
            desk.answer_unknown_print(seq, came)

        self._context.bridge.run(job, lambda _: then())

    def report(self, kind: PrintKind, ref: int = 0) -> None:
        """Print an X or Z report or the stock."""
        till = self._context.desk.till
        self._context.bridge.run(
            lambda: print_report(till, kind, ref), lambda _: self._tell("printing.report_on_its_way")
        )

    def _tell(self, key: str, **facts: str | int) -> None:
        self._context.banner.show_message(Tone.GOOD, self._context.say(key, **facts))
