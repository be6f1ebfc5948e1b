"""Notices when a driver hangs in a system call: no time-out of ours reaches into those."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from kube_pos.devices.ports import PrinterError

T = TypeVar("T")
About = TypeVar("About")
GoesOn = Callable[[], bool]
"""A sign of life; False when the act was given up meanwhile."""

_LONGEST_REST = 16
"""Times the watchdog's patience, between two tries of a driver that hangs each time."""


class Hung(Exception):
    """The act was given up before it came back: its thread has no more say."""


class _Act:
    def __init__(self) -> None:
        self.last_sign = time.monotonic()
        self.is_given_up = False
        self.has_ended = threading.Event()
        self.lock = threading.Lock()

    def goes_on(self) -> bool:
        self.last_sign = time.monotonic()
        return not self.is_given_up

    def end(self) -> bool:
        """Note the end; tell whether the act was given up before."""
        with self.lock:
            self.has_ended.set()
            return self.is_given_up

    def give_up(self) -> bool:
        """Give the act up; tell whether it had not ended yet."""
        with self.lock:
            self.is_given_up = not self.has_ended.is_set()
            return self.is_given_up


class Watchdog(Generic[About]):
    """Watches one act after the other on the thread that does it, from a thread of its own."""

    def __init__(self, hang_s: float, on_hung: Callable[[About | None], None]) -> None:
        """Keep how long an act may be silent, and who takes over then, called with what the act was about."""
        self._hang_s = hang_s
        self._on_hung = on_hung
        self._stuck = 0
        self._rest_until = 0.0
        self._lock = threading.Lock()

    def watch(self, act: Callable[[GoesOn], T], about: About | None = None) -> T:
        """Do something that may hang; raises what it raises, and Hung when it came back after it was given up.

        Each stuck thread is one that never ends: the more of them there are, the longer it refuses to try again, with
        a clean PrinterError.
        """
        if self._stuck and time.monotonic() < self._rest_until:
            raise PrinterError("printer_hung", clean=True)
        watched = _Act()
        threading.Thread(target=self._guard, args=(watched, about), name="print-watchdog", daemon=True).start()
        try:
            result = act(watched.goes_on)
        except BaseException:
            self._end(watched)
            raise
        self._end(watched)
        return result

    def _end(self, watched: _Act) -> None:
        if watched.end():
            with self._lock:
                self._stuck -= 1
            raise Hung

    def _guard(self, watched: _Act, about: About | None) -> None:
        wait_s = self._hang_s
        while not watched.has_ended.wait(wait_s):
            wait_s = watched.last_sign + self._hang_s - time.monotonic()
            if wait_s > 0:
                continue
            if watched.give_up():
                with self._lock:
                    self._stuck += 1
                    rest_s = self._hang_s * min(2.0 ** (self._stuck - 2), _LONGEST_REST)
                    self._rest_until = time.monotonic() + rest_s
                self._on_hung(about)
            return
