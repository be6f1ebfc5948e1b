"""Telling a proxy again by name, without keeping the name: all that an anomaly needs. Pure."""

from __future__ import annotations

import hashlib
import unicodedata


def collector_key(name: str) -> str:
    """Return the key of a proxy's name: capitals, marks, dots and blanks make no difference."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return hashlib.sha256(f"collector:{' '.join(letters.split())}".encode()).hexdigest()[:16]
