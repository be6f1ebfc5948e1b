"""Proving a journal: clean after any history, and every edit found and named. What can't be found is said too."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from kube_pos.errors import DatabaseUnreadable
from kube_pos.ledger import entries
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.entries import decode, encode
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_verify import Finding, verify
from kube_pos.operations import closing, corrections, look_up, redemption
from kube_pos.operations.till import Session
from kube_pos.texts import LANGUAGES, Texts
from tests.fakes import TODAY
from tests.ledger_kit import CASHIER, EGG_KG, KEY, LEDGER, MANAGER, RICE_BAG, Outlet

Edit = Callable[[Any], None]


def shop(outlet: Outlet, card: str, bags: int = 1) -> int:
    visit = look_up.look_up(outlet.till, card)
    assert isinstance(visit, look_up.Visit)
    allowed = visit.decision
    assert isinstance(allowed, look_up.Allowed)
    basket = redemption.Basket(outlet.till.new_sale_id(), ((RICE_BAG, Thousandths(bags * 1000)),))
    return redemption.redeem(outlet.till, outlet.session, visit, allowed, basket).seq


@pytest.fixture
def history(outlet: Outlet) -> Outlet:
    """Entries 2–8: two sales, one undone, a close, a release, one more sale, a cash sale."""
    card = outlet.family()
    outlet.entitle()
    first = shop(outlet, card)
    shop(outlet, card)
    corrections.reverse(outlet.till, outlet.session, first, "salah barang", MANAGER)
    closing.close_day(outlet.till, Session(MANAGER))
    other = outlet.entitle(family=2)
    outlet.journal.release(
        entries.ShareReleased(at=outlet.till.now_ms(), day=TODAY, by=MANAGER.id, entitlement=other, released=1000),
        300_000,
    )
    shop(outlet, card)
    redemption.sell_for_cash(
        outlet.till,
        outlet.session,
        redemption.Basket(outlet.till.new_sale_id(), (), ((EGG_KG, Thousandths(500)),)),
    )
    return outlet


def tamper(outlet: Outlet, edit: Edit) -> None:
    """Edit the file as someone with the key would, the guards taken away."""
    connection = sqlcipher.connect(str(outlet.folder / "journal.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    connection.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
    for name in ("entry_follows_on", "entry_is_never_changed", "entry_is_never_deleted"):
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
    edit(connection)
    connection.close()


def sql(statement: str, *values: object) -> Edit:
    return lambda connection: connection.execute(statement, values)


def found(outlet: Outlet) -> set[tuple[str, str]]:
    return {(finding.code, finding.place) for finding in verify(outlet.journal_file).findings}


def test_a_whole_journal_is_clean(history: Outlet) -> None:
    report = verify(history.journal_file)
    assert report.is_clean
    assert (report.entries, report.trusted_to) == (8, 8)


def test_an_empty_journal_is_clean(tmp_path: Path) -> None:
    kit = Outlet(tmp_path)
    report = verify(kit.journal_file)
    assert (report.is_clean, report.entries, report.trusted_to) == (True, 0, 0)
    kit.close()


@pytest.mark.parametrize(
    ("read", "write"),
    [
        ("SELECT body FROM entry WHERE seq = ?", "UPDATE entry SET body = ? WHERE seq = ?"),
        ("SELECT hash FROM entry WHERE seq = ?", "UPDATE entry SET hash = ? WHERE seq = ?"),
    ],
    ids=["body", "hash"],
)
@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_byte_is_found_and_named(history: Outlet, read: str, write: str, seed: int) -> None:
    chance = random.Random(seed)
    seq = chance.randint(1, 8)

    def flip(connection: Any) -> None:
        value = bytearray(connection.execute(read, (seq,)).fetchone()[0])
        value[chance.randrange(len(value))] ^= chance.randint(1, 255)
        connection.execute(write, (bytes(value), seq))

    tamper(history, flip)
    report = verify(history.journal_file)
    assert ("broken_chain", str(seq)) in {(f.code, f.place) for f in report.findings}
    assert report.trusted_to == seq - 1


@pytest.mark.parametrize("place", [0, 20, -2])
def test_a_spoilt_sale_that_was_undone_does_not_stop_the_proof(history: Outlet, place: int) -> None:
    def spoil(connection: Any) -> None:
        body = bytearray(connection.execute("SELECT body FROM entry WHERE seq = 2").fetchone()[0])
        body[place] = 0xFF
        connection.execute("UPDATE entry SET body = ? WHERE seq = 2", (bytes(body),))

    tamper(history, spoil)
    assert {("broken_chain", "2"), ("unreadable", "4")} <= found(history)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (sql("DELETE FROM entry WHERE seq = 3"), ("gap", "4")),
        (sql("DELETE FROM entry WHERE seq = 1"), ("gap", "2")),
        (sql("UPDATE entry SET kind = 'SignedIn' WHERE seq = 2"), ("wrong_heading", "2")),
        (sql("UPDATE entry SET at = at - 1 WHERE seq = 2"), ("wrong_heading", "2")),
        (sql("UPDATE share_use SET spent = spent - 1 WHERE entitlement = 1"), ("projection", "share_use 1")),
        (sql("UPDATE share_use SET released = 0"), ("projection", "share_use 2")),
        (sql("DELETE FROM share_use WHERE entitlement = 1"), ("projection", "share_use 1")),
        (sql("INSERT INTO share_use VALUES (77, 0, 0)"), ("projection", "share_use 77")),
        (sql("UPDATE stock SET on_hand = on_hand + 1000 WHERE product = 1"), ("projection", "stock 1")),
        (sql("INSERT INTO stock VALUES (77, 1)"), ("projection", "stock 77")),
        (sql("UPDATE sale SET closing = NULL WHERE seq = 3"), ("projection", "sale 3")),
        (sql("UPDATE sale SET closing = 5 WHERE seq = 7"), ("projection", "sale 7")),
        (sql("UPDATE sale SET receipt = 'A01-000099' WHERE seq = 7"), ("projection", "sale 7")),
        (sql("UPDATE sale SET recipient = 2 WHERE seq = 7"), ("projection", "sale 7")),
        (sql("DELETE FROM sale WHERE seq = 4"), ("projection", "sale 4")),
        (sql("UPDATE identity SET ledger_id = 'x'"), ("broken_chain", "1")),
    ],
)
def test_an_edit_is_found_and_named(history: Outlet, edit: Edit, expected: tuple[str, str]) -> None:
    tamper(history, edit)
    assert expected in found(history)


def test_two_entries_swapped_are_found(history: Outlet) -> None:
    def swap(connection: Any) -> None:
        connection.execute("UPDATE entry SET seq = 99 WHERE seq = 2")
        connection.execute("UPDATE entry SET seq = 2 WHERE seq = 3")
        connection.execute("UPDATE entry SET seq = 3 WHERE seq = 99")

    tamper(history, swap)
    assert {("broken_chain", "2"), ("broken_chain", "3")} <= found(history)


def rechained(seq: int, body: bytes) -> Edit:
    """A forger with the key: changes one body and makes the chain anew from there on."""

    def forge(connection: Any) -> None:
        head = genesis(LEDGER)
        for number, old in connection.execute("SELECT seq, body FROM entry ORDER BY seq").fetchall():
            kept = body if number == seq else old
            head = link(head, number, kept)
            connection.execute("UPDATE entry SET body = ?, hash = ? WHERE seq = ?", (kept, head, number))

    return forge


def test_a_chain_made_anew_is_found_by_the_sums_and_by_what_upstream_holds(history: Outlet) -> None:
    SqliteOutbox(history.journal_file).acknowledge(3, {})
    stored = history.journal.entry(3)
    assert stored is not None
    entry = decode(encode(stored.entry).replace(b"75000", b"75001"))
    tamper(history, rechained(3, encode(entry)))
    assert {("projection", "share_use 1"), ("acknowledged", "3")} <= found(history)


def test_a_chain_made_anew_that_no_sum_follows_from_and_upstream_never_saw_is_not_found(history: Outlet) -> None:
    stored = history.journal.entry(4)
    assert stored is not None
    tamper(history, rechained(4, encode(stored.entry).replace(b"salah barang", b"minta diganti")))
    assert verify(history.journal_file).is_clean, "FORMAT.md says so: only upstream's copy can tell"


def test_a_reversal_of_what_is_no_sale_is_a_finding_and_no_crash(history: Outlet) -> None:
    forged = entries.Reversal(
        at=history.till.now_ms(), day=TODAY, by=CASHIER.id, sale=history.till.new_sale_id(), receipt="A01-000077",
        target=1, reason="", approver=MANAGER.id,
    )  # fmt: skip
    tamper(history, rechained(8, encode(forged)))
    assert any(code in {"unreadable", "wrong_heading"} and place == "8" for code, place in found(history))


def test_the_newest_entry_taken_away_is_found_while_a_sum_or_upstream_knows_of_it(history: Outlet) -> None:
    tamper(history, sql("DELETE FROM entry WHERE seq = 8"))
    assert {("projection", "sale 8"), ("projection", "stock 2")} <= found(history)


def test_a_newest_entry_without_effects_is_missed_only_after_upstream_has_it(history: Outlet) -> None:
    history.journal.append(entries.SignedIn(at=history.till.now_ms(), day=TODAY, by=CASHIER.id))
    SqliteOutbox(history.journal_file).acknowledge(9, {})
    assert verify(history.journal_file).is_clean
    tamper(history, sql("DELETE FROM entry WHERE seq = 9"))
    assert found(history) == {("acknowledged", "9")}


def test_a_newest_entry_without_effects_that_upstream_never_had_is_not_missed(history: Outlet) -> None:
    history.journal.append(entries.SignedIn(at=history.till.now_ms(), day=TODAY, by=CASHIER.id))
    tamper(history, sql("DELETE FROM entry WHERE seq = 9"))
    assert verify(history.journal_file).is_clean, "FORMAT.md says so: nothing in the file speaks of it"


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_byte_in_the_file_is_a_damaged_page(history: Outlet, seed: int) -> None:
    history.journal_file.checkpoint()
    history.close()
    path = history.folder / "journal.db"
    raw = bytearray(path.read_bytes())
    page = random.Random(seed).randrange(1, len(raw) // 4096)
    raw[page * 4096 + random.Random(seed).randrange(4000)] ^= 0x10
    path.write_bytes(raw)
    try:
        history.open()
    except DatabaseUnreadable:
        # A page of the schema itself: the file is not opened at all, and that is told.
        return
    report = verify(history.journal_file)
    assert "damaged_page" in {finding.code for finding in report.findings}
    assert report.trusted_to <= 8


FLIPS = int(os.environ.get("KUBE_POS_FLIPS", "500"))
"""How many single bytes are spoilt, one after another; the full proof asks for 10,000."""
_COLUMNS = {
    "body": ("SELECT body FROM entry WHERE seq = ?", "UPDATE entry SET body = ? WHERE seq = ?"),
    "hash": ("SELECT hash FROM entry WHERE seq = ?", "UPDATE entry SET hash = ? WHERE seq = ?"),
}


def test_hundreds_of_flipped_bytes_are_all_found(history: Outlet) -> None:
    chance = random.Random(8)
    missed: list[tuple[str, int, int, int]] = []

    def flip_them(connection: Any) -> None:
        for _ in range(FLIPS):
            column, seq = chance.choice(sorted(_COLUMNS)), chance.randint(1, 8)
            read, write = _COLUMNS[column]
            whole = connection.execute(read, (seq,)).fetchone()[0]
            place, change = chance.randrange(len(whole)), chance.randint(1, 255)
            spoilt = whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :]
            connection.execute(write, (spoilt, seq))
            report = verify(history.journal_file)
            named = ("broken_chain", str(seq)) in {(finding.code, finding.place) for finding in report.findings}
            if not named or report.trusted_to != seq - 1:
                missed.append((column, seq, place, change))
            connection.execute(write, (whole, seq))

    tamper(history, flip_them)
    assert missed == []
    assert verify(history.journal_file).is_clean


def test_a_sale_during_the_proof_is_no_finding(history: Outlet) -> None:
    card = history.family(5)
    history.entitle(family=5)
    stop = threading.Event()

    def sell() -> None:
        for _ in range(40):
            seq = shop(history, card)
            corrections.reverse(history.till, history.session, seq, "coba", MANAGER)
        stop.set()

    thread = threading.Thread(target=sell)
    thread.start()
    dirty: list[tuple[Finding, ...]] = []
    while not stop.is_set():
        report = verify(history.journal_file)
        if not report.is_clean:
            dirty.append(report.findings)
    thread.join()
    assert dirty == []
    history.journal.append(entries.SignedIn(at=history.till.now_ms(), day=TODAY, by=CASHIER.id))


def test_every_finding_has_its_sentence() -> None:
    codes = ("damaged_page", "damaged_index", "gap", "broken_chain", "unreadable", "wrong_heading", "projection")
    for language in LANGUAGES:
        texts = Texts(language)
        for code in (*codes, "acknowledged"):
            assert "7" in texts.say(f"verify.{code}", place="7")


def test_the_proof_leaves_the_file_as_it_was(history: Outlet) -> None:
    history.close()
    before = (history.folder / "journal.db").read_bytes()
    history.open()
    assert verify(history.journal_file).is_clean
    history.close()
    assert (history.folder / "journal.db").read_bytes() == before
    assert isinstance(history.journal_file, Database)
