"""What the office's officers do, and what befalls tills in a day, drawn by chance."""

from __future__ import annotations

from sqlalchemy import select

from kube_pos.errors import KubePosError
from kube_pos.ledger.cards import card_number
from kube_pos.ledger.documents import CardState, RecipientState
from kube_pos.ledger.ids import BenefitMonth, OutletId, RecipientId
from kube_pos.sync.cycle import send_waiting
from kube_pos.sync.stores import StoredOutbox
from kube_pos.upstream import tables
from kube_pos.upstream.amendments import Rows, amend
from kube_pos.upstream.entitlements import tell_entitlements
from kube_pos.upstream.families import replace_card, save_family, set_card_state, set_recipient_state, tell_families
from kube_pos.upstream.ledgers import free_frozen, retire
from tests.simulation.city import City
from tests.simulation.office import FOOD, FUND
from tests.simulation.till import SimTill

_MINUTE_MS = 60_000


class Officers:
    """The officers of the office, and fate."""

    def __init__(self, city: City) -> None:
        """Work in a city."""
        self.city = city
        self.rng = city.rng

    def act(self) -> None:
        """Change something in the office's data."""
        family = self.rng.choice(list(self.city.office.home))
        deed = self.rng.choice((self.block, self.replace, self.hold, self.move, self.amend, self.amend))
        deed(family)

    def block(self, family: RecipientId) -> None:
        """Block a card; soon it is found again."""
        office, now = self.city.office, self.city.clock.now
        token = office.token(family)
        with office.database.write() as connection:
            set_card_state(connection, token, CardState.BLOCKED, now)
        self.city.facts["blocked_card"] += 1
        self.city.note("block", family=family)

        def unblock() -> None:
            if office.token(family) == token:
                with office.database.write() as connection:
                    set_card_state(connection, token, CardState.ACTIVE, self.city.clock.now)

        self.city.in_steps(self.rng.randint(5, 200), unblock)

    def replace(self, family: RecipientId) -> None:
        """Give a family a new card; the balance follows."""
        office = self.city.office
        number = card_number(office.new_number())
        with office.database.write() as connection:
            replace_card(connection, office.office.keys, office.token(family), number, self.city.clock.now)
        office.cards[family] = number.digits
        self.city.facts["blocked_card"] += 1
        self.city.note("replace", family=family)

    def hold(self, family: RecipientId) -> None:
        """Put a family on hold for a while."""
        office = self.city.office

        def put(state: RecipientState) -> None:
            with office.database.write() as connection:
                set_recipient_state(connection, family, state, self.city.clock.now)

        put(RecipientState.ON_HOLD)
        self.city.note("hold", family=family)
        self.city.in_steps(self.rng.randint(5, 200), lambda: put(RecipientState.ACTIVE))

    def move(self, family: RecipientId) -> None:
        """Let a family move to another outlet."""
        office = self.city.office
        home = OutletId(self.rng.randint(1, self.city.options.outlets))
        with office.database.write() as connection:
            number = int(family)
            keys, now = office.office.keys, self.city.clock.now
            save_family(connection, keys, office.family(number, home), now)
            tell_families(connection, [family])
            tell_entitlements(connection, [family])
        office.home[family] = home
        self.city.note("move", family=family, home=home)

    def amend(self, family: RecipientId) -> None:
        """Give one row another amount, lower or higher."""
        office, table = self.city.office, tables.entitlement
        with office.database.read() as connection:
            rows = connection.execute(select(table).where(table.c.recipient_id == family).order_by(table.c.id)).all()
        if not rows:
            return
        row = self.rng.choice(rows)
        amount = self.rng.choice((100_000, 200_000, 300_000, 400_000, 600_000))
        self.city.keep_most()
        with office.database.write() as connection:
            wanted = Rows(FOOD, FUND, BenefitMonth(row.month), frozenset({family}))
            amend(connection, wanted, amount, "petugas", self.city.clock.now)
        if amount < row.amount:
            self.city.lowered.add(row.id)
        self.city.keep_most()
        self.city.note("amend", family=family, row=row.id, before=row.amount, after=amount)

    def connect(self) -> None:
        """Let tills lose their network, or find it again."""
        chance = self.city.faults.offline
        for till in self.city.tills:
            till.is_online = self.rng.random() >= chance

    def turn_clock(self, till: SimTill) -> None:
        """Let a computer's clock jump, or be set right."""
        minutes = self.rng.choice((0, 0, 3, -3, 60, -60, 1440, -1440, 20_000))
        till.clock.skew_ms = minutes * _MINUTE_MS
        if minutes:
            self.city.facts["clock"] += 1
        self.city.note("clock", till=till.number, minutes=minutes)

    def restore_some(self) -> None:
        """Put an old copy of some till's journal back, when there is one."""
        tills = [till for till in self.city.at_work() if till.copy is not None and not till.is_dubious]
        if tills:
            self.restore(self.rng.choice(tills))

    def restore(self, till: SimTill) -> None:
        """Put an old copy of a journal back; what the marks betray ends as a new ledger."""
        assert till.copy is not None
        self.city.observe(till)
        old = till.branch
        till.fate.chance, chance = 0.0, till.fate.chance
        is_betrayed = till.put_back()
        if not is_betrayed:
            self.city.cloned.add(till.ledger_id)
            till.go_on_from_copy()
            self.city.branches.append(till.branch)
        else:
            till.close()
            till.is_lost = True
        till.fate.chance = chance
        self.city.note("restore", till=till.number, to=till.copy[1], of=len(old.bodies), betrayed=is_betrayed)
        if is_betrayed:
            self._retire(till)
            self.city.new_till(till.outlet_id, old)
            if self.rng.random() < 0.5:
                self.city.in_steps(self.rng.randint(20, 300), lambda: self.free(till))

    def clone(self, till: SimTill) -> None:
        """Let a till's files live twice, and nothing outside of them tell."""
        if till.is_dubious:
            return
        till.fate.chance, chance = 0.0, till.fate.chance
        other = till.twin(len(self.city.tills) + 1)
        till.fate.chance = other.fate.chance = chance
        self.city.cloned.add(till.ledger_id)
        self.city.tills.append(other)
        self.city.branches.append(other.branch)
        self.city.note("clone", till=till.number, twin=other.number)

    def lose(self, till: SimTill) -> None:
        """A till is lost; the office retires it and enrols another. Some days later it is found, or freed blindly."""
        if till.is_dubious or len(self.city.at_work()) < 3:
            return
        till.is_lost = True
        self.city.note("lose", till=till.number)
        self._retire(till)
        wait = self.rng.choice((0, self.rng.randint(20, 200)))
        self.city.in_steps(wait, lambda: self._replace_till(till))
        is_found = self.rng.random() < 0.7

        def found() -> None:
            self._send_rest(till)
            self.free(till)

        self.city.in_steps(self.rng.randint(20, 300), found if is_found else lambda: self.free(till))
        if not is_found:
            self.city.in_steps(self.rng.randint(300, 500), lambda: self._send_rest(till))

    def _replace_till(self, till: SimTill) -> None:
        self.city.new_till(till.outlet_id)

    def free(self, till: SimTill) -> None:
        """Free a retired till's share, whether its journal is known to its end or not."""
        ledger, office = tables.ledger, self.city.office
        with office.database.read() as connection:
            acked = connection.execute(select(ledger.c.acked).where(ledger.c.id == till.ledger_id)).scalar_one()
        is_blind = acked < len(till.branch.bodies)
        if is_blind:
            self.city.blind.add(till.ledger_id)
        with office.database.write() as connection:
            rows = free_frozen(connection, till.ledger_id, "petugas", self.city.clock.now)
        self.city.note("free", till=till.number, rows=len(rows), blind=is_blind)

    def _retire(self, till: SimTill) -> None:
        self.city.retired.add(till.ledger_id)
        with self.city.office.database.write() as connection:
            retire(connection, till.ledger_id, "petugas", self.city.clock.now)

    def _send_rest(self, till: SimTill) -> None:
        """Send what a lost till had not sent; its files may be gone."""
        till.is_online = True

        def deed() -> None:
            try:
                send_waiting(till.client, StoredOutbox(till.till.identity, till.outbox, till.clock), till.clock)
            except KubePosError as error:
                self.city.say("rest not sent", till=till.number, reason=error.code)

        self.city.run_at(till, deed)
        self.city.note("send_rest", till=till.number)
