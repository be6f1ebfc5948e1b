"""What families and cashiers do at the tills, drawn by chance."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from kube_pos.errors import KubePosError
from kube_pos.ledger import entries
from kube_pos.ledger.entitlement import Allowed, Refusal, Refused
from kube_pos.ledger.entries import Mismatch, Redemption
from kube_pos.ledger.ids import RecipientId
from kube_pos.ledger.quantity import Thousandths
from kube_pos.operations.closing import NothingToClose, close_day
from kube_pos.operations.corrections import reverse
from kube_pos.operations.look_up import Visit, look_up, record_balance_inquiry, record_turned_away, report_mismatch
from kube_pos.operations.redemption import Basket, redeem, sell_for_cash
from kube_pos.operations.stand_ins import redeem_stand_in, stand_in_offer
from kube_pos.operations.till import Session
from kube_pos.sync.wire import ShareRequest, ShareState
from tests.simulation.city import City, Violation
from tests.simulation.office import GOODS, MANAGER
from tests.simulation.till import SimTill

_ASKS = 0.45
WANTS_SHARE = {Refusal.OTHER_OUTLET, Refusal.HELD_ELSEWHERE}


class People:
    """Families with cards, and the cashiers of all tills."""

    def __init__(self, city: City) -> None:
        """Live in a city."""
        self.city = city
        self.rng = city.rng

    def act(self, till: SimTill) -> None:
        """Let the next thing happen at a till."""
        rng = self.rng
        family = self._who(till)
        deeds: tuple[tuple[int, Callable[[], None]], ...] = (
            (46, lambda: self.visit(till, family)),
            (8, lambda: self.two_at_once(till, family)),
            (8, lambda: self.undo(till)),
            (4, lambda: self.cash(till)),
            (2, lambda: self.close(till)),
            (2, lambda: self.mismatch(till, family)),
            (7, lambda: self._sync_if_at_work(till)),
        )
        (deed,) = rng.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])
        deed()

    def visit(self, till: SimTill, family: RecipientId) -> None:
        """A family comes with its card: it is served, or refused, or its share is asked for."""
        visit = self.look(till, family)
        if visit is None:
            return
        decision = visit.decision
        if isinstance(decision, Allowed):
            if self.rng.random() < 0.15:
                self.linger(till, visit, decision)
            elif self.rng.random() < 0.08:
                self.city.run_at(till, lambda: _ignore(record_balance_inquiry(till.till, till.session, decision)))
                self.city.note("inquiry", till=till.number, family=family)
            else:
                self.shop(till, visit, decision, self.basket(till, decision))
            return
        self.city.note("refused", till=till.number, family=family, reason=decision.reason.value)
        self.city.run_at(till, lambda: _ignore(record_turned_away(till.till, till.session, visit)))
        if till.is_online and decision.reason in WANTS_SHARE and self.rng.random() < _ASKS:
            self.ask(till, family, decision)
        elif not till.is_online and decision.reason is Refusal.OTHER_OUTLET:
            self.stand_in(till, family, visit)

    def look(self, till: SimTill, family: RecipientId) -> Visit | None:
        """Read a family's card; now and then an old one that nobody knows any more."""
        found = look_up(till.till, self.city.office.cards[family])
        return found if isinstance(found, Visit) else None

    def basket(self, till: SimTill, allowed: Allowed) -> Basket:
        """Fill a basket: a part of the balance, all of it, or what was seen to be left on another day."""
        rng, left = self.rng, allowed.balance
        part = rng.choice((1, 1, 1, 2, 3))
        picks = []
        for product in rng.sample(GOODS, len(GOODS)):
            price, step = product.prices[0].price, product.step
            most = left // part * 1000 // price // step
            count = most if rng.random() < 0.4 else rng.randint(0, max(0, most))
            if count > 0:
                picks.append((product, Thousandths(count * step)))
                left = type(left)(left - count * step * price // 1000)
        if not picks:
            picks = [(GOODS[1], Thousandths(500))]
        return Basket(till.till.new_sale_id(), tuple(picks))

    def shop(self, till: SimTill, visit: Visit, allowed: Allowed, basket: Basket) -> None:
        """Confirm a basket; after a crash the cashier confirms it once more, and sometimes she does so anyway."""
        outcome: list[str] = []

        def deed() -> None:
            try:
                stored = redeem(till.till, till.session, visit, allowed, basket)
                outcome.append(f"sold {_drawn(stored.entry)}")
            except KubePosError as error:
                outcome.append(error.code)

        again = self.rng.random() < 0.1
        before = len(till.branch.draws)
        if not self.city.run_at(till, deed) or again:
            self.city.run_at(till, deed)
        if len(till.branch.draws) > before + 1:
            raise Violation(f"doubled: one basket became two sales at till {till.number}", f"till={till.number}")
        rows = ",".join(str(row.entitlement.id) for row in allowed.rows)
        self.city.note(
            "shop",
            till=till.number,
            family=allowed.recipient.id,
            rows=rows,
            did="; ".join(outcome),
        )

    def linger(self, till: SimTill, visit: Visit, allowed: Allowed) -> None:
        """Keep a basket open for a while; it is sold, or given up, some steps later."""
        basket = self.basket(till, allowed)
        body = json.dumps({"sale": basket.sale, "recipient": allowed.recipient.id}).encode()
        keeps = self.rng.random() < 0.7
        if keeps:
            self.city.run_at(till, lambda: till.journal.save_basket(body))
        self.city.note("open_basket", till=till.number, family=allowed.recipient.id, kept=keeps)
        ledger_id = till.ledger_id

        def finish() -> None:
            if till.is_lost or till.ledger_id != ledger_id:
                return
            if self.rng.random() < 0.7:
                self.shop(till, visit, allowed, basket)
            self.city.run_at(till, till.journal.drop_basket)

        self.city.in_steps(self.rng.randint(1, 40), finish)

    def two_at_once(self, till: SimTill, family: RecipientId) -> None:
        """One card is read at two tills before either sells; both try to sell all that is left."""
        others = [other for other in self.city.at_work() if other is not till]
        if not others:
            return
        pairs = [(place, self.look(place, family)) for place in (till, self.rng.choice(others))]
        for place, visit in pairs:
            if visit is not None and isinstance(visit.decision, Allowed):
                self.shop(place, visit, visit.decision, self.basket(place, visit.decision))
        self.city.note("two_at_once", tills=",".join(str(place.number) for place, _ in pairs), family=family)

    def ask(self, till: SimTill, family: RecipientId, refused: Refused) -> None:
        """Ask the office for the family's share; the family waits a while and comes to the counter again."""
        token = self.city.office.token(family)
        try:
            answer = till.client.request_share(ShareRequest(card=token))
        except KubePosError as error:
            self.city.note("ask", till=till.number, family=family, result=error.code)
            return
        self.city.note("ask", till=till.number, family=family, why=refused.reason.value, result=answer.state.value)
        if answer.state not in {ShareState.GRANTED, ShareState.WAITING}:
            return

        def later() -> None:
            if not till.is_lost:
                self.city.sync(till)
                visit = self.look(till, family)
                if visit is not None and isinstance(visit.decision, Allowed):
                    self.city.seen["served_away"] += 1
                    self.shop(till, visit, visit.decision, self.basket(till, visit.decision))

        self.city.in_steps(self.rng.randint(1, 30), later)
        for other in self.city.at_work():
            if other.is_online and other.outlet_id == self.city.office.home[family]:
                self.city.in_steps(self.rng.randint(1, 10), partial(self._sync_if_at_work, other))

    def _sync_if_at_work(self, till: SimTill) -> None:
        if not till.is_lost:
            self.city.sync(till)

    def stand_in(self, till: SimTill, family: RecipientId, visit: Visit) -> None:
        """Give another outlet's family something on the programme's word, while the office can't be asked."""
        offer = stand_in_offer(till.till, visit)
        if offer is None:
            return
        basket = Basket(till.till.new_sale_id(), ((GOODS[1], Thousandths(500 * self.rng.randint(1, 6))),))
        outcome: list[str] = []

        def deed() -> None:
            try:
                redeem_stand_in(till.till, till.session, visit, offer, basket)
                outcome.append("given")
            except KubePosError as error:
                outcome.append(error.code)

        if not self.city.run_at(till, deed):
            self.city.run_at(till, deed)
        self.city.note("stand_in", till=till.number, family=family, did="; ".join(outcome))

    def undo(self, till: SimTill) -> None:
        """Undo one of the newest sales, now and then one that was undone before."""
        rows = [row for row in till.journal.sales(limit=12) if isinstance(row.entry, Redemption)]
        if not rows:
            return
        row = self.rng.choice(rows)

        def deed() -> None:
            try:
                reverse(till.till, Session(MANAGER), row.seq, "salah", MANAGER)
            except KubePosError:
                self.city.seen["not_undone"] += 1

        if not self.city.run_at(till, deed):
            self.city.run_at(till, deed)
        self.city.note("undo", till=till.number, target=row.seq)

    def cash(self, till: SimTill) -> None:
        """Sell for cash."""
        basket = Basket(till.till.new_sale_id(), (), ((GOODS[1], Thousandths(500)),))
        deed = lambda: _ignore(sell_for_cash(till.till, till.session, basket))  # noqa: E731 -- it is done twice
        if not self.city.run_at(till, deed):
            self.city.run_at(till, deed)
        self.city.note("cash", till=till.number)

    def close(self, till: SimTill) -> None:
        """Close the day."""

        def deed() -> None:
            try:
                close_day(till.till, Session(MANAGER))
            except NothingToClose:
                self.city.seen["nothing_to_close"] += 1

        self.city.run_at(till, deed)
        self.city.note("close", till=till.number)

    def mismatch(self, till: SimTill, family: RecipientId) -> None:
        """Report that something is wrong with a family's data."""
        visit = self.look(till, family)
        if visit is not None:
            self.city.run_at(till, lambda: _ignore(report_mismatch(till.till, till.session, visit, Mismatch.MOVED)))
        self.city.note("mismatch", till=till.number, family=family)

    def _who(self, till: SimTill) -> RecipientId:
        """Draw who comes: mostly a family of the outlet, now and then one of another."""
        office = self.city.office
        at_home = self.city.homes(till.outlet_id)
        if not at_home or self.rng.random() < 0.25:
            return self.rng.choice(list(office.home))
        return self.rng.choice(at_home)


def _ignore(_result: object) -> None:
    """Take a result that nobody needs."""


def _drawn(entry: entries.AnyEntry) -> str:
    if not isinstance(entry, Redemption):
        return ""
    return " ".join(f"row={draw.entitlement}:{draw.amount}" for line in entry.lines for draw in line.draws)
