"""Sentences: both languages say the same with the same facts, and everything that can go wrong has one."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import string
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import kube_pos
from kube_pos import errors
from kube_pos.errors import KubePosError
from kube_pos.ledger.documents import Role
from kube_pos.ledger.entitlement import LineState, Refusal
from kube_pos.ledger.entries import Mismatch
from kube_pos.ledger.ids import BenefitMonth
from kube_pos.operations.look_up import CodeFault
from kube_pos.texts import DEFAULT_LANGUAGE, LANGUAGES, Texts
from tests.fakes import TODAY
from tests.pure_kit import NOW

ROOT = Path(kube_pos.__file__).parent
NEEDS_A_SCREEN = ("kube_pos.ui", "kube_pos.app", "kube_pos.__main__")
BOTH = {language: Texts(language) for language in LANGUAGES}
_FACTS = re.compile(r"Facts: (.*?)\.(?:\s|$)", re.DOTALL)


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def all_errors() -> list[type[KubePosError]]:
    """Every error of the program, after importing all that needs no screen."""
    for module in pkgutil.walk_packages(kube_pos.__path__, "kube_pos."):
        if not module.name.startswith(NEEDS_A_SCREEN):
            importlib.import_module(module.name)

    def below(kind: type[KubePosError]) -> Iterator[type[KubePosError]]:
        for sub in kind.__subclasses__():
            if sub.__module__.startswith("kube_pos."):
                yield sub
                yield from below(sub)

    return sorted({KubePosError, *below(KubePosError)}, key=lambda kind: kind.__name__)


ERRORS = all_errors()


def documented(kind: type[KubePosError]) -> set[str]:
    if kind is KubePosError:
        # The screen itself tells where the log lies.
        return {"path"}
    match = _FACTS.search(kind.__doc__ or "")
    if match is None or match.group(1).strip() == "none":
        return set()
    without_remarks = re.sub(r"\([^)]*\)", "", match.group(1))
    return {part.split()[0] for part in without_remarks.split(",") if part.split()}


def test_the_languages_have_the_same_keys() -> None:
    assert BOTH["id"].keys() == BOTH["en"].keys()
    assert len(BOTH["id"].keys()) > 100


@pytest.mark.parametrize("key", sorted(BOTH[DEFAULT_LANGUAGE].keys()))
def test_a_sentence_needs_the_same_facts_in_both_languages(key: str) -> None:
    facts = {language: placeholders(texts.raw(key)) for language, texts in BOTH.items()}
    assert facts["id"] == facts["en"]
    assert all(name.isidentifier() for name in facts["id"]), "a placeholder has a name"
    for texts in BOTH.values():
        assert texts.raw(key).strip()


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_has_a_sentence_made_of_its_documented_facts(kind: type[KubePosError]) -> None:
    facts = documented(kind)
    for texts in BOTH.values():
        needed = placeholders(texts.raw(f"error.{kind.code}"))
        assert needed <= facts, f"{kind.__name__} documents {facts}"
        sentence = texts.error(kind(**dict.fromkeys(facts, "x")))
        assert "{" not in sentence
        assert len(sentence.split()) > 2


def test_an_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in ERRORS if "code" in vars(kind)]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


def raised() -> Iterator[tuple[str, type[KubePosError], set[str]]]:
    """Every place outside the window that makes an error: where, which, with which facts."""
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(("kube_pos", *path.relative_to(ROOT).with_suffix("").parts))
        if name.startswith(NEEDS_A_SCREEN):
            continue
        module = importlib.import_module(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                kind = getattr(module, node.func.id, None)
                facts = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
                if kind in ERRORS and not node.args and len(facts) == len(node.keywords):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", kind, facts


def test_an_error_is_raised_with_the_facts_that_its_sentence_needs() -> None:
    found = list(raised())
    assert len(found) > 60
    for place, kind, facts in found:
        for texts in BOTH.values():
            assert placeholders(texts.raw(f"error.{kind.code}")) <= facts, place
        assert facts <= documented(kind), place


@pytest.mark.parametrize(
    "key",
    [
        *(f"refusal.{reason.value}" for reason in Refusal),
        *(f"refusal_short.{reason.value}" for reason in Refusal),
        *(f"code_fault.{fault.value}" for fault in CodeFault),
        *(f"mismatch.{category.value}" for category in Mismatch),
        *(f"slip.line_{state.value}" for state in LineState),
        *(f"role.{role.value}" for role in Role),
        *(f"receipt.title_{kind}" for kind in ("Redemption", "GeneralSale", "Reversal")),
        *(f"month.{number}" for number in range(1, 13)),
        *(f"month_short.{number}" for number in range(1, 13)),
    ],
)
def test_whatever_can_be_told_has_its_sentence(key: str) -> None:
    assert all(texts.has(key) for texts in BOTH.values())


def test_no_word_of_poverty_is_told_to_a_family() -> None:
    for texts in BOTH.values():
        for key in sorted(texts.keys()):
            assert not re.search(r"\b(miskin|fakir|poor|poverty|tidak mampu|prasejahtera)\b", texts.raw(key).lower()), (
                key
            )


def test_days_and_moments_are_written_as_indonesians_do() -> None:
    texts = BOTH["id"]
    assert texts.day(date(2026, 11, 16)) == "16 November 2026"
    assert texts.month(BenefitMonth("2026-10")) == "Oktober 2026"
    assert texts.short_month(BenefitMonth("2026-10")) == "Okt 2026"
    assert texts.moment(NOW) == f"{TODAY:%d/%m/%Y} 10:00 WITA"


def test_braces_in_a_fact_are_only_text() -> None:
    error = errors.NotOnAllowList(product="{x} %s {0}")
    assert "{x} %s {0}" in BOTH["id"].error(error)


def test_a_language_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="jv"):
        Texts("jv")


def test_a_key_that_does_not_exist_is_a_mistake_of_the_program() -> None:
    assert not BOTH["id"].has("nothing.here")
    with pytest.raises(KeyError):
        BOTH["id"].say("nothing.here")


def test_an_error_in_the_log_shows_code_and_facts() -> None:
    assert str(errors.DatabaseTooNew(path="x", found=2, known=1)) == "database_too_new found=2 known=1 path=x"
