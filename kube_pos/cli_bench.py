"""`kube-pos bench`: the project's own measurements, as a table and as one flat JSON object."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from kube_pos.bench.figures import Figures, machine, rounded
from kube_pos.texts import Texts

PARTS = ("start", "ledger", "readers", "printing", "sync", "ui", "stock")


def add_commands(commands: Any, texts: Texts) -> None:
    """Add the parser of `bench`."""
    bench = commands.add_parser("bench", help=texts.say("cli.bench"))
    bench.add_argument("what", nargs="?", choices=PARTS, help=texts.say("cli.bench_what"))
    bench.add_argument("--full", action="store_true", help=texts.say("cli.bench_full"))
    bench.add_argument("--families", type=int, default=0, help=texts.say("cli.bench_families"))
    bench.add_argument("--json", action="store_true", help=texts.say("cli.json"))


def run(args: argparse.Namespace, _texts: Texts) -> int:
    """Measure one part or all, each in a folder of its own."""
    figures: Figures = {}
    for part in (args.what,) if args.what else PARTS:
        # Each part loads only what it measures.
        module = importlib.import_module(f"kube_pos.bench.{part}")
        with tempfile.TemporaryDirectory(prefix="kube-pos-bench-", dir=Path.cwd()) as folder:
            place = Path(folder) / "outlet"
            place.mkdir()
            figures |= rounded(module.run(place))
            if args.full or args.families:
                figures |= rounded(_full(part, place.parent, args.families))
    if not args.json:
        for name, fact in machine().items():
            print(f"{name:36} {fact}")
        for name, value in figures.items():
            print(f"{name:36} {value}")
    sys.stdout.write(json.dumps(figures) + "\n" if args.json else "")
    return 0


def _full(part: str, folder: Path, families: int) -> Figures:
    """Return the figures of a part that take minutes, where it has any."""
    match part:
        case "ledger":
            full = importlib.import_module("kube_pos.bench.ledger_full")
            return dict(full.run(folder, families))
        case "start":
            place = folder / "long"
            place.mkdir()
            start = importlib.import_module("kube_pos.bench.start")
            return dict(start.run_full(place))
        case _:
            return {}
