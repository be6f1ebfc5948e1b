"""Every state, hint and error of a device has a sentence in both languages, with the facts that the device gives."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from kube_pos.devices import ports
from kube_pos.devices.ports import DeviceState
from kube_pos.devices.print_queue import JobState
from kube_pos.texts import LANGUAGES, Texts

FOLDER = Path(ports.__file__).parent
FACTS = {"scanner": {"port"}, "camera": {"camera"}, "printer": set[str]()}
_DETAIL = re.compile(r"(scanner|camera|printer)_[a-z_]+")


def details() -> list[str]:
    """Return the codes of details that stand in the room's source."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _DETAIL.fullmatch(node.value):
                found.add(node.value)
    return sorted(found - {"scanner_port", "printer_models"})


def _all_keys() -> frozenset[str]:
    return Texts("id").keys()


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("detail", details())
def test_a_detail_has_a_sentence_that_needs_only_the_facts_given(detail: str, language: str) -> None:
    sentence = Texts(language).raw(f"device.{detail}")
    given = {"library", "package"} if detail == "camera_library_missing" else FACTS[detail.partition("_")[0]]
    assert placeholders(sentence) <= given


@pytest.mark.parametrize("language", LANGUAGES)
def test_states_hints_and_names_have_words(language: str) -> None:
    texts = Texts(language)
    for key in (
        *(f"device_state.{state}" for state in DeviceState),
        *(f"print_job.{state}" for state in JobState),
        *(f"camera_hint.{hint}" for hint in ("dark", "bright", "blurred")),
        *(f"device_name.{device}" for device in FACTS),
    ):
        assert texts.has(key), key


def test_no_sentence_is_left_over() -> None:
    keys = {key.removeprefix("device.") for key in _all_keys() if key.startswith("device.")}
    assert keys == set(details())
