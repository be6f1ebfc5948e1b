"""The recovery code: how it is written and read, and that it opens its own keys and nothing else."""

from __future__ import annotations

import os
import random
import re
import stat
from pathlib import Path

import pytest

from kube_pos import recovery
from kube_pos.errors import StorageFailed
from kube_pos.keys import Keys
from kube_pos.recovery import MistypedRecoveryCode, NoRecoveryFile, WrongRecoveryCode

KEYS = Keys(bytes(range(32)), bytes(range(32, 64)))
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_code_is_long_grouped_and_without_look_alikes() -> None:
    codes = {recovery.new_code() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert re.fullmatch(rf"[{DIGITS}]{{4}}(-[{DIGITS}]{{4}}){{6}}", code)
        # 26 digits of 5 bits are random.
        assert len(recovery.parse_code(code)) * 5 >= 128


def test_a_code_is_read_however_it_is_typed(tmp_path: Path) -> None:
    code = recovery.new_code()
    recovery.wrap(tmp_path / "r.json", KEYS, code)
    sloppy = code.replace("1", "l").replace("0", "o").lower()
    for typed in (code, code.replace("-", ""), code.replace("-", " "), f"  {sloppy}\n"):
        assert recovery.unwrap(tmp_path / "r.json", typed) == KEYS


def test_a_slip_of_the_hand_is_told_before_anything_is_tried() -> None:
    chance = random.Random(7)
    caught = 0
    for _ in range(1000):
        secret = "".join(chance.choice(DIGITS) for _ in range(26))
        whole = secret + recovery._check(secret)
        assert recovery.parse_code(whole) == secret
        place = chance.randrange(28)
        wrong = whole[:place] + chance.choice(DIGITS.replace(whole[place], "")) + whole[place + 1 :]
        try:
            recovery.parse_code(wrong)
        except MistypedRecoveryCode:
            caught += 1
    # Ten bits check the rest; what slips through is refused by the seal.
    assert caught >= 995


@pytest.mark.parametrize("typed", ["", "KUBE1", "0" * 27, "U" * 28, "\N{FULLWIDTH DIGIT ONE}" * 28])
def test_what_is_no_code_is_told_as_such(typed: str) -> None:
    with pytest.raises(MistypedRecoveryCode):
        recovery.parse_code(typed)


def test_another_code_opens_nothing_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    recovery.wrap(path, KEYS, recovery.new_code())
    before = path.read_bytes()
    with pytest.raises(WrongRecoveryCode) as caught:
        recovery.unwrap(path, recovery.new_code())
    assert caught.value.facts == {"path": str(path)}
    assert path.read_bytes() == before


def test_the_file_shows_neither_key_nor_code_and_is_its_owners(tmp_path: Path) -> None:
    path, code = tmp_path / "r.json", recovery.new_code()
    recovery.wrap(path, KEYS, code)
    raw = path.read_bytes()
    assert KEYS.files not in raw
    assert code.encode() not in raw
    assert recovery.parse_code(code).encode() not in raw
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_code_ends_the_old_one(tmp_path: Path) -> None:
    path, old, new = tmp_path / "r.json", recovery.new_code(), recovery.new_code()
    recovery.wrap(path, KEYS, old)
    recovery.wrap(path, KEYS, new)
    assert recovery.unwrap(path, new) == KEYS
    with pytest.raises(WrongRecoveryCode):
        recovery.unwrap(path, old)


def test_a_new_device_key_is_wrapped_without_the_code(tmp_path: Path) -> None:
    path, code = tmp_path / "r.json", recovery.new_code()
    recovery.wrap(path, KEYS, code)
    fresh = Keys(KEYS.files, bytes(32))
    recovery.wrap_new_device(path, fresh)
    assert recovery.unwrap(path, code) == fresh


def test_without_a_file_there_is_no_device_key_to_wrap(tmp_path: Path) -> None:
    recovery.wrap_new_device(tmp_path / "r.json", KEYS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["gone", "empty", "format", "files", "device", "short"])
def test_a_spoilt_file_is_told(tmp_path: Path, damage: str) -> None:
    path, code = tmp_path / "r.json", recovery.new_code()
    recovery.wrap(path, KEYS, code)
    wrapped = recovery._read(path)
    match damage:
        case "gone":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "format":
            path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
        case "files":
            recovery._write(path, wrapped.salt, bytes(60), KEYS)
        case "device":
            recovery._write(path, wrapped.salt, wrapped.files, Keys(bytes(32), KEYS.device))
        case "short":
            recovery._write(path, wrapped.salt, b"", KEYS)
    with pytest.raises((NoRecoveryFile, WrongRecoveryCode)):
        recovery.unwrap(path, code)


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed):
        recovery.wrap(tmp_path / "gone" / "r.json", KEYS, recovery.new_code())
