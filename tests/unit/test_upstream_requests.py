"""A share on its way from one till to another, at the office: asked for, recalled, granted, forgotten again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.documents import Card, CardState, Recall
from kube_pos.ledger.entries import AnyEntry, ShareReleased, StandIn, encode
from kube_pos.ledger.ids import BenefitMonth, EntitlementId, LedgerId, OutletId, RecipientId
from kube_pos.ledger.quantity import Rupiah
from kube_pos.sync import wire
from kube_pos.sync.wire import ShareRequest, ShareState
from kube_pos.upstream import feed, tables
from kube_pos.upstream.amendments import Rows, amend
from kube_pos.upstream.database import Database
from kube_pos.upstream.enrolment import enrol, make_code
from kube_pos.upstream.families import set_card_state
from kube_pos.upstream.guests import REQUEST_LIFE_MS, VISIT_LIFE_MS
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.ledgers import free_frozen, retire
from kube_pos.upstream.receive import Fork, receive
from kube_pos.upstream.requests import ask
from tests.postgres_kit import OfficeIn
from tests.upstream_kit import (
    APBD,
    MONTHLY,
    NOW_MS,
    PALARAN,
    PROGRAM,
    SEBERANG,
    open_small_city,
    publish_two_months,
    redemption,
)

FAMILY = RecipientId(1)


class City:
    """The office, with a till at each of the two outlets; family 1 is at home in Palaran."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self.database, self.keys, self.now = database, keys, NOW_MS
        self.heads: dict[LedgerId, tuple[int, bytes]] = {}
        self.home, self.away = self.till(1, PALARAN), self.till(2, SEBERANG)

    def till(self, number: int, outlet_id: OutletId) -> LedgerId:
        ledger_id = LedgerId(f"00000000-0000-7000-8000-{number:012d}")
        public = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key().public_bytes_raw()
        with self.database.write() as connection:
            code = make_code(connection, self.keys, outlet_id, "http://127.0.0.1:1", NOW_MS).code
            request = wire.EnrolmentRequest(
                code=code,
                ledger_id=ledger_id,
                public_key=wire.to_base64(public),
                device_name="",
                program_version="",
            )
            enrol(connection, self.keys, request, NOW_MS)
        self.heads[ledger_id] = (0, genesis(ledger_id))
        return ledger_id

    def asks(self, ledger_id: LedgerId, family: int = 1, *, by_card: bool = True) -> ShareState:
        token = card_token(self.keys.city, card_number(family))
        request = ShareRequest(card=token) if by_card else ShareRequest(recipient=RecipientId(family))
        with self.database.write() as connection:
            return ask(connection, ledger_id, request, self.now).state

    def sends(self, ledger_id: LedgerId, entry: AnyEntry) -> tuple[wire.Verdict, ...]:
        seq, head = self.heads[ledger_id]
        body = encode(entry)
        after = link(head, seq + 1, body)
        self.heads[ledger_id] = (seq + 1, after)
        with self.database.write() as connection:
            batch = wire.Batch(wire.PROTOCOL, seq + 1, head, (body,), after)
            answer = receive(connection, ledger_id, batch, b"", self.now)
        assert not isinstance(answer, Fork)
        return answer.verdicts

    def releases(self, ledger_id: LedgerId, row: int, total: int) -> tuple[wire.Verdict, ...]:
        day = date(2026, 11, 24)
        entry = ShareReleased(at=self.now, day=day, by=0, entitlement=EntitlementId(row), released=total)  # type: ignore[arg-type]
        return self.sends(ledger_id, entry)

    def knows(self, ledger_id: LedgerId) -> dict[tuple[str, str], bytes]:
        """What a till knows that reads its feed from the beginning."""
        outlet = PALARAN if ledger_id == self.home else SEBERANG
        known: dict[tuple[str, str], bytes] = {}
        with self.database.read() as connection:
            changes, more = feed.page(connection, ledger_id, outlet, 0)
        assert not more
        for change in changes:
            known.pop((change.kind, change.key), None)
            if change.doc is not None:
                known[change.kind, change.key] = bytes(change.doc)
        return known

    def recalled(self, ledger_id: LedgerId) -> dict[int, int]:
        docs = [
            msgspec.json.decode(d, type=Recall) for (kind, _), d in self.knows(ledger_id).items() if kind == "recall"
        ]
        return {doc.entitlement_id: doc.released for doc in docs}

    def share(self, ledger_id: LedgerId, row: int) -> tuple[int, int, int]:
        share = tables.share
        with self.database.read() as connection:
            found = connection.execute(
                select(share.c.granted, share.c.released, share.c.spent).where(
                    share.c.ledger_id == ledger_id, share.c.entitlement_id == row
                )
            ).one_or_none()
        return (0, 0, 0) if found is None else (found.granted, found.released, found.spent)

    def card(self, ledger_id: LedgerId) -> Card:
        token = card_token(self.keys.city, card_number(1))
        return msgspec.json.decode(self.knows(ledger_id)["card", token], type=Card)


