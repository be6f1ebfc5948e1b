"""Every sentence that a person reads, in Indonesian and in English.

The sentences lie in `kube_pos/locale/<language>/*.toml`, one file a room of the program, and are asked for by a dotted
key: `texts.say("refusal.expired", day="31-12-2026")`. A test holds the two languages to the same keys and facts.
"""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources

from kube_pos.errors import KubePosError
from kube_pos.ledger.days import month_start, wita
from kube_pos.ledger.ids import BenefitMonth

LANGUAGES = ("id", "en")
DEFAULT_LANGUAGE = "id"


class Texts:
    """The sentences of one language. Immutable after loading; safe to share between threads."""

    def __init__(self, language: str = DEFAULT_LANGUAGE) -> None:
        """Load a language; raises ValueError for one that does not exist."""
        if language not in LANGUAGES:
            raise ValueError(language)
        self.language = language
        self._sentences = _load(language)

    def say(self, key: str, **facts: str | int) -> str:
        """Return the sentence of a key, dressed with its facts; raises KeyError when there is none."""
        return self._sentences[key].format(**facts)

    def has(self, key: str) -> bool:
        """Tell whether there is a sentence for a key."""
        return key in self._sentences

    def keys(self) -> frozenset[str]:
        """Return all keys of the language."""
        return frozenset(self._sentences)

    def raw(self, key: str) -> str:
        """Return a sentence with its placeholders, for tests."""
        return self._sentences[key]

    def error(self, error: KubePosError) -> str:
        """Return the sentence of an error, with the place and the remedy."""
        return self.say(f"error.{error.code}", **error.facts)

    def month(self, month: BenefitMonth) -> str:
        """Return a benefit month in words: «Oktober 2026»."""
        day = month_start(month)
        return f"{self.say(f'month.{day.month}')} {day.year}"

    def short_month(self, month: BenefitMonth) -> str:
        """Return a benefit month, shortened: «Okt 2026»."""
        day = month_start(month)
        return f"{self.say(f'month_short.{day.month}')} {day.year}"

    def day(self, day: date) -> str:
        """Return a day in words: «16 November 2026»."""
        return f"{day.day} {self.say(f'month.{day.month}')} {day.year}"

    def moment(self, at_ms: int) -> str:
        """Return a moment on a clock in Samarinda: «24/11/2026 10:05 WITA»."""
        return f"{wita(at_ms):%d/%m/%Y %H:%M} WITA"


def _load(language: str) -> dict[str, str]:
    folder = resources.files("kube_pos") / "locale" / language
    sentences: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            _flatten("", tomllib.loads(entry.read_text(encoding="utf-8")), sentences)
    return sentences


def _flatten(prefix: str, table: dict[str, object], into: dict[str, str]) -> None:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            _flatten(f"{key}.", value, into)
        elif key in into:
            raise ValueError(f"{key} is given twice")
        else:
            into[key] = str(value)
