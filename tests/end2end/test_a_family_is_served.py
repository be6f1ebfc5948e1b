"""The main job through the real window: by a scanner that types, a serial scanner, a camera; and its bad days."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_pos.devices.simulated import PtyScanner
from kube_pos.devices.simulated_printer import LoopbackPrinter
from kube_pos.devices.simulated_video import write_card_video
from kube_pos.ledger.cards import card_number
from kube_pos.ledger.entries import AnyEntry, Redemption, TurnedAway
from tests.end2end.kit import DemoTill, Keyboard, copy_demo, wait_for, x_server

pytestmark = [
    pytest.mark.screen,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.name != "posix" or shutil.which("Xvfb") is None, reason="needs Xvfb and xdotool"),
]
RICE, EGGS = "2000006472014", "2000006472038"
RICE_PRICE, EGG_PRICE = 75_000, 30_000


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared demo, copied for each test: making the city takes longer than selling."""
    folder = tmp_path_factory.mktemp("city") / "demo"
    DemoTill(folder, "").prepare()
    return folder


@pytest.fixture
def display() -> Iterator[str]:
    with x_server() as name:
        yield name


@pytest.fixture
def printer() -> Iterator[LoopbackPrinter]:
    printer = LoopbackPrinter(allow=True)
    printer.start()
    yield printer
    printer.stop()


@pytest.fixture
def till(city: Path, tmp_path: Path, display: str) -> Iterator[DemoTill]:
    folder = tmp_path / "demo"
    copy_demo(city, folder)
    till = DemoTill(folder, display)
    yield till
    till.stop()


def choose_and_confirm(keys: Keyboard, till: DemoTill, sales: int = 1) -> Redemption:
    """From the decision on: goods by their bar codes, then confirm; return the sale as it stands in the journal."""
    keys.press("Return")
    keys.scan(RICE)
    keys.scan(EGGS)
    wait_for("the basket on disk", lambda: till.goods_in_basket() == 2)
    keys.press("F9")
    wait_for("the sale", lambda: len(till.entries(Redemption)) >= sales)
    sale = till.entries(Redemption)[-1]
    assert isinstance(sale, Redemption)
    return sale