@pytest.fixture
def city(tmp_path: Path, office_in: OfficeIn) -> Iterator[City]:
    database, keys = open_small_city(office_in(tmp_path))
    publish_two_months(database)
    yield City(database, keys)
    database.close()


def test_what_is_held_at_home_is_recalled_and_granted_on(city: City) -> None:
    assert city.asks(city.away) is ShareState.WAITING
    assert city.recalled(city.home) == {1: MONTHLY, 2: MONTHLY}
    assert city.releases(city.home, 1, MONTHLY) == ()
    assert city.share(city.home, 1) == (MONTHLY, MONTHLY, 0)
    assert city.share(city.away, 1) == (MONTHLY, 0, 0)
    assert city.recalled(city.home) == {2: MONTHLY}
    assert city.asks(city.away) is ShareState.GRANTED


def test_the_visited_till_gets_this_family_and_no_other(city: City) -> None:
    before = city.knows(city.away)
    assert ("recipient", "1") not in before
    city.asks(city.away)
    new = {place for place in city.knows(city.away) if place not in before}
    assert new == {("recipient", "1"), ("entitlement", "1"), ("entitlement", "2")}
    assert city.card(city.away).recipient_id == FAMILY
    city.releases(city.home, 1, MONTHLY)
    assert {place for place in city.knows(city.away) if place[0] == "share"} >= {("share", "1")}


def test_a_card_blocked_meanwhile_is_blocked_at_the_visited_till(city: City) -> None:
    city.asks(city.away)
    with city.database.write() as connection:
        set_card_state(connection, card_token(city.keys.city, card_number(1)), CardState.BLOCKED, NOW_MS)
    found = city.card(city.away)
    assert (found.state, found.recipient_id) == (CardState.BLOCKED, FAMILY)
    assert city.asks(city.away) is ShareState.REFUSED


def test_only_what_is_left_can_come(city: City) -> None:
    city.sends(city.home, redemption(city.keys, 1, [(1, MONTHLY), (2, 100_000)]))
    assert city.asks(city.away) is ShareState.WAITING
    assert city.recalled(city.home) == {2: MONTHLY}
    city.releases(city.home, 2, MONTHLY - 100_000)
    assert city.share(city.away, 2) == (MONTHLY - 100_000, 0, 0)
    city.sends(city.away, redemption(city.keys, 1, [(2, MONTHLY - 100_000)], sale="away"))
    assert city.recalled(city.home) == {}
    assert city.asks(city.away) is ShareState.NOTHING


def test_what_comes_free_too_late_goes_home_again(city: City) -> None:
    city.asks(city.away)
    city.now += REQUEST_LIFE_MS + 1
    city.releases(city.home, 1, MONTHLY)
    assert city.share(city.away, 1) == (0, 0, 0)
    assert city.share(city.home, 1) == (2 * MONTHLY, MONTHLY, 0)


