"""`kube-pos` and `kube-pos demo`: opening the till's window."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from kube_pos.clock import SystemClock
from kube_pos.demo import DemoOutlet, demo_settings, prepare
from kube_pos.errors import KubePosError
from kube_pos.folder import default_path, open_folder
from kube_pos.ledger.days import business_day
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.operations.till import Session
from kube_pos.texts import Texts


class NoScreen(KubePosError):
    """There is no display to open a window on. Facts: none."""

    code = "no_screen"


def add_commands(commands: Any, texts: Texts) -> None:
    """Add the parser of `demo`."""
    demo = commands.add_parser("demo", help=texts.say("cli.demo"))
    demo.add_argument("--fresh", action="store_true", help=texts.say("cli.demo_fresh"))
    demo.add_argument("--printer", help=texts.say("cli.demo_printer"))
    demo.add_argument("--columns", type=int, choices=(32, 42, 48), help=texts.say("cli.columns"))
    demo.add_argument("--camera", help=texts.say("cli.demo_camera"))
    demo.add_argument("--scanner", help=texts.say("cli.demo_scanner"))
    demo.add_argument("--no-window", action="store_true", help=texts.say("cli.demo_no_window"))


def open_till(path: Path, texts: Texts, *, chosen: str | None) -> int:
    """Open an enrolled till; the language is the one chosen on the command line, else the settings'."""
    _need_a_screen()
    folder = open_folder(path)
    try:
        SqliteJournal(folder.journal).identity()
        from kube_pos.app import run_window  # noqa: PLC0415 -- Qt loads only when a window is opened

        spoken = texts if chosen else Texts(folder.settings.language)
        return run_window(folder, spoken, SystemClock(), session=None)
    finally:
        folder.close()


def run(args: argparse.Namespace, texts: Texts) -> int:
    """Prepare the demo, say what to try, and open its window."""
    if not args.no_window:
        _need_a_screen()
    path: Path = args.folder or default_path().with_name("kube-pos-demo")
    if args.fresh and (path / "demo.mark").exists():
        shutil.rmtree(path)
    settings = demo_settings(
        path,
        args.language or texts.language,
        printer=args.printer,
        printer_columns=args.columns,
        camera=args.camera,
        scanner_port=args.scanner,
    )
    outlet = prepare(path, settings, lambda key: print(texts.say(f"demo.{key}"), flush=True))
    try:
        identity = SqliteJournal(outlet.folder.journal).identity()
        _say_what_to_try(outlet, identity, texts)
        if args.no_window:
            return 0
        from kube_pos.app import run_window  # noqa: PLC0415 -- Qt loads only when a window is opened

        return run_window(outlet.folder, texts, outlet.clock, session=Session(outlet.cashier))
    finally:
        outlet.folder.close()
        outlet.office.stop()


def _say_what_to_try(outlet: DemoOutlet, identity: Identity, texts: Texts) -> None:
    cards = json.loads(outlet.cards.with_suffix(".json").read_text(encoding="utf-8"))["cards"]
    print(
        texts.say(
            "demo.ready",
            address=identity.upstream_address,
            cards=str(outlet.cards),
            cashier=outlet.cashier.name,
            card=cards[0]["number"],
        )
    )
    if outlet.is_shifted:
        print(texts.say("demo.shifted", day=texts.day(business_day(outlet.clock.now_ms()))))
    sys.stdout.flush()


def _need_a_screen() -> None:
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise NoScreen
