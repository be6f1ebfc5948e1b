"""What is written down about a visit besides a sale, each with its slip: balance, reason, mismatch, copy."""

from __future__ import annotations

from collections.abc import Callable

from kube_pos.ledger.entitlement import Allowed, Refused
from kube_pos.ledger.entries import DataMismatchReport, Mismatch
from kube_pos.ledger.ports import PrintKind, PrintRequest, Stored
from kube_pos.operations import corrections
from kube_pos.operations.look_up import Visit, record_balance_inquiry, record_turned_away, report_mismatch
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context


class Slips:
    """Writes on the writer's thread and tells on the banner how it went."""

    def __init__(self, context: Context) -> None:
        """Write to the till of `context`."""
        self._context = context
        self._turned_away: tuple[Visit, int] | None = None

    def turned_away(self, visit: Visit) -> None:
        """Journal at once that a family could not be served; no paper yet."""
        if not isinstance(visit.decision, Refused):
            return
        till, session = self._context.desk.till, self._context.session()

        def stored(done: Stored) -> None:
            self._turned_away = (visit, done.seq)

        self._context.bridge.run(lambda: record_turned_away(till, session, visit), stored)

    def print_reason(self, visit: Visit | None) -> None:
        """Print why a family could not be served, of the entry that was already written for the visit."""
        if self._turned_away is None or self._turned_away[0] is not visit:
            return
        seq, till = self._turned_away[1], self._context.desk.till

        def job() -> None:
            till.journal.request_print(PrintRequest(PrintKind.TURNED_AWAY, ref=seq))
            till.wake_printing()

        self._context.bridge.run(job, lambda _: self._tell("slip.reason"))

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
        """Write down what the cashier saw at the printer."""
        desk = self._context.desk
        self._context.bridge.run(lambda: desk.answer_unknown_print(seq, came), lambda _: then())

    def _tell(self, key: str, **facts: str | int) -> None:
        self._context.banner.show_message(Tone.GOOD, self._context.say(key, **facts))
