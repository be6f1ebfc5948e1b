"""Cards signed by the office, looked up at a till that never asks it: good, forged, unknown, against a rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kube_pos.devices.opencv import load_opencv
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.zxing import load_zxing
from kube_pos.ledger import signed_cards
from kube_pos.ledger.cards import CardNumber, card_number
from kube_pos.ledger.documents import KINDS, PayloadKind, PayloadRule
from kube_pos.operations.look_up import CodeFault, NotACard, Visit, look_up
from kube_pos.upstream import catalogue, feed
from kube_pos.upstream.card_signing import KEY_ID, issuer_key, signed_card
from kube_pos.upstream.database import Database, open_database
from kube_pos.upstream.keys import Keys, load_keys
from tests.ledger_kit import FOOD, Outlet

ISSUED, SINCE = date(2026, 3, 1), date(2026, 1, 1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[Database, Keys]]:
    database = open_database(str(tmp_path / "office.db"))
    with database.write() as connection:
        keys = load_keys(connection)
    yield database, keys
    database.close()


@pytest.fixture
def till(outlet: Outlet, office: tuple[Database, Keys]) -> Outlet:
    outlet.take_in((issuer_key(office[1], SINCE),))
    return outlet


def test_a_signed_card_is_the_same_card_as_its_bare_number(till: Outlet, office: tuple[Database, Keys]) -> None:
    digits = till.family()
    till.entitle("2026-11")
    text = signed_card(office[1], CardNumber(digits), ISSUED)
    signed, bare = look_up(till.till, text), look_up(till.till, digits)
    assert isinstance(signed, Visit)
    assert isinstance(bare, Visit)
    assert (signed.token, signed.decision, signed.last4) == (bare.token, bare.decision, digits[-4:])


def test_a_forgery_and_an_unknown_issuer_are_told_and_nothing_is_recorded(till: Outlet) -> None:
    forger = Ed25519PrivateKey.generate()
    before = till.journal.head()
    for key_id, fault in ((KEY_ID, CodeFault.FORGED), ("XX", CodeFault.UNKNOWN_ISSUER)):
        text = signed_cards.write(key_id, card_number(5), ISSUED, forger.sign)
        assert look_up(till.till, text) == NotACard(fault)
    assert look_up(till.till, "SSC1.SMD1.64720000000160.20260301.AAAA") == NotACard(CodeFault.SIGNED_BROKEN)
    assert till.journal.head() == before


def test_a_rule_from_upstream_changes_what_is_taken_from_its_day_on(
    till: Outlet, office: tuple[Database, Keys]
) -> None:
    digits = till.family()
    only_signed = (PayloadKind.SIGNED_CARD,)
    till.take_in((PayloadRule(program_id=FOOD, from_day=date(2999, 1, 1), accepts=only_signed),))
    assert isinstance(look_up(till.till, digits), Visit)
    for program in till.replica.catalogue().programs:
        till.take_in((PayloadRule(program_id=program, from_day=SINCE, accepts=only_signed),))
    assert look_up(till.till, digits) == NotACard(CodeFault.UNSIGNED_CARD)
    assert look_up(till.till, "6472014107900001") == NotACard(CodeFault.NUMBER_NOT_TAKEN)
    assert isinstance(look_up(till.till, digits, manual=True), Visit)
    assert isinstance(look_up(till.till, signed_card(office[1], CardNumber(digits), ISSUED)), Visit)


def test_keys_and_rules_travel_in_the_feed(office: tuple[Database, Keys]) -> None:
    database, keys = office
    rule = PayloadRule(program_id=FOOD, from_day=SINCE, accepts=(PayloadKind.SIGNED_CARD,))
    with database.write() as connection:
        catalogue.put_issuer_key(connection, issuer_key(keys, SINCE))
        catalogue.put_payload_rule(connection, rule)
        assert feed.newest(connection) == 2
    assert {"issuer_key", "payload_rule"} <= set(KINDS)


def test_the_key_that_signs_cards_is_not_the_one_that_signs_answers(office: tuple[Database, Keys]) -> None:
    _, keys = office
    text = signed_cards.write(KEY_ID, card_number(5), ISSUED, keys.signing.sign)
    issuers = {KEY_ID: issuer_key(keys, SINCE)}
    assert signed_cards.read(text, issuers) is signed_cards.SignatureFault.FORGED


def test_a_signed_card_fits_a_qr_code_that_is_read_from_a_picture(office: tuple[Database, Keys]) -> None:
    zxing, opencv = load_zxing(), load_opencv()
    assert zxing is not None
    text = signed_card(office[1], card_number(5), ISSUED)
    drawn = zxing.draw(opencv, text, Symbology.QR, 3)
    assert drawn.shape[0] < 65 * 3
    assert [code.payload for code in zxing.read(drawn, thorough=True)] == [text]
