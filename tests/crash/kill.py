"""`python -m tests.crash.kill --kills N`: a real till is killed while it sells, started again, and proved each time."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from kube_pos.ledger.entries import GeneralSale, Redemption, Reversal, decode
from tests.crash.day import Day, opening
from tests.crash.outlet import CrashOutlet
from tests.crash.seller import ACKED, ENTRY, sell

KILLS_A_FOLDER = 25
LONGEST_MS = 250
PATIENCE_S = 30


@dataclass(slots=True)
class Kills:
    """What a series of kills brought."""

    kills: int = 0
    promised: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    half: int = 0
    baskets_finished: int = 0
    """Baskets that a kill left open and the next start sold."""
    said: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Told:
    entries: dict[int, bytes] = field(default_factory=dict)
    acked: int = 0
    retried: int = 0


def kill_and_prove(kills: int, seed: int) -> Kills:
    """Kill a selling till so many times, at random moments."""
    found = Kills()
    chance = random.Random(seed)
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(["tests.crash.seller"])
    while found.kills < kills:
        with tempfile.TemporaryDirectory() as folder:
            _prepare(Path(folder))
            told = _Told()
            for _ in range(min(KILLS_A_FOLDER, kills - found.kills)):
                _one_kill(context, folder, told, chance)
                found.kills += 1
                found.said += _prove(Path(folder), told, found)
            found.promised += len(told.entries)
            found.acknowledged += told.acked
            found.baskets_finished += told.retried
    return found


def _prepare(folder: Path) -> None:
    outlet = CrashOutlet(folder)
    for _, step in opening(Day(outlet, lambda *_: None)):
        step()
    outlet.close()


def _one_kill(context: multiprocessing.context.BaseContext, folder: str, told: _Told, chance: random.Random) -> None:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=sell, args=(folder, theirs), daemon=True)  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    if not ours.poll(PATIENCE_S):
        raise AssertionError(f"no sale in {PATIENCE_S} s")
    threading.Event().wait(chance.uniform(0, LONGEST_MS) / 1000)
    if not process.is_alive():
        raise AssertionError("the till ended by itself")
    process.kill()
    for message in _messages(ours):
        number = int.from_bytes(message[1:9], "big")
        if message[:1] == ENTRY:
            told.entries[number] = message[9:]
        elif message[:1] == ACKED:
            told.acked = max(told.acked, number)
        else:
            told.retried += 1
    process.join(PATIENCE_S)


def _messages(pipe: Connection) -> Iterator[bytes]:
    """Yield what was told before the end; the last message may be cut off by the kill."""
    try:
        while True:
            yield pipe.recv_bytes()
    except (EOFError, OSError):
        pipe.close()


def _prove(folder: Path, told: _Told, found: Kills) -> Iterator[str]:
    """Open the files as the next start does, prove them, and count what is amiss."""
    outlet = CrashOutlet(folder)
    try:
        for finding in outlet.findings():
            found.half += 1
            yield finding
        rows = outlet.journal_file.read().exec_driver_sql("SELECT seq, hash, body FROM entry").fetchall()
        present = {int(row[0]): bytes(row[1]) for row in rows}
        for seq, digest in told.entries.items():
            if present.get(seq) != digest:
                found.lost += 1
                yield f"entry {seq} was promised and is lost"
        sales = [e.sale for e in (decode(row[2]) for row in rows) if isinstance(e, Redemption | GeneralSale | Reversal)]
        found.doubled += len(sales) - len(set(sales))
        if outlet.outbox.acked()[0] < told.acked:
            found.lost += 1
            yield f"{told.acked} was acknowledged and {outlet.outbox.acked()[0]} is left of it"
        newest = max(told.entries, default=0)
        if max(present, default=0) > newest + 1 and newest:
            found.half += 1
            yield f"{max(present)} entries, of which {newest} were told"
        # What the killed run had stored and not told stays, and counts from now on.
        told.entries.update(present)
    finally:
        outlet.close()


def main() -> int:
    """Run a series; 1 when something was lost, doubled or half done."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    found = kill_and_prove(asked.kills, asked.seed)
    for line in found.said[:10]:
        sys.stdout.write(f"{line}\n")
    figures = {name: value for name, value in asdict(found).items() if name != "said"}
    sys.stdout.write(json.dumps(figures) + "\n")
    return int(found.lost + found.doubled + found.half > 0)


if __name__ == "__main__":
    sys.exit(main())
