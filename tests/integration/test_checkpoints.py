"""Signed points of the journal: a chain made anew by someone with the file's key alone is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from kube_pos.ledger import entries
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.checkpoint import is_signed, message
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.sync.signing import DeviceKey
from kube_pos.texts import LANGUAGES, Texts
from tests.fakes import TODAY
from tests.ledger_kit import CASHIER, KEY, LEDGER, MANAGER, Outlet

DEVICE = DeviceKey(bytes([3]) * 32)
PUBLIC = DEVICE.public_key()


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Outlet]:
    """Entries 1–5: delivery, sign-in, a close, a sign-in, a sign-out; 3 and 5 are signed points."""
    kit = Outlet(tmp_path)
    kit.journal = SqliteJournal(kit.journal_file, DEVICE.sign)
    kit.stock_up()
    kit.journal.append(entries.SignedIn(at=kit.till.now_ms(), day=TODAY, by=CASHIER.id))
    close_day(kit)
    kit.journal.append(entries.SignedIn(at=kit.till.now_ms(), day=TODAY, by=MANAGER.id))
    kit.journal.append(entries.SignedOut(at=kit.till.now_ms(), day=TODAY, by=MANAGER.id))
    kit.journal.sign_head()
    yield kit
    kit.close()


def close_day(kit: Outlet) -> None:
    none = Rupiah(0)
    kit.journal.append(
        entries.DayClosed(
            at=kit.till.now_ms(), day=TODAY, by=MANAGER.id, sales=(), entitlement_used=none, goods_out=none, cash=none
        )
    )


def tampered(kit: Outlet) -> Any:
    """Return a connection as someone with the file's key has it, the guards taken away."""
    connection = sqlcipher.connect(str(kit.folder / "journal.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    connection.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
    for name in ("entry_follows_on", "entry_is_never_changed", "entry_is_never_deleted"):
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def make_the_chain_anew(kit: Outlet, *, then: str = "") -> None:
    """Put another cashier's number into entry 2 and make every hash after it anew."""
    connection = tampered(kit)
    head = genesis(LEDGER)
    for seq, body in connection.execute("SELECT seq, body FROM entry ORDER BY seq").fetchall():
        forged = body.replace(b'"by":1', b'"by":7') if seq == 2 else body
        head = link(head, seq, forged)
        connection.execute("UPDATE entry SET body = ?, hash = ? WHERE seq = ?", (forged, head, seq))
        connection.execute("UPDATE checkpoint SET hash = ? WHERE seq = ? AND ?", (head, seq, then == "hashes"))
    if then == "dropped":
        connection.execute("DELETE FROM checkpoint")
    connection.close()


def found(kit: Outlet, key: bytes | None = PUBLIC) -> set[tuple[str, str]]:
    return {(finding.code, finding.place) for finding in verify(kit.journal_file, key).findings}


def test_a_close_and_a_backups_point_are_signed_and_hold(signed: Outlet) -> None:
    rows = signed.journal_file.read().exec_driver_sql("SELECT seq, hash, signature FROM checkpoint").fetchall()
    assert [row[0] for row in rows] == [3, 5]
    assert all(is_signed(PUBLIC, message(LEDGER, seq, digest), signature) for seq, digest, signature in rows)
    assert found(signed) == set()
    assert found(signed, None) == set()


def test_signing_the_same_entry_twice_keeps_one_point(signed: Outlet) -> None:
    signed.journal.sign_head()
    assert signed.journal_file.read().exec_driver_sql("SELECT count(*) FROM checkpoint").scalar() == 2


def test_nothing_is_signed_before_the_first_entry_or_without_a_key(tmp_path: Path) -> None:
    kit = Outlet(tmp_path)
    SqliteJournal(kit.journal_file, DEVICE.sign).sign_head()
    kit.stock_up()
    kit.journal.sign_head()
    assert kit.journal_file.read().exec_driver_sql("SELECT count(*) FROM checkpoint").scalar() == 0
    kit.close()


def test_a_chain_made_anew_is_found(signed: Outlet) -> None:
    make_the_chain_anew(signed)
    assert found(signed) == {("checkpoint", "3"), ("checkpoint", "5")}
    assert found(signed, None) == {("checkpoint", "3"), ("checkpoint", "5")}


def test_a_chain_made_anew_with_its_points_lacks_the_tills_signature(signed: Outlet) -> None:
    make_the_chain_anew(signed, then="hashes")
    assert found(signed) == {("checkpoint", "3"), ("checkpoint", "5")}
    # Without the till's public key nothing tells the forged point from a true one.
    assert found(signed, None) == set()


def test_a_close_whose_point_was_taken_away_is_found(signed: Outlet) -> None:
    make_the_chain_anew(signed, then="dropped")
    assert found(signed) == {("checkpoint", "3")}


def test_entries_taken_away_under_a_point_are_found(signed: Outlet) -> None:
    connection = tampered(signed)
    connection.execute("DELETE FROM entry WHERE seq >= 4")
    connection.close()
    assert found(signed) == {("checkpoint", "5")}


def test_another_tills_signature_is_none(signed: Outlet) -> None:
    assert found(signed, DeviceKey(bytes(32)).public_key()) == {("checkpoint", "3"), ("checkpoint", "5")}
    assert found(signed, b"short") == {("checkpoint", "3"), ("checkpoint", "5")}


def test_the_finding_has_its_sentence() -> None:
    for language in LANGUAGES:
        assert "3" in Texts(language).say("verify.checkpoint", place="3")
