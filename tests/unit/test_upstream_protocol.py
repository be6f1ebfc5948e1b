"""PROTOCOL.md is no prose: its tables are the program's codes, its worked example is made and read again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.entries import DayOpened, Redemption, decode, encode
from kube_pos.ledger.ids import LedgerId
from kube_pos.sync import wire
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.upstream.auth import AUDIENCE, LONGEST_LIFE_S, TOLERANCE_S
from kube_pos.upstream.batches import hashes_of, read_batch
from kube_pos.upstream.keys import is_signed_by
from kube_pos.upstream.problems import RequestRefused, codes
from kube_pos.upstream.verdicts import ReportCode, VerdictCode

PAGE = (Path(wire.__file__).parent / "PROTOCOL.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    (found,) = re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)
    return json.loads(found)  # type: ignore[no-any-return]


def table(heading: str) -> dict[str, str]:
    """First and second column of the table under a heading row."""
    rows = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", rows, re.MULTILINE))


def private(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(wire.from_base64(text))


def test_every_problem_stands_on_the_page_with_its_status() -> None:
    assert {code: int(status) for code, status in table("code").items()} == {
        code: RequestRefused(code).problem.status for code in codes()
    }


def test_every_verdict_stands_on_the_page_and_has_its_sentence() -> None:
    assert list(table("verdict")) == [code.value for code in VerdictCode]
    for language in LANGUAGES:
        for code in (*VerdictCode, *ReportCode):
            assert Texts(language).say(f"upstream_verdict.{code}")


def test_every_state_of_a_share_request_stands_on_the_page() -> None:
    assert list(table("state")) == [state.value for state in wire.ShareState]


def test_figures_of_the_page() -> None:
    assert f"`{AUDIENCE}`" in PAGE
    assert f"at most {LONGEST_LIFE_S} apart" in PAGE
    assert f"{TOLERANCE_S} s before `iat`" in PAGE
    assert f"1 to {wire.MAX_BATCH_ENTRIES} entries" in PAGE
    assert wire.MAX_BODY_BYTES == 2 * 1024 * 1024
    labels = (wire.BATCH_LABEL, wire.ANSWER_LABEL, wire.PAGE_LABEL, wire.ENROLMENT_LABEL)
    for label in (*labels, wire.REQUEST_LABEL, wire.SHARE_LABEL):
        assert f"`{label.decode()}`" in PAGE
    assert f"Version {wire.PROTOCOL}." in PAGE


def test_the_keys_of_the_example(example: dict[str, str]) -> None:
    for name in ("till", "upstream"):
        public = private(example[f"{name}_private_key"]).public_key().public_bytes_raw()
        assert wire.to_base64(public) == example[f"{name}_public_key"]
    code = wire.read_enrolment_code(example["enrolment_text"])
    assert code.fingerprint == example["upstream_fingerprint"]
    assert wire.write_enrolment_code(code) == example["enrolment_text"]


def test_the_entries_and_chain_of_the_example(example: dict[str, str]) -> None:
    bodies = [body.encode() for body in example["bodies"]]
    entries = [decode(body) for body in bodies]
    assert [type(entry) for entry in entries] == [DayOpened, Redemption]
    assert [encode(entry) for entry in entries] == bodies
    head = genesis(LedgerId(example["ledger_id"]))
    assert head.hex() == example["hash_0"]
    for seq, body in enumerate(bodies, start=1):
        head = link(head, seq, body)
        assert head.hex() == example[f"hash_{seq}"]


def test_the_upload_of_the_example(example: dict[str, str]) -> None:
    compressed = bytes.fromhex(example["batch_zstd"])
    batch = read_batch(compressed)
    assert msgspec.msgpack.encode(batch).hex() == example["batch_msgpack"]
    assert (batch.first, batch.previous.hex()) == (1, example["hash_0"])
    assert [found.hex() for found in hashes_of(batch)] == [example["hash_1"], example["hash_2"]]
    till = wire.from_base64(example["till_public_key"])
    assert is_signed_by(till, example["batch_signature"], wire.BATCH_LABEL, compressed)
    assert not is_signed_by(till, example["batch_signature"], wire.ANSWER_LABEL, compressed)
    answer = msgspec.json.decode(example["answer"], type=wire.UploadAnswer)
    assert (answer.acked, answer.head) == (2, example["hash_2"])


@pytest.mark.parametrize(("name", "label"), [("answer", wire.ANSWER_LABEL), ("page", wire.PAGE_LABEL)])
def test_the_answers_of_the_example_are_signed(example: dict[str, str], name: str, label: bytes) -> None:
    key = Ed25519PublicKey.from_public_bytes(wire.from_base64(example["upstream_public_key"]))
    signature = wire.from_base64(example[f"{name}_signature"])
    key.verify(signature, wire.signed(label, example[name].encode()))
    assert private(example["upstream_private_key"]).sign(wire.signed(label, example[name].encode())) == signature


def test_the_page_of_the_example(example: dict[str, str]) -> None:
    page = wire.read_page(example["page"].encode())
    assert [(change.n, change.kind, change.doc is None) for change in page.changes] == [
        (9, "fund", False),
        (12, "staff", True),
    ]
    assert page.next == 12
