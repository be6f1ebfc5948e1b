"""`python -m tests.wedge_storm --scans 10000`: the full storm; exit code 1 when anything was wrong, lost or leaked."""

from __future__ import annotations

import argparse
import json
import sys

from tests.wedge_storm.run import frozen, storm


def main() -> int:
    """Run the storm and the frozen window, and tell the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.wedge_storm")
    parser.add_argument("--scans", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    clean = True
    for name, report in (("frozen", frozen(args.seed)), ("storm", storm(args.scans, args.seed))):
        clean = clean and report.is_clean
        facts = {slot: getattr(report, slot) for slot in report.__dataclass_fields__}
        sys.stdout.write(json.dumps({"what": name, **facts}) + "\n")
        sys.stdout.flush()
    return int(not clean)


if __name__ == "__main__":
    sys.exit(main())
