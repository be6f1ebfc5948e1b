"""The window's sentences are whole: both languages, the same facts, and none that the program asks for is missing."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from kube_pos.devices.ports import DeviceState, Source
from kube_pos.ledger.entitlement import LineState
from kube_pos.ledger.entries import Mismatch
from kube_pos.operations.look_up import CodeFault, NumberKind
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.ui.help_page import KEYS
from kube_pos.ui.print_line import _TONES as PRINT_STATES
from kube_pos.ui.proxy_form import REASONS, RELATIONS
from kube_pos.ui.rail import PLACES
from kube_pos.ui.reversal_form import REASONS as REVERSAL_REASONS
from kube_pos.upstream.verdicts import VerdictCode

ROOM = Path(__file__).parents[2] / "kube_pos" / "ui"


def facts_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_sentences_with_the_same_facts() -> None:
    indonesian, english = Texts("id"), Texts("en")
    own = {key for key in indonesian.keys() if key.startswith("ui.")}  # noqa: SIM118 -- a method of Texts
    assert own == {key for key in english.keys() if key.startswith("ui.")}  # noqa: SIM118
    assert len(own) > 200
    differing = {key for key in own if facts_of(indonesian.raw(key)) != facts_of(english.raw(key))}
    assert differing == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_that_the_code_names_exists(language: str) -> None:
    texts = Texts(language)
    named = set()
    for file in sorted(ROOM.glob("*.py")):
        source = file.read_text(encoding="utf-8")
        named |= {f"ui.{key}" for key in re.findall(r'(?<!\.texts\.)(?<!texts\.)\bsay\(\s*"([a-z_.0-9]+)"', source)}
        named |= set(re.findall(r'texts\.say\(\s*"([a-z_.0-9]+)"', source))
        named |= {f"ui.{key}" for key in re.findall(r'_tell\(\s*"([a-z_.0-9]+)"', source)}
    assert len(named) > 150
    assert {key for key in named if not texts.has(key)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_a_set_of_codes_exists(language: str) -> None:
    texts = Texts(language)
    keys = {
        *(f"ui.months.{state.value}" for state in LineState),
        *(f"ui.lamp.{state.value}" for state in DeviceState),
        *(f"ui.devices.state_{state.value}" for state in DeviceState),
        *(f"ui.devices.source_{source.value}" for source in Source),
        *(f"ui.office.{code.value}" for code in VerdictCode),
        *(f"ui.number.{kind.value}" for kind in NumberKind),
        *(f"mismatch.{kind.value}" for kind in Mismatch),
        *(f"code_fault.{fault.value}" for fault in CodeFault),
        *(f"ui.proxy.relation_{code}" for code in RELATIONS),
        *(f"ui.proxy.reason_{code}" for code in REASONS),
        *(f"ui.reversal.{code}" for code in REVERSAL_REASONS),
        *(f"ui.print.{state}" for state in PRINT_STATES),
        *(f"ui.rail.{name}" for name, _, _ in PLACES),
        *(f"ui.{words}" for _, words in KEYS),
        *(f"ui.stock.field.{name}" for name in ("delivery_note_no", "supplier", "lines")),
        *(f"ui.{key}" for key in ("kasir.leave_basket", "kasir.drop", "closing.agrees", "closing.differs")),
        *(f"ui.{key}" for key in ("sync.has_exceptions", "sync.has_waiting", "sync.all_sent", "lamp.trouble")),
    }
    assert {key for key in keys if not texts.has(key)} == set()


def test_no_sentence_of_the_window_speaks_of_poverty() -> None:
    texts = Texts("id")
    words = " ".join(texts.raw(key) for key in texts.keys() if key.startswith("ui.")).casefold()  # noqa: SIM118
    assert not re.search(r"\b(miskin|fakir|tidak mampu|prasejahtera|dhuafa)\b", words)