def check_the_sale(sale: AnyEntry, printer: LoopbackPrinter, till: DemoTill) -> None:
    """The receipt's bytes, the till's journal, the office's database: all three say the same."""
    assert isinstance(sale, Redemption)
    assert [line.total for line in sale.lines] == [RICE_PRICE, EGG_PRICE // 2]
    assert {source.month for source in sale.sources} == {f"{till.year}-10"}
    assert printer.wait_for_jobs(1)
    paper = printer.jobs[0]
    assert paper.startswith(b"\x1b@")
    for words in (
        sale.receipt,
        "STRUK BANTUAN PANGAN",
        "Rp90.000",
        "Rp810.000",
        f"Okt {till.year}",
        "LURING",
        "CONTOH",
    ):
        assert words.encode() in paper, words
    assert b"SALINAN" not in paper
    seq = till.head()[0]
    wait_for("the print's state", lambda: till.print_states(seq) in {("sent",), ("confirmed",)})
    wait_for("the acknowledgement", lambda: till.acked() == till.head()[0])
    assert till.verify().is_clean
    rows = till.office_entries()
    assert [row[0] for row in rows] == list(range(1, seq + 1))
    assert rows[-1][1] == "Redemption"
    assert sale.sale.encode() in rows[-1][2]
    drawn = sum(draw.amount for line in sale.lines for draw in line.draws)
    (source,) = sale.sources
    assert till.office_rows("SELECT sum(spent) FROM share WHERE entitlement_id = ?", source.entitlement) == [(drawn,)]


def test_by_a_scanner_that_types(till: DemoTill, printer: LoopbackPrinter, display: str) -> None:
    keys = Keyboard(display)
    till.start("--printer", f"network:127.0.0.1:{printer.port}")
    keys.focus()
    keys.scan(till.cards["arrears"])
    sale = choose_and_confirm(keys, till)
    assert not sale.manual
    check_the_sale(sale, printer, till)


def test_a_usual_visit_is_scan_choose_confirm(till: DemoTill, display: str) -> None:
    """Three actions: the card, the goods, one key."""
    keys = Keyboard(display)
    till.start()
    keys.focus()
    keys.scan(till.cards["one_month"])
    keys.scan(RICE)
    wait_for("the basket on disk", lambda: till.goods_in_basket() == 1)
    keys.press("F9")
    wait_for("the sale", lambda: till.entries(Redemption))
    assert till.verify().is_clean


def test_by_a_serial_scanner(till: DemoTill, printer: LoopbackPrinter, display: str, tmp_path: Path) -> None:
    scanner = PtyScanner(tmp_path / "ttyACM0", allow=True)
    scanner.plug()
    keys = Keyboard(display)
    till.start("--printer", f"network:127.0.0.1:{printer.port}", "--scanner", str(scanner.path))
    keys.focus()
    scanner.type(till.cards["arrears"])
    keys.press("Return")
    for count, code in enumerate((RICE, EGGS), start=1):
        scanner.type(code)
        wait_for("the basket on disk", lambda count=count: till.goods_in_basket() == count)
    keys.press("F9")
    wait_for("the sale", lambda: till.entries(Redemption))
    scanner.unplug()
    wait_for("the acknowledgement", lambda: till.acked() == till.head()[0])
    assert printer.wait_for_jobs(1)
    assert till.office_entries()[-1][1] == "Redemption"
    assert till.verify().is_clean


def test_by_a_camera(till: DemoTill, printer: LoopbackPrinter, display: str, tmp_path: Path) -> None:
    video = tmp_path / "card.avi"
    write_card_video(video, (till.cards["arrears"],), allow=True)
    keys = Keyboard(display)
    till.start("--printer", f"network:127.0.0.1:{printer.port}", "--camera", str(video))
    keys.focus()
    wait_for("the camera's decision", lambda: _serve_what_the_camera_saw(keys, till))
    sale = till.entries(Redemption)[-1]
    assert isinstance(sale, Redemption)
    assert not sale.manual
    assert printer.wait_for_jobs(1)
    assert sale.receipt.encode() in printer.jobs[0]
    wait_for("the acknowledgement", lambda: till.acked() == till.head()[0])
    assert till.office_entries()[-1][1] == "Redemption"
    assert till.verify().is_clean


def _serve_what_the_camera_saw(keys: Keyboard, till: DemoTill) -> bool:
    """Try to shop; before the card was read the keys do nothing."""
    keys.press("Return")
    keys.scan(RICE)
    if till.goods_in_basket():
        keys.press("F9")
    return bool(till.entries(Redemption))


def test_when_the_office_is_away_and_the_till_is_killed(till: DemoTill, printer: LoopbackPrinter, display: str) -> None:
    """Upstream off for the whole sale, kill -9 right after «Tersimpan», start again: nothing lost, nothing twice."""
    keys = Keyboard(display)
    options = ("--printer", f"network:127.0.0.1:{printer.port}")
    till.start(*options)
    wait_for("the first contact", lambda: till.acked() == till.head()[0])
    till.stop_office()
    keys.focus()
    keys.scan(till.cards["arrears"])
    sale = choose_and_confirm(keys, till)
    till.kill()
    before = till.head()
    assert till.acked() < before[0]
    till.start(*options)
    wait_for("the acknowledgement", lambda: till.acked() >= before[0])
    assert till.entries(Redemption) == [sale]
    assert [row[1] for row in till.office_entries()].count("Redemption") == 1
    assert till.verify().is_clean
    assert printer.wait_for_jobs(1)
    originals = [job for job in printer.jobs if sale.receipt.encode() in job and b"SALINAN" not in job]
    assert len(originals) <= 1


def test_an_open_basket_survives_a_kill(till: DemoTill, printer: LoopbackPrinter, display: str) -> None:
    keys = Keyboard(display)
    options = ("--printer", f"network:127.0.0.1:{printer.port}")
    till.start(*options)
    keys.focus()
    keys.scan(till.cards["arrears"])
    keys.press("Return")
    keys.scan(RICE)
    wait_for("the basket on disk", lambda: till.goods_in_basket() == 1)
    till.kill()
    till.start(*options)
    keys.focus()
    keys.press("F9")
    wait_for("the sale of the basket that came back", lambda: till.entries(Redemption))
    sale = till.entries(Redemption)[0]
    assert isinstance(sale, Redemption)
    assert [line.total for line in sale.lines] == [RICE_PRICE]
    assert till.goods_in_basket() == 0


@pytest.mark.parametrize("case", ["card_blocked", "expired", "not_published", "used_up", "other_outlet"])
def test_a_refusal_is_logged_and_told_upstream(till: DemoTill, display: str, case: str) -> None:
    keys = Keyboard(display)
    till.start()
    keys.focus()
    keys.scan(till.cards[case])
    wait_for("the entry", lambda: till.entries(TurnedAway))
    entry = till.entries(TurnedAway)[0]
    assert isinstance(entry, TurnedAway)
    assert entry.reason == case
    wait_for("the acknowledgement", lambda: till.acked() == till.head()[0])
    assert till.office_entries()[-1][1] == "TurnedAway"


def test_an_unknown_card_makes_no_family(till: DemoTill, display: str) -> None:
    keys = Keyboard(display)
    till.start()
    keys.focus()
    keys.scan(card_number(99_999_998).digits)
    wait_for("the entry", lambda: till.entries(TurnedAway))
    entry = till.entries(TurnedAway)[0]
    assert isinstance(entry, TurnedAway)
    assert (entry.reason, entry.recipient) == ("unknown_card", None)
