"""What really happened, written down beside the tills: every entry that any journal ever held, added up by hand.

Bodies are read as plain JSON, not by the program's own decoder, so that a mistake in it is not repeated here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.sqlite_queues import QueuedEntry


@dataclass
class Branch:
    """One journal as it went on: a clone or an old copy put back under the same ledger is a branch of its own."""

    ledger_id: LedgerId
    bodies: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    spent: Counter[int] = field(default_factory=Counter)
    released: Counter[int] = field(default_factory=Counter)
    draws: dict[int, dict[int, int]] = field(default_factory=dict)
    sales: dict[str, int] = field(default_factory=dict)
    """How often each sale's id was journaled."""
    acked: int = 0
    """The highest number that the till ever took for acknowledged."""

    def fork(self, seq: int) -> Branch:
        """Return a branch that shares everything up to an entry."""
        twin = Branch(self.ledger_id)
        twin.take(QueuedEntry(n + 1, self.bodies[n], self.hashes[n]) for n in range(min(seq, len(self.bodies))))
        return twin

    def take(self, entries: Iterable[QueuedEntry]) -> Counter[int]:
        """Add entries; return by how much each row's spending changed."""
        changed: Counter[int] = Counter()
        for entry in entries:
            assert entry.seq == len(self.bodies) + 1, "a journal lost or jumped an entry"
            self.bodies.append(entry.body)
            self.hashes.append(entry.hash)
            for row, amount in self._draws_of(entry.seq, json.loads(entry.body)).items():
                changed[row] += amount
        self.spent.update(changed)
        return changed

    def _draws_of(self, seq: int, body: dict[str, object]) -> dict[int, int]:
        drawn: dict[int, int] = {}
        if body["kind"] == "Redemption":
            for line in body["lines"]:  # type: ignore[attr-defined]
                for row, amount in line.get("draws", ()):
                    drawn[row] = drawn.get(row, 0) + amount
            self.draws[seq] = drawn
        elif body["kind"] == "Reversal":
            drawn = {row: -amount for row, amount in self.draws.get(int(str(body["target"])), {}).items()}
        elif body["kind"] == "ShareReleased":
            row = int(str(body["entitlement"]))
            self.released[row] = max(self.released[row], int(str(body["released"])))
        if "sale" in body and body["kind"] in {"Redemption", "GeneralSale"}:
            self.sales[str(body["sale"])] = self.sales.get(str(body["sale"]), 0) + 1
        return drawn
