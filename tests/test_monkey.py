"""A bounded share of the monkey test; the full run is `python -m tests.monkey --events 100000`."""

from __future__ import annotations

import json
import os
import subprocess
import sys

EVENTS = 2_000


def test_random_events_break_nothing_and_freeze_nothing() -> None:
    command = [sys.executable, "-m", "tests.monkey", "--events", str(EVENTS), "--seed", "1", "--json"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["events"] == EVENTS
    assert (found["exceptions"], found["first_exception"]) == (0, "")
    # The processor's time, not the wall clock's: other work on the machine is not the window's fault.
    assert found["busy"] == 0, f"{found['busiest_ms']} ms"
    assert found["verified"]
    assert found["sales"] > 3
