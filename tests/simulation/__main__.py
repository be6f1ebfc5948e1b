"""`python -m tests.simulation`: tills and an office under faults, checked after every step."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections import Counter

from tests.simulation.city import Options
from tests.simulation.faults import KINDS, chosen
from tests.simulation.mutants import MUTANTS, caught_by
from tests.simulation.run import Outcome, simulate, smaller


def main() -> int:
    """Run what was asked for; return 1 when a promise was broken or a mutant lived."""
    args = _parser().parse_args()
    # What goes wrong here goes wrong on purpose.
    logging.getLogger("kube_pos").setLevel(logging.CRITICAL)
    if args.mutants:
        return _run_mutants(args)
    total = Counter[str]()
    begun = time.perf_counter()
    outcomes: list[Outcome] = []
    for seed in range(args.seed, args.seed + args.runs):
        options = Options(seed, args.outlets, args.days, args.steps, args.families, chosen(args.faults))
        outcome = simulate(options)
        outcomes.append(outcome)
        total += outcome.did + outcome.network
        say(_line(outcome))
        if not outcome.is_clean:
            _show(outcome)
    seconds = time.perf_counter() - begun
    operations = sum(outcome.operations for outcome in outcomes)
    for name, count in sorted(total.items()):
        say(f"  {name:16} {count}")
    say(f"{operations} operations in {seconds:.1f} s, {operations / seconds:.0f} a second")
    if args.json:
        found = [outcome.findings for outcome in outcomes]
        figures = {
            "operations": operations,
            "overspent": sum(one.overspent for one in found),
            "lost": sum(one.lost for one in found),
            "doubled": sum(one.doubled for one in found),
            "converged": all(one.converged for one in found),
        }
        say(json.dumps(figures))
    return 0 if all(outcome.is_clean for outcome in outcomes) else 1


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1, help="so many seeds, one after another")
    parser.add_argument("--outlets", type=int, default=4)
    parser.add_argument("--days", type=int, default=6)
    parser.add_argument("--steps", type=int, default=25, help="steps of an outlet in a day")
    parser.add_argument("--families", type=int, default=8, help="families of an outlet")
    parser.add_argument("--faults", default="all", help=f"all, none, or a list of {', '.join(KINDS)}")
    parser.add_argument("--json", action="store_true", help="end with one line of figures")
    parser.add_argument("--mutants", action="store_true", help="plant mistakes, one at a time, and find each")
    parser.add_argument("--only", default="", help="with --mutants: only those whose name holds this")
    return parser


def _line(outcome: Outcome) -> str:
    told = "clean" if outcome.is_clean else f"BROKEN: {outcome.violation}"
    options = outcome.options
    return f"seed {options.seed}: {outcome.operations} operations in {outcome.seconds:.1f} s, {told}"


def _show(outcome: Outcome) -> None:
    options = smaller(outcome.options)
    for line in outcome.trace:
        say(f"    {line}")
    say(
        f"  again: python -m tests.simulation --seed {options.seed} --outlets {options.outlets} --days {options.days}"
        f" --steps {options.steps} --families {options.families}"
    )


def _run_mutants(args: argparse.Namespace) -> int:
    lived = 0
    for mutant in MUTANTS:
        if args.only not in mutant.name:
            continue
        seed, violation = caught_by(mutant)
        lived += seed is None
        told = f"caught by seed {seed}: {violation}" if seed is not None else "NOT CAUGHT in 100 seeds"
        say(f"{mutant.name:34} {told}")
    say(f"{lived} of {len(MUTANTS)} lived")
    return 1 if lived else 0


if __name__ == "__main__":
    sys.exit(main())
