"""The till's two secrets: the key of its files and the key it signs with.

They lie in the operating system's keyring. A machine without one keeps them in a key file that only its owner may read,
and only when the settings name that file: never silently.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keyring
from keyring.errors import KeyringError

from kube_pos.errors import KeyUnavailable
from kube_pos.settings import write_durably

_SERVICE = "kube-pos"


@dataclass(frozen=True, slots=True)
class Keys:
    """Two keys of 32 bytes each; never shown, never logged."""

    files: bytes
    device: bytes

    def __repr__(self) -> str:
        """Return a text without the keys."""
        return "Keys(…)"


class KeyStore(Protocol):
    """A place where the keys lie."""

    def load(self) -> Keys | None:
        """Return the keys, None when none were ever stored. Raises KeyUnavailable when the place can't be read."""
        ...

    def save(self, keys: Keys) -> None:
        """Store the keys. Raises KeyUnavailable when the place can't be written."""
        ...

    def load_mark(self) -> str | None:
        """Return the mark that lies beside the keys, None when there is none. Raises KeyUnavailable."""
        ...

    def save_mark(self, mark: str) -> None:
        """Keep a mark beside the keys; it is no secret. Raises KeyUnavailable."""
        ...


class KeyFile:
    """A file that only its owner may read, for machines without a keyring."""

    def __init__(self, path: Path) -> None:
        """Keep the keys in `path`."""
        self._path = path
        self._mark = path.with_name(f"{path.name}.mark")

    def load(self) -> Keys | None:
        """Return the keys in the file, None when there is no file."""
        try:
            return _read(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError) as error:
            raise KeyUnavailable(path=str(self._path)) from error

    def save(self, keys: Keys) -> None:
        """Write the file, durably."""
        self._put(self._path, _write(keys))

    def load_mark(self) -> str | None:
        """Return the mark in the file beside the keys, None when there is no file."""
        try:
            return self._mark.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise KeyUnavailable(path=str(self._mark)) from error

    def save_mark(self, mark: str) -> None:
        """Write the file beside the keys, durably."""
        self._put(self._mark, mark)

    def _put(self, path: Path, text: str) -> None:
        try:
            write_durably(path, text.encode("ascii"))
        except OSError as error:
            raise KeyUnavailable(path=str(path)) from error


class OsKeyring:
    """The keyring of the operating system, one entry for each data folder."""

    def __init__(self, folder: Path) -> None:
        """Keep the keys under the name of a data folder."""
        self._name = str(folder.resolve())

    def load(self) -> Keys | None:
        """Return the keys in the keyring, None when it has none for this folder."""
        text = self._get(self._name)
        try:
            return _read(text) if text else None
        except (ValueError, KeyError) as error:
            raise KeyUnavailable(path=f"keyring {_SERVICE}") from error

    def save(self, keys: Keys) -> None:
        """Put the keys into the keyring."""
        self._set(self._name, _write(keys))

    def load_mark(self) -> str | None:
        """Return the mark in the keyring, None when it has none for this folder."""
        return self._get(f"{self._name} mark")

    def save_mark(self, mark: str) -> None:
        """Put a mark into the keyring."""
        self._set(f"{self._name} mark", mark)

    def _get(self, name: str) -> str | None:
        try:
            return keyring.get_password(_SERVICE, name)
        except KeyringError as error:
            raise KeyUnavailable(path=f"keyring {_SERVICE}") from error

    def _set(self, name: str, text: str) -> None:
        try:
            keyring.set_password(_SERVICE, name, text)
        except KeyringError as error:
            raise KeyUnavailable(path=f"keyring {_SERVICE}") from error


def key_store(folder: Path, key_file: str) -> KeyStore:
    """Return where a till's keys lie: in `key_file` when the settings name one, else in the keyring."""
    return KeyFile(Path(key_file)) if key_file else OsKeyring(folder)


def _write(keys: Keys) -> str:
    named = {"files": keys.files, "device": keys.device}
    return json.dumps({name: base64.b64encode(key).decode() for name, key in named.items()})


def _read(text: str) -> Keys:
    named = json.loads(text)
    if not isinstance(named, dict) or not all(isinstance(key, str) for key in named.values()):
        raise ValueError("keys are texts under names")
    keys = Keys(*(base64.b64decode(named[name], validate=True) for name in ("files", "device")))
    if len(keys.files) != 32 or len(keys.device) != 32:
        raise ValueError("keys have 32 bytes")
    return keys
