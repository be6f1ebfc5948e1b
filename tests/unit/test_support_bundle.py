"""The support bundle tells how the till is and names nobody."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kube_pos import logs
from kube_pos.errors import StorageFailed
from kube_pos.settings import Settings
from kube_pos.support_bundle import write_bundle

NIK, CARD = "6472025208850003", "00000000010160"
FAMILY, CASHIER = "Siti Aminah", "Hj. Norhayati"
LOG = (
    f"ERROR E-12AB KeyError at basket.py:7 add\nbad row {NIK} of {FAMILY}\ncard {CARD[:4]} {CARD[4:8]} {CARD[8:]}\n"
    f"WARNING {CASHIER.upper()} at /home/{CASHIER.split()[1].lower()}/till, printer network:10.1.2.3:9100\n"
)


def test_no_number_and_no_name_is_in_the_bundle(tmp_path: Path) -> None:
    for name in (logs.FILE_NAME, f"{logs.FILE_NAME}.1"):
        (tmp_path / name).write_text(LOG, encoding="utf-8")
    (tmp_path / "journal.db").write_bytes(NIK.encode())
    settings = Settings(printer="network:10.1.2.3:9100", key_file="/home/norhayati/key", language="en")
    facts = {"terminal": "A01", "entries": 12, "worst case": f"{NIK} {FAMILY}", "folder": "/home/norhayati/pos"}
    made = write_bundle(tmp_path / "support.zip", tmp_path, facts, settings, (FAMILY, CASHIER))
    with zipfile.ZipFile(made) as bundle:
        assert sorted(bundle.namelist()) == ["facts.json", "kube-pos.log", "kube-pos.log.1", "settings.json"]
        text = "\n".join(bundle.read(name).decode() for name in bundle.namelist())
    digits = "".join(each for each in text if each.isdigit())
    for secret in (NIK, CARD, "Siti", "Aminah", "norhayati"):
        assert secret.casefold() not in text.casefold()
    assert CARD not in digits
    assert "key_file" in text
    assert "E-12AB KeyError at basket.py:7" in text
    assert '"entries": 12' in text
    assert "10.1.2.3" not in bundle_settings(made)


def bundle_settings(path: Path) -> str:
    with zipfile.ZipFile(path) as bundle:
        return bundle.read("settings.json").decode()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed):
        write_bundle(tmp_path / "no" / "support.zip", tmp_path, {}, Settings(), ())
