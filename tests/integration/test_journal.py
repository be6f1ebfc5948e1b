"""The journal on a real encrypted file: stored once or not at all, never changed, never overdrawn."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import sqlcipher3.dbapi2 as sqlcipher

from kube_pos.errors import (
    AlreadyReversed,
    AnotherIdentity,
    KubePosError,
    NotEnoughShare,
    NotEnoughStock,
    StorageFailed,
    UnknownSale,
)
from kube_pos.ledger import entries
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.entries import encode
from kube_pos.ledger.ids import EntitlementId, LedgerId, ProductId, RecipientId, SaleId
from kube_pos.ledger.ports import PrintKind, PrintRequest, Stored, Use
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.ledger.sqlite_queues import SqlitePrints
from kube_pos.ledger.sqlite_verify import verify
from tests.entry_kit import REDEMPTION
from tests.fakes import TODAY
from tests.ledger_kit import CASHIER, KEY, LEDGER, MANAGER, RICE_BAG, Outlet

ROW = EntitlementId(1)


def sale(outlet: Outlet, number: int = 1, *, bags: int = 1, drawn: int = 75_000, row: int = 1) -> entries.Redemption:
    line = entries.Line(
        product=RICE_BAG.id,
        quantity=Thousandths(bags * 1000),
        price=Rupiah(75_000),
        total=Rupiah(bags * 75_000),
        draws=(entries.Draw(EntitlementId(row), drawn),),
    )
    return msgspec.structs.replace(
        REDEMPTION,
        at=outlet.till.now_ms(),
        sale=SaleId(f"{number:032x}"),
        receipt=f"A01-{number:06d}",
        lines=(line,),
        cash=(),
    )


def reversal(outlet: Outlet, target: int, number: int = 90) -> entries.Reversal:
    return entries.Reversal(
        at=outlet.till.now_ms(), day=TODAY, by=CASHIER.id, sale=SaleId(f"{number:032x}"),
        receipt=f"A01-{number:06d}", target=target, reason="salah", approver=MANAGER.id,
    )  # fmt: skip


def everything(outlet: Outlet) -> list[tuple[str, list[Any]]]:
    """Every row of every table: what «nothing was stored» means."""
    connection = outlet.journal_file.read()
    tables = ("entry", "sale", "share_use", "stock", "print_job", "basket", "sync_state", "verdict")
    return [(name, connection.exec_driver_sql(f"SELECT * FROM {name}").fetchall()) for name in tables]  # noqa: S608


def refuses(
    outlet: Outlet, error: type[KubePosError], entry: entries.Redemption, granted: int = 300_000
) -> KubePosError:
    before = everything(outlet)
    with pytest.raises(error) as caught:
        outlet.journal.redeem(entry, {ROW: granted})
    assert everything(outlet) == before
    return caught.value


def test_a_sale_is_stored_with_all_that_it_does(outlet: Outlet) -> None:
    outlet.journal.save_basket(b"open")
    entry = sale(outlet)
    stored = outlet.journal.redeem(entry, {ROW: 300_000})
    assert outlet.journal.entry(stored.seq) == Stored(2, entry, stored.hash)
    assert outlet.journal.uses([ROW, EntitlementId(2)]) == {ROW: Use(spent=75_000)}
    assert outlet.journal.stock()[RICE_BAG.id] == 99_000
    assert SqlitePrints(outlet.journal_file).states(2) == ("pending",)
    assert outlet.journal.open_basket() is None
    assert outlet.journal.last_sale_of(RecipientId(1)) == entry
    assert [stored.seq for stored in outlet.journal.open_sales()] == [2]


def test_the_body_is_stored_and_hashed_as_the_bytes_that_it_is(outlet: Outlet) -> None:
    outlet.journal.redeem(sale(outlet), {ROW: 300_000})
    head = genesis(LEDGER)
    rows = outlet.journal_file.read().exec_driver_sql("SELECT seq, body, hash FROM entry ORDER BY seq").fetchall()
    for seq, body, digest in rows:
        head = link(head, seq, body)
        assert head == digest
    assert outlet.journal.head() == (2, head)
    assert rows[1][1] == encode(sale(outlet))


def test_the_same_basket_again_is_the_sale_of_the_first_time(outlet: Outlet) -> None:
    first = outlet.journal.redeem(sale(outlet), {ROW: 300_000})
    before = everything(outlet)
    again = outlet.journal.redeem(sale(outlet, drawn=1), {ROW: 300_000})
    assert again == first
    assert everything(outlet) == before


def test_two_baskets_cannot_overdraw(outlet: Outlet) -> None:
    outlet.journal.redeem(sale(outlet, 1, drawn=200_000), {ROW: 300_000})
    error = refuses(outlet, NotEnoughShare, sale(outlet, 2, drawn=100_001))
    assert error.facts == {"entitlement": 1, "available": 100_000, "wanted": 100_001}
    outlet.journal.redeem(sale(outlet, 3, drawn=100_000), {ROW: 300_000})


def test_a_row_that_was_never_granted_cannot_be_drawn(outlet: Outlet) -> None:
    refuses(outlet, NotEnoughShare, sale(outlet, row=7))


def test_what_was_released_cannot_be_drawn(outlet: Outlet) -> None:
    given = entries.ShareReleased(at=outlet.till.now_ms(), day=TODAY, by=CASHIER.id, entitlement=ROW, released=250_000)
    outlet.journal.release(given, 300_000)
    error = refuses(outlet, NotEnoughShare, sale(outlet))
    assert error.facts["available"] == 50_000
    assert outlet.journal.uses([ROW]) == {ROW: Use(released=250_000)}


def test_two_threads_cannot_overdraw(outlet: Outlet) -> None:
    start = threading.Barrier(2)
    told: list[object] = []

    def shop(number: int) -> None:
        entry = sale(outlet, number, drawn=200_000)
        start.wait()
        try:
            told.append(outlet.journal.redeem(entry, {ROW: 300_000}).seq)
        except NotEnoughShare as error:
            told.append(type(error))

    threads = [threading.Thread(target=shop, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told, key=str) == [2, NotEnoughShare]
    assert outlet.journal.uses([ROW]) == {ROW: Use(spent=200_000)}
    assert verify(outlet.journal_file).is_clean


def test_the_same_basket_from_two_threads_is_one_sale(outlet: Outlet) -> None:
    start = threading.Barrier(2)
    entry = sale(outlet)
    told: list[Stored] = []

    def shop() -> None:
        start.wait()
        told.append(outlet.journal.redeem(entry, {ROW: 300_000}))

    threads = [threading.Thread(target=shop) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told[0] == told[1]
    assert outlet.journal.head()[0] == 2


def test_more_goods_than_the_book_has_are_not_handed_out(outlet: Outlet) -> None:
    error = refuses(outlet, NotEnoughStock, sale(outlet, bags=101))
    assert error.facts == {"product": 1, "available": 100_000, "wanted": 101_000}


def test_goods_never_received_are_not_handed_out(outlet: Outlet) -> None:
    line = entries.Line(product=ProductId(9), quantity=Thousandths(1), price=Rupiah(0), total=Rupiah(0))
    refuses(outlet, NotEnoughStock, msgspec.structs.replace(sale(outlet), lines=(line,)))


def test_a_receipt_number_is_used_once(outlet: Outlet) -> None:
    outlet.journal.redeem(sale(outlet, 1), {ROW: 300_000})
    refuses(outlet, StorageFailed, msgspec.structs.replace(sale(outlet, 2), receipt="A01-000001"))
    outlet.journal.redeem(sale(outlet, 2), {ROW: 300_000})
    assert outlet.journal.next_receipt() == "A01-000003"


def test_receipt_numbers_go_on_after_reversals_and_a_restart(outlet: Outlet) -> None:
    assert outlet.journal.next_receipt() == "A01-000001"
    seq = outlet.journal.redeem(sale(outlet, 1), {ROW: 300_000}).seq
    outlet.journal.reverse(msgspec.structs.replace(reversal(outlet, seq), receipt="A01-000002"))
    outlet.close()
    outlet.open()
    assert outlet.journal.next_receipt() == "A01-000003"


def test_a_reversal_restores_shares_and_stock_exactly(outlet: Outlet) -> None:
    stock = outlet.journal.stock()
    seq = outlet.journal.redeem(sale(outlet, bags=2, drawn=150_000), {ROW: 300_000}).seq
    stored = outlet.journal.reverse(reversal(outlet, seq))
    assert outlet.journal.uses([ROW]) == {ROW: Use()}
    assert outlet.journal.stock() == stock
    assert outlet.journal.last_sale_of(RecipientId(1)) is None
    newest, oldest = outlet.journal.sales()
    assert (newest.seq, oldest.reversed_by) == (stored.seq, stored.seq)
    outlet.journal.redeem(sale(outlet, 5, drawn=300_000), {ROW: 300_000})


@pytest.mark.parametrize(
    ("target", "error"), [(1, UnknownSale), (99, UnknownSale), (3, UnknownSale), (2, AlreadyReversed)]
)
def test_only_a_sale_is_undone_and_only_once(outlet: Outlet, target: int, error: type[KubePosError]) -> None:
    outlet.journal.redeem(sale(outlet), {ROW: 300_000})
    outlet.journal.reverse(reversal(outlet, 2))
    before = everything(outlet)
    with pytest.raises(error):
        outlet.journal.reverse(reversal(outlet, target, 91))
    assert everything(outlet) == before


def other_connection(outlet: Outlet) -> Any:
    connection = sqlcipher.connect(str(outlet.folder / "journal.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    connection.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
    return connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = x'00'",
        "UPDATE entry SET seq = 9 WHERE seq = 1",
        "UPDATE OR REPLACE entry SET seq = 1 WHERE seq = 2",
        "DELETE FROM entry",
        "DELETE FROM entry WHERE seq = 2",
        "INSERT OR REPLACE INTO entry SELECT seq, kind, at, x'00', hash FROM entry WHERE seq = 2",
        "REPLACE INTO entry SELECT seq, kind, at, x'00', hash FROM entry WHERE seq = 1",
        "INSERT OR REPLACE INTO entry SELECT 7, kind, at, body, hash FROM entry WHERE seq = 1",
        "INSERT OR IGNORE INTO entry SELECT 0, kind, at, body, hash FROM entry WHERE seq = 1",
        "INSERT INTO entry (kind, at, body, hash) SELECT kind, at, body, hash FROM entry WHERE seq = 1",
        "INSERT INTO entry SELECT * FROM entry WHERE seq = 1 ON CONFLICT (seq) DO UPDATE SET body = x'00'",
    ],
)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_history_is_never_edited(outlet: Outlet, statement: str, recursive: str) -> None:
    outlet.journal.redeem(sale(outlet), {ROW: 300_000})
    before = everything(outlet)
    connection = other_connection(outlet)
    connection.execute(f"PRAGMA recursive_triggers = {recursive}")
    with pytest.raises(sqlcipher.IntegrityError, match="an entry"):
        connection.execute(statement)
    connection.close()
    assert everything(outlet) == before


def test_an_entry_is_never_older_than_the_one_before_it(outlet: Outlet) -> None:
    before = everything(outlet)
    entry = entries.SignedIn(at=outlet.journal.last_at_ms() - 1, day=TODAY, by=CASHIER.id)
    with pytest.raises(ValueError, match="older"):
        outlet.journal.append(entry)
    assert everything(outlet) == before


def test_sales_have_their_own_ways_in(outlet: Outlet) -> None:
    for entry in (sale(outlet), reversal(outlet, 2)):
        with pytest.raises(TypeError):
            outlet.journal.append(entry)


def test_a_print_is_asked_for_in_the_same_transaction(outlet: Outlet) -> None:
    entry = entries.BalanceInquiry(at=outlet.till.now_ms(), day=TODAY, by=CASHIER.id, recipient=RecipientId(1))
    stored = outlet.journal.append(entry, PrintRequest(PrintKind.BALANCE))
    job = SqlitePrints(outlet.journal_file).next_pending()
    assert job is not None
    assert (job.kind, job.ref, job.copy) == ("balance", stored.seq, 0)
    before = everything(outlet)
    with pytest.raises(StorageFailed):
        outlet.journal.append(entry, PrintRequest(PrintKind.BALANCE, ref=stored.seq))
    assert everything(outlet) == before


def test_the_open_basket_comes_back(outlet: Outlet) -> None:
    assert outlet.journal.open_basket() is None
    outlet.journal.save_basket(b"one")
    outlet.journal.save_basket(b"two")
    outlet.close()
    outlet.open()
    assert outlet.journal.open_basket() == b"two"
    outlet.journal.drop_basket()
    assert outlet.journal.open_basket() is None


def test_a_refused_sale_keeps_the_basket(outlet: Outlet) -> None:
    outlet.journal.save_basket(b"open")
    refuses(outlet, NotEnoughShare, sale(outlet, drawn=400_000))
    assert outlet.journal.open_basket() == b"open"


def test_a_close_takes_the_open_sales_and_a_late_reversal_stays_open(outlet: Outlet) -> None:
    first = outlet.journal.redeem(sale(outlet, 1), {ROW: 300_000}).seq
    second = outlet.journal.redeem(sale(outlet, 2), {ROW: 300_000}).seq

    def close(*seqs: int) -> int:
        entry = entries.DayClosed(
            at=outlet.till.now_ms(), day=TODAY, by=MANAGER.id, sales=seqs,
            entitlement_used=Rupiah(0), goods_out=Rupiah(0), cash=Rupiah(0),
        )  # fmt: skip
        return outlet.journal.append(entry).seq

    close(first)
    assert [stored.seq for stored in outlet.journal.open_sales()] == [second]
    late = outlet.journal.reverse(reversal(outlet, first)).seq
    assert [stored.seq for stored in outlet.journal.open_sales()] == [second, late]
    close(first, second, late)
    assert outlet.journal.open_sales() == []
    assert verify(outlet.journal_file).is_clean, "a sale belongs to the first close that took it"


def test_the_history_is_read_in_pages_and_searched_by_receipt(outlet: Outlet) -> None:
    for number in range(1, 6):
        outlet.journal.redeem(sale(outlet, number, drawn=1), {ROW: 300_000})
    assert [row.seq for row in outlet.journal.sales(limit=2)] == [6, 5]
    assert [row.seq for row in outlet.journal.sales(after_seq=4)] == [6, 5]
    assert [row.seq for row in outlet.journal.sales(text="000003")] == [4]
    assert outlet.journal.sales(text="%") == []
    assert outlet.journal.sales(text="_") == []


def test_an_entry_that_is_not_there(outlet: Outlet) -> None:
    assert outlet.journal.entry(99) is None
    assert outlet.journal.sale_by_id(SaleId("f" * 32)) is None
    assert outlet.journal.uses([]) == {}
    assert outlet.journal.copies_of(99) == 0


def test_who_the_till_is_is_told_once(outlet: Outlet) -> None:
    identity = outlet.journal.identity()
    before = outlet.journal.head()
    outlet.journal.set_identity(identity)
    with pytest.raises(AnotherIdentity):
        outlet.journal.set_identity(replace(identity, ledger_id=LedgerId("another")))
    assert outlet.journal.identity() == identity
    assert outlet.journal.head() == before


def test_the_journal_outlives_a_restart(outlet: Outlet) -> None:
    stored = outlet.journal.redeem(sale(outlet), {ROW: 300_000})
    before = everything(outlet)
    outlet.close()
    outlet.open()
    assert everything(outlet) == before
    assert outlet.journal.redeem(sale(outlet), {ROW: 300_000}) == stored
