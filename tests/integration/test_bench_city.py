"""A list loaded straight into the tables is what the till reads, and a journal filled at once proves itself."""

from __future__ import annotations

from pathlib import Path

from kube_pos.bench.city import build_city, family_card
from kube_pos.bench.outlet import fill_journal, make_outlet
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.look_up import Visit, look_up

FAMILIES = 300


def test_every_family_of_a_loaded_list_is_found_with_its_own_row(tmp_path: Path) -> None:
    outlet = make_outlet(tmp_path, 1)
    build_city(outlet.files[1], FAMILIES, outlet.till.now_ms())
    assert outlet.replica.family_count() == FAMILIES
    for number in (1, 2, FAMILIES):
        found = look_up(outlet.till, family_card(number).digits)
        assert isinstance(found, Visit)
        assert isinstance(found.decision, Allowed)
        assert found.decision.recipient.id == number
        assert [row.entitlement.id for row in found.decision.rows] == [number]
    beyond = look_up(outlet.till, family_card(FAMILIES + 1).digits)
    assert isinstance(beyond, Visit)
    assert not isinstance(beyond.decision, Allowed)
    outlet.close()


def test_a_journal_filled_at_once_is_whole(tmp_path: Path) -> None:
    outlet = make_outlet(tmp_path, 1)
    fill_journal(outlet, 500)
    report = verify(outlet.files[0])
    assert report.is_clean
    assert report.entries == 500
    outlet.close()
