"""The small parts that every device thread shares: a thread that can be stopped, waits that grow, changes told once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from kube_pos.devices.ports import DeviceState, DeviceStatus, OnStatus

STOP_WITHIN_S = 2.5
"""How long `stop` waits for a thread; a driver that hangs in a system call is left behind as a daemon."""


_log = logging.getLogger(__name__)


class Worker:
    """One named thread at a time, with an event that tells it to stop.

    A device's thread must not end by a surprise (a driver's odd exception, a full disk): it is logged and run again.
    """

    def __init__(self, name: str, run: Callable[[threading.Event], None], again_after_s: float = 1.0) -> None:
        """Keep what to run; `run` is given the stop event and returns soon after it is set."""
        self._name = name
        self._run = run
        self._again_after_s = again_after_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; does nothing when it runs already."""
        if self._thread is not None and self._thread.is_alive() and not self._stop.is_set():
            return
        # A fresh event: an older thread that was left behind must go on seeing its own one set.
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, args=(self._stop,), name=self._name, daemon=True)
        self._thread.start()

    def _keep_running(self, stop: threading.Event) -> None:
        while True:
            try:
                self._run(stop)
            except Exception as error:  # noqa: BLE001 -- where a thread ends
                # No traceback: it could show a payload.
                _log.error("%s failed: %s", self._name, type(error).__name__)
                if not stop.wait(self._again_after_s):
                    continue
            return

    @property
    def is_asked_to_stop(self) -> bool:
        """Tell whether the thread was told to stop."""
        return self._stop.is_set()

    def ask_to_stop(self) -> None:
        """Set the stop event without waiting."""
        self._stop.set()

    def stop(self, within_s: float = STOP_WITHIN_S) -> bool:
        """Stop the thread and tell whether it ended in time; may be called from the thread itself."""
        self._stop.set()
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(within_s)
        return not thread.is_alive()


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before trying again: twice as long each time, within bounds."""

    first_s: float = 0.5
    longest_s: float = 5.0

    def wait_s(self, failures: int) -> float:
        """Return the wait after a number of failures in a row (1 = the first)."""
        return min(self.longest_s, self.first_s * 2.0 ** min(max(failures - 1, 0), 16))


class StatusTeller:
    """Tells a device's status only when it changed: lost once, back once."""

    def __init__(self, on_status: OnStatus) -> None:
        self._on_status = on_status
        self._last: DeviceStatus | None = None

    @property
    def last_state(self) -> DeviceState | None:
        """Return the state told last, None before the first."""
        return self._last.state if self._last is not None else None

    def tell(self, status: DeviceStatus) -> None:
        """Pass a status on, unless it is the one told last."""
        if status != self._last:
            self._last = status
            self._on_status(status)
