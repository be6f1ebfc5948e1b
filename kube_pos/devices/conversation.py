"""One print job over an open way to a printer: asking first, writing all, and hearing that it came to the end.

Everything that can go wrong is told as a PrinterError with the one thing that matters afterwards: whether a byte of the
job may have reached the printer.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kube_pos.devices.ports import PrinterError
from kube_pos.devices.printer_talk import BARRIER, QUESTIONS, AnswerSorter, question, trouble_of, warning_of

_CHUNK = 4096
_TURN_S = 0.25
"""How long one wait lasts at most, so that a job that was given up ends soon."""
_SLOWEST_BYTES_S = 400
"""A line of 4,800 baud carries this many a second: whoever is slower has stopped."""
_LINES_A_SECOND = 20
_NO_ROOM = (errno.ENOSPC, errno.EFBIG)


class Wire(Protocol):
    """An open way to a printer, for one job."""

    counts: bool
    """A write that fails tells how much of it had left; else any failed write may have reached the printer."""
    hears: bool
    """The printer can answer on it."""

    def write_some(self, data: bytes, wait_s: float) -> int:
        """Write what the way takes, after waiting at most so long; return how much, 0 for nothing. Raises OSError."""
        ...

    def read_some(self, wait_s: float) -> bytes | None:
        """Return what the printer said, empty for silence, None when it has closed its end. Raises OSError."""
        ...

    def unsent(self) -> int:
        """Return how many bytes of those taken still wait in this computer, as far as it can tell."""
        ...

    def finish(self) -> bool:
        """Do what makes the end of a job certain; return whether it is certain. Raises OSError."""
        ...

    def part(self, wait_s: float) -> None:
        """Say that this was all and let the printer close first. Raises OSError when the job may be lost by it."""
        ...

    def close(self, *, discard: bool) -> bool:
        """Let the way go; with `discard`, throw away what can be; tell whether nothing of the job is left then."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a transport waits."""

    connect_s: float = 3.0
    answer_s: float = 0.5
    """For the answer to a question; a printer that is slower counts as one that can't answer."""
    write_s: float = 15.0
    """For the printer to take the next bytes."""
    barrier_s: float = 15.0
    """For the end of printing, with a second more for each 20 lines."""
    job_s: float = 30.0
    """For a whole job, with the time more that a slow line needs for its bytes."""
    drain_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What is to be done around one job."""

    asks: bool = False
    """Ask the printer for its state before the first byte, and for the end after the last one if it answered."""
    barrier: bool = True
    """Ask for the end; off for a printer that has shown that it does not answer to that."""
    lines: int = 0
    goes_on: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a job was sent."""

    confirmed: bool = False
    answered: bool = False
    """The printer answered when it was asked."""
    barrier_ignored: bool = False
    """It is well and did not answer to the question for the end: it can't, so asking again is of no use."""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What looking at a printer showed."""

    answered: bool = False
    warning: str = ""


class Conversation:
    """One job, or one look, on one open way."""

    def __init__(self, wire: Wire, patience: Patience, terms: Terms) -> None:
        """Begin; nothing is written yet."""
        self._wire = wire
        self._patience = patience
        self._terms = terms
        self._sorter = AnswerSorter()
        self._has_ended = False
        self._has_begun = False

    def look(self) -> Look:
        """Ask for the state, if that is wanted; raises PrinterError when the printer can't print now."""
        states = self._ask() if self._terms.asks else None
        if states is None:
            return Look()
        if trouble := trouble_of(states):
            raise PrinterError(trouble, clean=True)
        return Look(answered=True, warning=warning_of(states))

    def deliver(self, data: bytes) -> Delivery:
        """Send a job to the end; raises PrinterError."""
        seen = self.look()
        wants_barrier = seen.answered and self._terms.barrier
        deadline = time.monotonic() + self._patience.job_s + len(data) / _SLOWEST_BYTES_S
        self._write_all(data, deadline)
        try:
            certain = self._wire.finish()
        except OSError as cause:
            raise _broken(cause, clean=False) from cause
        if not wants_barrier:
            self._part(job_is_safe=certain)
            return Delivery(certain, seen.answered, warning=seen.warning)
        confirmed = self._came_to_the_end(deadline)
        self._part(job_is_safe=confirmed)
        return Delivery(confirmed, answered=True, barrier_ignored=not confirmed, warning=seen.warning)

    def _ask(self) -> tuple[int, int, int] | None:
        """Return the printer's three states; None when it does not answer as one that can."""
        if not self._wire.hears or self._has_ended:
            return None
        try:
            # What was said before is no answer to what is asked now.
            self._listen(lambda: False, 0.0)
            said = [self._ask_one(number) for number in QUESTIONS]
        except OSError as cause:
            raise PrinterError("printer_closed", clean=True) from cause
        except _NoAnswer:
            return None
        return said[0], said[1], said[2]

    def _ask_one(self, number: int) -> int:
        heard = self._sorter.states
        before = len(heard)
        if self._wire.write_some(question(number), self._patience.answer_s) != len(question(number)):
            raise _NoAnswer
        self._listen(lambda: len(heard) > before, self._patience.answer_s)
        # Two at once: one of them answers something else, and nobody knows which.
        if len(heard) != before + 1:
            raise _NoAnswer
        return heard[before]

    def _listen(self, is_enough: Callable[[], bool], seconds: float) -> bool:
        """Take in what the printer says until it is enough or time is over; raises OSError."""
        deadline = time.monotonic() + seconds
        while not is_enough():
            self._check()
            left = deadline - time.monotonic()
            said = self._wire.read_some(min(max(left, 0.0), _TURN_S))
            if said is None:
                self._has_ended = True
                return False
            self._sorter.feed(said)
            # Who talks without a pause is not waited for.
            if left <= 0 and (not said or left < -_TURN_S):
                return is_enough()
        return True

    def _write_all(self, data: bytes, deadline: float) -> None:
        written = 0
        last_progress = time.monotonic()
        waiting = 0
        while written < len(data) or waiting:
            self._check()
            try:
                took = self._wire.write_some(data[written : written + _CHUNK], _TURN_S) if written < len(data) else 0
                self._has_begun = self._has_begun or took > 0
                if not took:
                    self._hear()
                waiting, before = self._wire.unsent(), waiting
            except OSError as cause:
                raise _broken(cause, clean=not self._has_begun and self._wire.counts) from cause
            written += took
            now = time.monotonic()
            if took or waiting < before:
                last_progress = now
            elif now - last_progress > self._patience.write_s:
                raise PrinterError("printer_stalled", clean=not self._has_begun)
            if now > deadline:
                raise PrinterError("printer_stalled", clean=not self._has_begun)

    def _hear(self) -> None:
        """Take in what the printer says meanwhile: who is not listened to may stop listening."""
        said = self._wire.read_some(0.0) if self._wire.hears and not self._has_ended else b""
        if said is None:
            self._has_ended = True
        else:
            self._sorter.feed(said)

    def _came_to_the_end(self, deadline: float) -> bool:
        try:
            self._listen(lambda: False, 0.0)
        except OSError as cause:
            raise PrinterError("printer_broke_off", clean=False) from cause
        # An answer that came before the question is one to a question of an earlier job.
        self._sorter.barriers.clear()
        self._write_all(BARRIER, deadline)
        return self._await_barrier(deadline)

    def _await_barrier(self, deadline: float) -> bool:
        """Tell whether the printer said that it came to the end; raises PrinterError when it then is not well."""
        heard = self._sorter.barriers
        wait_s = self._patience.barrier_s + self._terms.lines / _LINES_A_SECOND
        try:
            if self._listen(lambda: bool(heard), min(wait_s, max(deadline - time.monotonic(), 0.0))):
                return True
        except OSError as cause:
            raise PrinterError("printer_broke_off", clean=False) from cause
        if self._has_ended:
            raise PrinterError("printer_broke_off", clean=False)
        try:
            states = self._ask()
        except PrinterError as cause:
            raise PrinterError("printer_broke_off", clean=False) from cause
        if states is None:
            raise PrinterError("printer_no_answer", clean=False)
        if trouble := trouble_of(states):
            raise PrinterError(trouble, clean=False)
        return bool(heard)

    def _part(self, *, job_is_safe: bool) -> None:
        try:
            self._wire.part(self._patience.drain_s)
        except OSError as cause:
            if not job_is_safe:
                raise PrinterError("printer_broke_off", clean=False) from cause

    def _check(self) -> None:
        if not self._terms.goes_on():
            raise PrinterError("printer_hung", clean=not self._has_begun)


class _NoAnswer(Exception):
    """The printer said nothing, or not what was asked."""


def _broken(cause: OSError, *, clean: bool) -> PrinterError:
    return PrinterError("printer_disk_full" if cause.errno in _NO_ROOM else "printer_broke_off", clean=clean)
