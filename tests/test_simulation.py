"""The city simulated, as far as there is time for it here; `docs/simulation.md` says how it is run in full."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.city import Options
from tests.simulation.faults import KINDS, NONE, chosen
from tests.simulation.mutants import MUTANTS, caught_by
from tests.simulation.run import Outcome, simulate

ROOT = Path(__file__).resolve().parent.parent
ENOUGH = 10_000
QUICK = ("sale_without_guard", "grants_twice", "sent_counts_as_received", "a_page_loses_a_change")


def told(outcome: Outcome) -> str:
    return "\n".join((f"{outcome.options}", outcome.violation, *outcome.trace))


def test_no_share_is_spent_twice_and_no_entry_is_lost_or_doubled() -> None:
    operations, did, seed = 0, Counter[str](), 0
    # The first seeds are always the same, the others are told when they find something.
    fixed = [1, 2]
    while operations < ENOUGH:
        seed = fixed.pop(0) if fixed else secrets.randbelow(2**32)
        outcome = simulate(Options(seed, days=9, steps=60))
        assert outcome.is_clean, told(outcome)
        assert outcome.findings.converged
        operations += outcome.operations
        did += outcome.did + outcome.network
    for kind in (
        "shop",
        "undo",
        "ask",
        "released",
        "crashes",
        "lost",
        "doubled",
        "late",
        "truncated",
        "amend",
        "restore",
    ):
        assert did[kind] > 0, kind


def test_a_world_without_faults_needs_no_excuse() -> None:
    outcome = simulate(Options(3, days=2, faults=NONE))
    assert outcome.is_clean, told(outcome)
    assert (outcome.findings.excused, outcome.did["crashes"]) == (0, 0)


@pytest.mark.parametrize("mutant", [mutant for mutant in MUTANTS if mutant.name in QUICK], ids=lambda one: one.name)
def test_mistakes_are_found(mutant: object) -> None:
    seed, violation = caught_by(mutant, seeds=8)  # type: ignore[arg-type]
    assert seed is not None
    assert not violation.startswith("the run broke off")


def test_at_least_ten_mistakes_are_known() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 10


def test_a_seed_does_the_same_again_in_another_process() -> None:
    script = (
        "import hashlib; from tests.simulation.city import Options; from tests.simulation.run import simulate; "
        "done = simulate(Options(5, outlets=3, days=2, steps=20, families=4)); "
        "print(hashlib.sha256('\\n'.join(done.trace).encode()).hexdigest(), done.operations)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={"PYTHONHASHSEED": salt, "PATH": ""},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(found) == 1
    assert int(found.pop().split()[1]) > 50


def test_faults_are_chosen_by_name() -> None:
    assert chosen("none") == NONE
    assert chosen("lost,crash").crash > 0
    assert chosen("lost,crash").doubled == 0
    with pytest.raises(ValueError, match=KINDS[0]):
        chosen("locusts")
