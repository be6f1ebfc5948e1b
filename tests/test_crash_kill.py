"""A selling till is killed at any moment; a bounded part. The whole: `python -m tests.crash.kill --kills 1000`."""

from __future__ import annotations

import pytest

from tests.crash.kill import kill_and_prove


@pytest.mark.slow
def test_a_killed_till_has_lost_and_doubled_nothing() -> None:
    found = kill_and_prove(25, 1)
    assert found.said == []
    assert (found.kills, found.lost, found.doubled, found.half) == (25, 0, 0, 0)
    assert found.promised > 25
    assert found.acknowledged > 0
