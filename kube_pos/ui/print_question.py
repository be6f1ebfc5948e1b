"""Asks about prints that broke off: only someone at the printer can tell whether the paper came out."""

from __future__ import annotations

from kube_pos.ledger.entries import GeneralSale, Redemption, Reversal
from kube_pos.ledger.ports import PrintRequest
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.slips import Slips

_KEY = "print-came-out"


class PrintQuestion:
    """One question at a time, the oldest print first, on any page; it takes nobody's keyboard away."""

    def __init__(self, context: Context) -> None:
        """Ask nothing yet."""
        self._context = context
        self._slips = Slips(context)
        self._asked: PrintRequest | None = None

    def look(self, shown: int = 0) -> None:
        """Ask when there is something to ask and nothing else is being asked; `shown` is asked about on its page."""
        banner = self._context.banner
        if self._context.shift.session is None:
            return
        waiting = [request for request in self._context.desk.unknown_prints() if request.ref != shown]
        if not waiting:
            banner.withdraw(_KEY)
            self._asked = None
        elif not banner.asks or (banner.is_asking(_KEY) and waiting[0] != self._asked):
            self._ask(waiting[0])

    def _ask(self, request: PrintRequest) -> None:
        say = self._context.say
        self._asked = request
        paper = say(f"printing.paper_{request.kind.value}", receipt=self._receipt(request.ref))
        self._context.banner.ask(
            Tone.WARN,
            say("printing.unknown", paper=paper),
            (say("printing.yes_whole"), lambda: self._answer(request, came=True)),
            (say("printing.no_print_copy"), lambda: self._answer(request, came=False)),
            key=_KEY,
            takes_focus=False,
        )

    def _answer(self, request: PrintRequest, *, came: bool) -> None:
        self._asked = None
        self._slips.paper_came_out(request.ref, self.look, came=came)

    def _receipt(self, seq: int) -> str:
        stored = self._context.desk.till.journal.entry(seq)
        entry = stored.entry if stored is not None else None
        return entry.receipt if isinstance(entry, Redemption | GeneralSale | Reversal) else str(seq)