def test_a_family_that_goes_on_to_another_till_is_served_there(city: City) -> None:
    third = city.till(3, SEBERANG)
    city.asks(city.away)
    assert city.asks(third, by_card=False) is ShareState.WAITING
    city.releases(city.home, 1, MONTHLY)
    assert (city.share(city.away, 1)[0], city.share(third, 1)[0]) == (0, MONTHLY)


def test_at_home_the_family_gets_back_what_it_left_elsewhere(city: City) -> None:
    city.asks(city.away)
    city.releases(city.home, 1, MONTHLY)
    assert city.asks(city.home) is ShareState.GRANTED
    assert city.recalled(city.away) == {1: MONTHLY}
    city.releases(city.away, 1, MONTHLY)
    assert city.share(city.home, 1) == (2 * MONTHLY, MONTHLY, 0)
    assert ("recipient", "1") in city.knows(city.home)


def test_a_retired_till_is_not_asked_and_freed_shares_come_at_once(city: City) -> None:
    with city.database.write() as connection:
        retire(connection, city.home, "petugas", NOW_MS)
    assert city.asks(city.away) is ShareState.NOTHING
    with city.database.write() as connection:
        free_frozen(connection, city.home, "petugas", NOW_MS)
    assert city.share(city.away, 1) == (MONTHLY, 0, 0)


def test_the_visited_till_forgets_the_family_when_nothing_is_left(city: City) -> None:
    city.asks(city.away)
    city.releases(city.home, 1, MONTHLY)
    city.releases(city.home, 2, MONTHLY)
    city.sends(city.away, redemption(city.keys, 1, [(1, MONTHLY)], sale="one"))
    city.now += VISIT_LIFE_MS
    city.sends(city.away, redemption(city.keys, 1, [(2, 1)], sale="two"))
    assert ("recipient", "1") in city.knows(city.away)
    city.sends(city.away, redemption(city.keys, 1, [(2, MONTHLY - 1)], sale="three"))
    known = city.knows(city.away)
    assert not {("recipient", "1"), ("entitlement", "1"), ("entitlement", "2")} & known.keys()
    assert (city.card(city.away).recipient_id, city.card(city.away).outlet_id) == (None, PALARAN)


def test_a_lowered_amount_is_recalled_as_far_as_it_is_not_spent(city: City) -> None:
    city.sends(city.home, redemption(city.keys, 1, [(2, 100_000)]))
    rows = Rows(PROGRAM, APBD, BenefitMonth("2026-11"), frozenset({FAMILY}))
    with city.database.write() as connection:
        amend(connection, rows, 150_000, "petugas", NOW_MS)
    assert city.recalled(city.home) == {2: MONTHLY - 150_000}
    city.releases(city.home, 2, MONTHLY - 150_000)
    assert city.share(city.home, 2) == (MONTHLY, MONTHLY - 150_000, 100_000)
    assert city.recalled(city.home) == {}


def test_what_a_stand_in_was_settled_with_is_not_granted_again(city: City) -> None:
    with city.database.write() as connection:
        retire(connection, city.home, "petugas", NOW_MS)
        free_frozen(connection, city.home, "petugas", NOW_MS)
    given = StandIn(program=PROGRAM, month=BenefitMonth("2026-11"), amount=Rupiah(90_000), limit=Rupiah(90_000))
    plain = redemption(city.keys, 1, [], sale="stand-in")
    city.sends(city.away, msgspec.structs.replace(plain, recipient=None, sources=(), stand_in=given))
    assert city.asks(city.away) is ShareState.GRANTED
    granted = [city.share(city.away, row)[0] for row in (1, 2)]
    assert sum(granted) == 2 * MONTHLY - 90_000


def test_an_unknown_card_or_nobody_is_refused(city: City) -> None:
    assert city.asks(city.away, 999) is ShareState.REFUSED
    with city.database.write() as connection:
        assert ask(connection, city.away, ShareRequest(), NOW_MS).state is ShareState.REFUSED
