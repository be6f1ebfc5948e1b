"""`python -m tests.crash`: every moment of a recorded day at the till, as the disk may be after a power cut."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from tests.crash.plants import PLANTS
from tests.crash.run import Found, prove, prove_plants


def main() -> int:
    """Run what is asked for; 1 when a promise was broken or a planted fault was not found."""
    asked = _arguments()
    total = Found()
    if not asked.planted:
        began = time.monotonic()
        total = prove(asked.states, asked.seed, processes=asked.processes, keep=asked.keep)
        _print_states(total, time.monotonic() - began)
    caught = 0
    say(f"\n{'planted fault':40} {'found after':>12}  by")
    for setup, found in prove_plants(asked.seed):
        caught += found.violations > 0
        said = found.first[0] if found.first else "NOT FOUND"
        say(f"{setup.name:40} {found.states:>6} states  {said[:110]}")
    syncs = max(total.syncs, default=0)
    if asked.json:
        figures = {"states": total.states, "violations": total.violations, "planted": len(PLANTS)}
        figures |= {"planted_caught": caught, "syncs_per_redemption": syncs, "moments": total.moments}
        say(json.dumps(figures))
    return int(total.violations > 0 or caught < len(PLANTS))


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--states", type=int, default=10_000, help="at least so many (10,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--planted", action="store_true", help="only the planted faults")
    parser.add_argument("--processes", type=int, help="as many as there are processors, unless said")
    parser.add_argument("--keep", type=Path, help="leave the first bad states in this folder")
    return parser.parse_args()


def _print_states(total: Found, seconds: float) -> None:
    say(f"{total.states} states of {total.moments} moments in {seconds:.0f} s: {total.violations} violations")
    for kind, count in sorted(total.by_kind.items()):
        say(f"  {kind:12} {count:>8}")
    for line in total.first:
        say(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
