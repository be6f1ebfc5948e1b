"""Drives the storm: one xdotool types scans and people into the window, and the answers are held to what was typed."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

from kube_pos.devices.wedge_calibration import TEST_CODE
from tests.end2end.kit import ROOT, x_server

DELAYS_MS = (1, 5, 20, 50)
PERSON_MS = (80, 250)
LONGEST_GAP_MS = 70
_BATCH = 20
_PATIENCE_S = 120.0
_KEYS = {" ": "space", ".": "period", "*": "asterisk"}


@dataclass
class Report:
    """What came of a storm."""

    scans: int = 0
    wrong: int = 0
    lost: int = 0
    leaked: int = 0
    """Batches after which a field held other than what the person typed."""
    pressed: int = 0
    """Buttons that a scanner's Enter pressed."""
    torn: int = 0
    """Scans that the machine struck with a gap of a person's length; they may be lost, but never read wrong."""
    keys_typed: int = 0
    first_fault: str = ""
    seconds: float = 0.0
    by_delay: dict[int, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing at all went wrong."""
        return not (self.wrong or self.lost or self.leaked or self.pressed)

    def hold(self, seen: dict[str, Any], struck: list[tuple[str, str]]) -> None:
        """Compare what the window saw in a batch with what was struck: pairs of who, `scan` or `person`, and text."""
        scanned = [text for who, text in struck if who == "scan"]
        typed = "".join(text for who, text in struck if who == "person")
        self.scans += len(scanned)
        self.keys_typed += len(typed)
        torn = _torn(seen["keys"], struck)
        self.torn += len(torn)
        right = list(scanned)
        for code in seen["scans"]:
            if code in right:
                right.remove(code)
            else:
                self.wrong += 1
        self.lost += len([code for code in right if code not in torn])
        self.pressed += 0 if torn else int(seen["pressed"])
        # The head of a scan that the machine itself tore is a person's by all that can be known.
        self.leaked += not torn and seen["text"] != typed
        if not self.is_clean and not self.first_fault:
            self.first_fault = f"struck {struck}, seen {seen}"


def _torn(keys: list[list[Any]], struck: list[tuple[str, str]]) -> set[str]:
    """Return the scans with a gap as long as a person's: a busy machine let the typing program wait."""
    torn = set()
    place = 0
    characters = [key for key in keys if key[1] not in {"\r", "\t"}]
    for who, text in struck:
        times = [at for at, _ in characters[place : place + len(text)]]
        place += len(text)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        if who == "scan" and gaps and max(gaps) > LONGEST_GAP_MS:
            torn.add(text)
    return torn


class Window:
    """The process with the window, and the one that strikes keys."""

    def __init__(self, display: str) -> None:
        """Start both."""
        environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": str(ROOT)}
        environment.pop("QT_QPA_PLATFORM", None)
        self._environment = environment
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.wedge_storm.window"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.answer()

    def ask(self, order: str) -> dict[str, Any]:
        """Give an order and return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Return the next answer."""
        answer: dict[str, Any] = json.loads(self._answers.get(timeout=_PATIENCE_S))
        return answer

    def strike(self, lines: list[str]) -> None:
        """Let one xdotool do all of this, so that the pace is its own."""
        script = "\n".join(lines) + "\n"
        subprocess.run(["xdotool", "-"], input=script, text=True, env=self._environment, check=True, timeout=600)

    def close(self) -> None:
        """End the window."""
        self._process.terminate()
        self._process.wait(20)
        self._listener.join(20)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)


@contextmanager
def open_window() -> Iterator[Window]:
    """Open the till's window on an X server of its own, with the keyboard in the number field, its scanner learnt."""
    with x_server() as display:
        window = Window(display)
        try:
            window.strike(["mousemove 700 20 click 1", "sleep 0.5"])
            window.ask("field")
            learn_scanner(window, max(DELAYS_MS))
            yield window
        finally:
            window.close()


def learn_scanner(window: Window, delay_ms: int) -> None:
    """Scan the test code at the slowest pace of the storm: what is faster is then a scan as well."""
    for _ in range(5):
        window.ask("learn")
        window.strike([f"type --delay {delay_ms} '{TEST_CODE}'", "key --delay 0 Return"])
        if window.answer()["what"] == "learnt":
            window.ask("field")
            return
    raise AssertionError("the scanner could not be learnt")


def scan_lines(code: str, delay_ms: int, random: Random) -> list[str]:
    """Return the script of a scan; some scanners end with two keys."""
    ends = random.choice(("Return", "Return", "Tab", "Return Tab"))
    return [f"type --delay {delay_ms} '{code}'", f"key --delay 1 {ends}", f"sleep 0.{random.randint(15, 30)}"]


def person_lines(text: str, random: Random) -> list[str]:
    """Return the script of a person who types, each key after a while of its own."""
    lines = []
    for character in text:
        lines += [f"key --delay 0 {_KEYS.get(character, character)}", f"sleep {random.randint(*PERSON_MS) / 1000}"]
    return [*lines, "sleep 0.15"]


def storm(scans: int, seed: int = 1) -> Report:
    """Run a storm of so many scans."""
    random = Random(seed)
    report = Report(by_delay=dict.fromkeys(DELAYS_MS, 0))
    begun = time.monotonic()
    with open_window() as window:
        while report.scans < scans:
            lines: list[str] = []
            struck: list[tuple[str, str]] = []
            room = 30
            # Every third batch stands before a question with a button, where nobody types.
            at_button = random.random() < 0.33
            window.ask("button" if at_button else "field")
            for _ in range(min(_BATCH, scans - report.scans)):
                delay = random.choice(DELAYS_MS)
                code = _no_card(random)
                struck.append(("scan", code))
                report.by_delay[delay] += 1
                lines += scan_lines(code, delay, random)
                if not at_button and random.random() < 0.25:
                    text = "".join(random.choice("0123456789abk *.") for _ in range(random.randint(1, 6)))
                    text = text.strip() or "7"
                    struck.append(("person", text[:room]))
                    lines += person_lines(text[:room], random)
                    room -= len(text[:room])
            window.strike([*lines, "sleep 0.4"])
            report.hold(window.ask("field"), struck)
    report.seconds = time.monotonic() - begun
    return report


def frozen(seed: int = 2, rounds: int = 3) -> Report:
    """Type and scan while the window stands still for seconds: only the events' own times can tell who it was."""
    random = Random(seed)
    report = Report(by_delay={5: 0})
    with open_window() as window:
        for _ in range(rounds):
            window.ask("field")
            window.ask("freeze 2500")
            window.strike(["sleep 0.3"])
            typed = "".join(random.choice("0123456789") for _ in range(8))
            code = _no_card(random)
            report.by_delay[5] += 1
            after = "".join(random.choice("0123456789") for _ in range(3))
            lines = [*person_lines(typed, random), "sleep 0.2", *scan_lines(code, 5, random), "sleep 0.2"]
            window.strike([*lines, *person_lines(after, random), "sleep 3"])
            report.hold(window.ask("field"), [("person", typed), ("scan", code), ("person", after)])
    return report


def _no_card(random: Random) -> str:
    """Return fourteen digits whose check digits are wrong: the till says so, and waits for the next."""
    number = random.randrange(10**13, 10**14)
    return str(number + 1 if number % 97 == 1 else number)
