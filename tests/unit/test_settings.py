"""The settings file: defaults, what is refused and how, and that half a file is never left."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.errors import SettingsUnreadable
from kube_pos.settings import Settings, load, save, write_durably
from kube_pos.texts import Texts


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load(tmp_path / "settings.toml") == Settings()


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    chosen = Settings(language="en", printer='windows:EPSON «TM» \\\\x"y', printer_columns=48, sync_interval_s=5)
    save(path, chosen)
    assert load(path) == chosen
    assert [entry.name for entry in tmp_path.iterdir()] == ["settings.toml"]


characters = st.characters(exclude_categories=["Cs"])


@given(st.text(characters, max_size=30), st.integers(1, 10**6))
def test_any_text_survives_the_file(tmp_path_factory: pytest.TempPathFactory, text: str, seconds: int) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    chosen = Settings(camera=text, key_file=text, sync_interval_s=seconds)
    save(path, chosen)
    assert load(path) == chosen


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"language = 'jv'", "language"),
        (b"printer_columns = 40", "printer_columns"),
        (b"printer_columns = '32'", "int"),
        (b"printer_colums = 32", "printer_colums"),
        (b"language = ", ""),
        (b"\xff\xfe", ""),
        (b"sync_interval_s = 0", "sync_interval_s"),
        (b"sync_interval_s = -5", "sync_interval_s"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_place(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsUnreadable) as caught:
        load(path)
    assert reason in str(caught.value.facts["reason"])
    assert str(path) in Texts().error(caught.value)
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(SettingsUnreadable):
        load(tmp_path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    save(path, Settings(language="en"))
    (tmp_path / "settings.toml.new").write_bytes(b"half of a fi")
    assert load(path).language == "en"
    save(path, Settings(language="id"))
    assert load(path).language == "id"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_durable_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    (tmp_path / "secret.new").write_bytes(b"left over, readable by all")
    (tmp_path / "secret.new").chmod(0o644)
    write_durably(path, b"x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"x"


def test_every_setting_has_a_default_that_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    save(path, Settings())
    assert load(path) == Settings()
    assert len(path.read_text(encoding="utf-8").splitlines()) == len(msgspec.structs.fields(Settings))
