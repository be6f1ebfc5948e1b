"""The replica of upstream's documents: pages, cursors, grants that only grow, and what a bad page leaves behind."""

from __future__ import annotations

import msgspec
import pytest

from kube_pos.errors import StaleCursor
from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.ids import CardToken, EntitlementId, RecipientId
from kube_pos.ledger.sqlite_replica import ReplicaChange
from tests.ledger_kit import CITY_KEY, EGG_KG, FOOD, HERE, RICE_BAG, Outlet, change
from tests.pure_kit import cycle


def apply(outlet: Outlet, *changes: ReplicaChange) -> None:
    cursor = outlet.replica.cursor()
    outlet.replica.apply(cursor, cursor + len(changes), None, changes)


def share(granted: int, elsewhere: int = 0) -> ReplicaChange:
    return change(
        docs.Share(
            entitlement_id=EntitlementId(1), recipient_id=RecipientId(1), granted=granted, spent_elsewhere=elsewhere
        )
    )


def test_a_family_is_found_by_card_and_by_number(outlet: Outlet) -> None:
    digits = outlet.family(1, national_id_hash="n" * 32, family_card_hash="k" * 32)
    token = card_token(CITY_KEY, card_number(1))
    card = outlet.replica.card(token)
    assert card is not None
    assert card.last4 == digits[-4:]
    assert card.recipient_id == 1
    for number in ("n" * 32, "k" * 32):
        assert [found.id for found in outlet.replica.recipients_by_number(number)] == [1]
    assert outlet.replica.family_count() == 1


def test_a_family_without_numbers_is_not_found_by_an_empty_one(outlet: Outlet) -> None:
    outlet.family(1)
    assert outlet.replica.recipients_by_number("") == ()
    assert outlet.replica.recipients_by_number("n" * 32) == ()


def test_what_is_not_there_is_none(outlet: Outlet) -> None:
    assert outlet.replica.card(CardToken("0" * 32)) is None
    assert outlet.replica.recipient(RecipientId(9)) is None
    assert outlet.replica.granted_rows(RecipientId(9)) == ()


def test_an_entitlement_without_a_share_was_granted_nothing(outlet: Outlet) -> None:
    outlet.entitle(granted=0)
    apply(outlet, ReplicaChange("share", "1", None))
    (row,) = outlet.replica.granted_rows(RecipientId(1))
    assert (row.granted, row.spent_elsewhere) == (0, 0)


def test_grants_only_grow_whatever_comes_late_doubled_or_deleted(outlet: Outlet) -> None:
    outlet.entitle(granted=100_000)
    for granted, expected in ((200_000, 200_000), (150_000, 200_000), (200_000, 200_000)):
        apply(outlet, share(granted, elsewhere=granted // 2))
        (row,) = outlet.replica.granted_rows(RecipientId(1))
        assert row.granted == expected
        assert row.spent_elsewhere == granted // 2
    apply(outlet, ReplicaChange("share", "1", None))
    assert outlet.replica.granted_rows(RecipientId(1))[0].granted == 200_000


def test_a_new_version_of_a_row_takes_the_place_of_the_old(outlet: Outlet) -> None:
    outlet.entitle()
    (old,) = outlet.replica.granted_rows(RecipientId(1))
    apply(outlet, change(msgspec.structs.replace(old.entitlement, amount=200_000, version=2)))
    (new,) = outlet.replica.granted_rows(RecipientId(1))
    assert (new.entitlement.amount, new.entitlement.version) == (200_000, 2)


def test_a_row_that_moves_to_another_family_is_not_there_twice(outlet: Outlet) -> None:
    outlet.entitle()
    (old,) = outlet.replica.granted_rows(RecipientId(1))
    apply(outlet, change(msgspec.structs.replace(old.entitlement, recipient_id=RecipientId(2))))
    assert outlet.replica.granted_rows(RecipientId(1)) == ()
    assert len(outlet.replica.granted_rows(RecipientId(2))) == 1


def test_what_upstream_deletes_is_gone(outlet: Outlet) -> None:
    outlet.family(1)
    outlet.entitle()
    token = card_token(CITY_KEY, card_number(1))
    gone = (("card", token), ("recipient", "1"), ("entitlement", "1"), ("product", "3"))
    apply(outlet, *(ReplicaChange(kind, key, None) for kind, key in gone))
    assert outlet.replica.card(token) is None
    assert outlet.replica.recipient(RecipientId(1)) is None
    assert outlet.replica.granted_rows(RecipientId(1)) == ()
    assert set(outlet.replica.catalogue().products) == {RICE_BAG.id, EGG_KG.id}


def test_a_page_that_does_not_follow_on_is_refused_whole(outlet: Outlet) -> None:
    cursor = outlet.replica.cursor()
    with pytest.raises(StaleCursor) as caught:
        outlet.replica.apply(cursor - 1, cursor + 5, 1, [change(cycle("2026-12"))])
    assert caught.value.facts == {"expected": cursor, "found": cursor - 1}
    assert outlet.replica.cursor() == cursor
    assert outlet.replica.catalogue().cycles == ()


@pytest.mark.parametrize(
    "bad",
    [
        ReplicaChange("entitlement", "5", b"{}"),
        ReplicaChange("product", "5", b"\xff"),
        ReplicaChange("program", "5", b'{"id":5,"name":"\xff","contact":""}'),
        ReplicaChange("recipient", "no number", None),
    ],
    ids=["incomplete", "no JSON", "no UTF-8", "no key"],
)
def test_a_page_with_one_bad_document_applies_nothing(outlet: Outlet, bad: ReplicaChange) -> None:
    cursor, as_of = outlet.replica.cursor(), outlet.replica.list_as_of_ms()
    with pytest.raises(msgspec.MsgspecError):
        outlet.replica.apply(cursor, cursor + 2, 1, [change(cycle("2026-12")), bad])
    assert (outlet.replica.cursor(), outlet.replica.list_as_of_ms()) == (cursor, as_of)
    assert outlet.replica.catalogue().cycles == ()


def test_a_kind_of_a_newer_upstream_means_nothing(outlet: Outlet) -> None:
    cursor = outlet.replica.cursor()
    apply(outlet, ReplicaChange("weather", "1", b"{}"), change(cycle("2026-12")))
    assert outlet.replica.cursor() == cursor + 2
    assert len(outlet.replica.catalogue().cycles) == 1


def test_the_catalogue_is_read_again_only_when_it_changed(outlet: Outlet) -> None:
    first = outlet.replica.catalogue()
    outlet.family(1)
    assert outlet.replica.catalogue() is first
    apply(outlet, change(cycle("2026-12")))
    second = outlet.replica.catalogue()
    assert second is not first
    assert (first.cycles, len(second.cycles)) == ((), 1)
    with pytest.raises(TypeError):
        second.products[RICE_BAG.id] = EGG_KG  # type: ignore[index]


def test_policies_and_cycles_come_in_their_order(outlet: Outlet) -> None:
    apply(outlet, change(cycle("2026-12", number=7)), change(cycle("2027-01", number=3)))
    assert [found.id for found in outlet.replica.catalogue().cycles] == [3, 7]
    assert [policy.program_id for policy in outlet.replica.catalogue().policies] == [FOOD]


def test_the_lists_age_is_that_of_the_last_whole_page(outlet: Outlet) -> None:
    outlet.take_in((), as_of_ms=5)
    apply(outlet, change(cycle("2026-12")))
    assert outlet.replica.list_as_of_ms() == 5
    outlet.close()
    outlet.open()
    assert outlet.replica.list_as_of_ms() == 5
    assert outlet.replica.catalogue().outlets[HERE].code == "PLR01"
