"""The till's two secrets: kept, found again, never shown, and never made up when they are lost."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordSetError

from kube_pos.errors import KeyUnavailable
from kube_pos.keys import KeyFile, Keys, OsKeyring, key_store
from kube_pos.texts import Texts

KEYS = Keys(bytes(range(32)), bytes(range(32, 64)))


class MemoryKeyring(KeyringBackend):
    """A keyring in memory that can be locked."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringError
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise PasswordSetError
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before, made = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.mark.usefixtures("ring")
def test_the_keyring_keeps_the_keys_of_each_folder_apart(tmp_path: Path) -> None:
    one, other = OsKeyring(tmp_path / "one"), OsKeyring(tmp_path / "other")
    assert one.load() is None
    one.save(KEYS)
    assert one.load() == KEYS
    assert other.load() is None


def test_a_locked_keyring_is_no_lost_key(ring: MemoryKeyring, tmp_path: Path) -> None:
    store = OsKeyring(tmp_path)
    store.save(KEYS)
    ring.locked = True
    for attempt in (store.load, lambda: store.save(KEYS)):
        with pytest.raises(KeyUnavailable) as caught:
            attempt()
        assert "keyring kube-pos" in Texts().error(caught.value)
    ring.locked = False
    assert store.load() == KEYS


def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    store = KeyFile(path)
    assert store.load() is None
    store.save(KEYS)
    assert store.load() == KEYS
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


SHORT = base64.b64encode(bytes(31)).decode()
WHOLE = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "1",
        "null",
        "{}",
        json.dumps({"files": WHOLE}),
        json.dumps({"files": WHOLE, "device": 5}),
        json.dumps({"files": WHOLE, "device": SHORT}),
        json.dumps({"files": WHOLE, "device": "«»"}),
        json.dumps({"files": WHOLE, "device": WHOLE[:-1]}),
        "\N{SNOWMAN}",
    ],
)
def test_a_spoilt_key_is_told_and_left_as_it_is(content: str, tmp_path: Path, ring: MemoryKeyring) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(KeyUnavailable) as caught:
        KeyFile(path).load()
    assert caught.value.facts == {"path": str(path)}
    assert path.read_text(encoding="utf-8") == content
    ring.kept["kube-pos", str(tmp_path.resolve())] = content
    if content:
        with pytest.raises(KeyUnavailable):
            OsKeyring(tmp_path).load()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable):
        KeyFile(tmp_path / "gone" / "keys.json").save(KEYS)
    with pytest.raises(KeyUnavailable):
        KeyFile(tmp_path).load()


def test_keys_are_never_shown() -> None:
    shown = f"{KEYS} {KEYS!r}"
    assert "\\x01" not in shown
    assert base64.b64encode(KEYS.files).decode() not in shown


def test_a_key_file_is_used_only_when_the_settings_name_it(tmp_path: Path) -> None:
    assert isinstance(key_store(tmp_path, ""), OsKeyring)
    assert isinstance(key_store(tmp_path, str(tmp_path / "k")), KeyFile)
