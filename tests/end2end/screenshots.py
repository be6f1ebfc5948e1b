"""Takes the pictures of the manual and the README from the real till: `python -m tests.end2end.screenshots [FOLDER]`.

Needs Xvfb and xdotool. Each picture is of the demo outlet, made anew, at 1366 × 768.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageGrab

from kube_pos.ledger.entries import Redemption, TurnedAway
from tests.end2end.kit import ROOT, DemoTill, Keyboard, wait_for, x_server

RICE, EGGS, OIL = "2000006472014", "2000006472038", "2000006472045"
PAGES = {"riwayat": "F2", "stok": "F3", "tutup-hari": "F4", "sinkron": "F6", "perangkat": "F7", "bantuan": "F12"}


def take_all(target: Path) -> None:
    """Walk through the demo and save one picture of each page and state."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, x_server() as display:
        till = DemoTill(Path(place) / "demo", display)
        till.prepare()
        till.start()
        keys = Keyboard(display)
        keys.focus()
        shoot = _camera(display, target)
        try:
            _walk(till, keys, shoot)
        finally:
            till.stop()


def _walk(till: DemoTill, keys: Keyboard, shoot: Callable[[str], None]) -> None:
    shoot("kasir-1-menunggu")
    keys.scan(till.cards["two_funds"])
    shoot("kasir-2-keputusan")
    keys.press("Return")
    for code in (RICE, EGGS, OIL):
        keys.scan(code)
    wait_for("the basket", lambda: till.goods_in_basket() == 3)
    shoot("kasir-3-barang")
    keys.press("F9")
    wait_for("the sale", lambda: till.entries(Redemption))
    wait_for("the acknowledgement", lambda: till.acked() == till.head()[0])
    shoot("kasir-4-selesai")
    for number, case in enumerate(("card_blocked", "expired", "not_published", "other_outlet"), start=1):
        keys.scan(till.cards[case])
        wait_for("the refusal", lambda count=number: len(till.entries(TurnedAway)) == count)  # type: ignore[misc]
        shoot(f"kasir-2-ditolak-{case}")
    for name, key in PAGES.items():
        keys.press(key)
        shoot(name)


def _camera(display: str, target: Path) -> Callable[[str], None]:
    """Return what saves a picture once the screen stands still."""

    def grab() -> Image.Image:
        return ImageGrab.grab(xdisplay=display)

    def shoot(name: str) -> None:
        frames = [grab()]

        def is_still() -> bool:
            frames.append(grab())
            return len(frames) > 8 and frames[-1].tobytes() == frames[-8].tobytes()

        wait_for("a still screen", is_still)
        frames[-1].convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(target / f"{name}.png", optimize=True)

    return shoot


if __name__ == "__main__":
    os.environ.pop("QT_QPA_PLATFORM", None)
    take_all(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screens")
