"""The demo's calendar and its folder: nothing of anybody else is ever touched."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from kube_pos.demo import FolderTaken, demo_settings, prepare, shift_of


@pytest.mark.parametrize("today", [date(2026, 11, 16), date(2026, 11, 24), date(2026, 12, 31)])
def test_while_the_sample_aid_is_current_the_demo_keeps_todays_date(today: date) -> None:
    assert shift_of(today) == (2026, 0)


@pytest.mark.parametrize("today", [date(2027, 1, 1), date(2027, 3, 5), date(2027, 11, 15), date(2028, 2, 29)])
def test_on_other_days_it_plays_on_24_november(today: date) -> None:
    year, days = shift_of(today)
    assert today + timedelta(days=days) == date(year, 11, 24)


def test_a_folder_with_other_data_is_not_touched(tmp_path: Path) -> None:
    kept = tmp_path / "surat.txt"
    kept.write_text("penting", encoding="utf-8")
    with pytest.raises(FolderTaken) as caught:
        prepare(tmp_path, demo_settings(tmp_path, "id"), print)
    assert caught.value.facts == {"path": str(tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == ["surat.txt"]


def test_what_is_chosen_now_wins_over_what_was_kept(tmp_path: Path) -> None:
    settings = demo_settings(tmp_path, "en", printer="file:struk.bin", camera=None)
    assert (settings.language, settings.printer, settings.camera) == ("en", "file:struk.bin", "")
