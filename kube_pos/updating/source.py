"""Where an update comes from: a folder (a stick) or a web server."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kube_pos.errors import KubePosError
from kube_pos.updating.manifest import MANIFEST, MOST_BYTES, SIGNATURE

_TIMEOUT_S = 30


class UpdateNotFound(KubePosError):
    """There is no update at the place, or it can't be read. Facts: place, reason."""

    code = "update_not_found"


class Source:
    """A folder, or an `http(s)://` address; what it gives is trusted only after the signature and the digest."""

    def __init__(self, place: str) -> None:
        """Take the text that a person gave."""
        self.place = place.rstrip("/")
        self._is_web = place.startswith(("http://", "https://"))

    def manifest(self) -> tuple[bytes, bytes]:
        """Return the manifest's bytes and its signature. Raises UpdateNotFound."""
        found = []
        for name in (MANIFEST, SIGNATURE):
            with self.open(name) as file:
                found.append(file.read(MOST_BYTES))
        return found[0], found[1]

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file of the update for reading. Raises UpdateNotFound, also while it is read."""
        try:
            if self._is_web:
                with urllib.request.urlopen(f"{self.place}/{name}", timeout=_TIMEOUT_S) as answer:  # noqa: S310 -- http(s) only
                    yield answer
            else:
                with (Path(self.place) / name).open("rb") as file:
                    yield file
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise UpdateNotFound(place=f"{self.place}/{name}", reason=str(error)) from error
        except FileNotFoundError as error:
            raise UpdateNotFound(place=f"{self.place}/{name}", reason=error.strerror or "") from error
