"""The demo city's families and cards: a function of a seed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from kube_pos.ledger.cards import CardNumber, card_number
from kube_pos.ledger.documents import RecipientState
from kube_pos.ledger.ids import OutletId
from kube_pos.upstream.families import Family
from kube_pos.upstream.sample_cases import Case
from kube_pos.upstream.sample_names import man, woman

FAMILIES = 1688
_WOMEN_PERCENT = 60


@dataclass(frozen=True, slots=True)
class SampleWard:
    """A ward of the city with the outlet that serves it."""

    id: int
    district_code: str
    outlet_id: OutletId


@dataclass(frozen=True, slots=True)
class SampleFamily:
    """A family with its card; `case` says which edge case it shows, if any."""

    family: Family
    card: CardNumber
    case: Case | None = None
    second_card: CardNumber | None = None


def make_families(rng: Random, wards: Sequence[SampleWard], cases: Sequence[Case]) -> list[SampleFamily]:
    """Return the families, spread evenly over the outlets; the first outlet's first families show the cases."""
    by_outlet: dict[OutletId, list[SampleWard]] = {}
    for ward in wards:
        by_outlet.setdefault(ward.outlet_id, []).append(ward)
    outlets = sorted(by_outlet)
    used: set[str] = set()
    found: list[SampleFamily] = []
    for place in range(FAMILIES):
        turn, outlet = divmod(place, len(outlets))
        case = cases[turn] if outlet == 0 and turn < len(cases) else None
        family = _family(rng, rng.choice(by_outlet[outlets[outlet]]), case, used)
        second = card_number(FAMILIES + place + 1) if case is not None and case.second_card else None
        found.append(SampleFamily(family, card_number(place + 1), case, second))
    return found


def _family(rng: Random, ward: SampleWard, case: Case | None, used: set[str]) -> Family:
    is_woman = rng.randrange(100) < _WOMEN_PERCENT
    return Family(
        national_id=_national_id(rng, ward.district_code, used, is_woman=is_woman),
        family_card=_family_card(rng, ward.district_code),
        name=woman(rng) if is_woman else man(rng),
        address=f"Jl. Contoh No. {rng.randint(1, 200)}",
        ward_id=ward.id,
        neighbourhood=f"RT {rng.randint(1, 45):02d}",
        home_outlet_id=ward.outlet_id,
        state=RecipientState.ACTIVE if case is None else case.state,
        delivery=case is not None and case.delivery,
    )


def _national_id(rng: Random, district_code: str, used: set[str], *, is_woman: bool) -> str:
    """Return an NIK of the right shape that nobody else in the city has."""
    while True:
        day = rng.randint(1, 28) + (40 if is_woman else 0)
        birth = f"{day:02d}{rng.randint(1, 12):02d}{rng.randint(50, 99):02d}"
        number = f"{_region(district_code)}{birth}{rng.randint(1, 40):04d}"
        if number not in used:
            used.add(number)
            return number


def _family_card(rng: Random, district_code: str) -> str:
    made = f"{rng.randint(1, 28):02d}{rng.randint(1, 12):02d}{rng.randint(5, 24):02d}"
    return f"{_region(district_code)}{made}{rng.randint(1, 9999):04d}"


def _region(district_code: str) -> str:
    return district_code.replace(".", "")
