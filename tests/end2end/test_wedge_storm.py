"""A bounded storm of real key events on a real X server; in full: `python -m tests.wedge_storm --scans 10000`."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.wedge_storm.run import frozen, storm

pytestmark = [
    pytest.mark.screen,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name != "posix" or shutil.which("Xvfb") is None, reason="needs Xvfb and xdotool"),
]


def test_scans_at_four_speeds_among_a_persons_keys_are_all_read_and_leak_nothing() -> None:
    report = storm(120, seed=3)
    assert report.is_clean, report
    assert report.scans == 120
    assert report.keys_typed > 20


def test_after_the_window_stood_still_for_seconds_people_and_scanners_are_still_told_apart() -> None:
    report = frozen(seed=4, rounds=2)
    assert report.is_clean, report
    assert report.scans == 2
