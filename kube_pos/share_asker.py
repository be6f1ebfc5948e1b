"""Asking the office for a family's share while the cashier goes on: the request, then waiting for the share to come.

Part of the composition root. Words come back as keys of `share.<key>`; the window says them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

from kube_pos.background import Worker
from kube_pos.errors import KubePosError
from kube_pos.ledger.ids import CardToken
from kube_pos.sync.wire import ShareAnswer, ShareRequest, ShareState
from kube_pos.sync.worker import Client

_LOG = logging.getLogger(__name__)
PAUSE_S = 3.0
TRIES = 60
"""Three minutes: a till that is connected has answered by then."""


class ShareClient(Protocol):
    """Upstream, as this asks it."""

    def request_share(self, request: ShareRequest) -> ShareAnswer:
        """Say that a family stands here and wants its share."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class OfficeClient(Client, ShareClient, Protocol):
    """The one client that sync and share requests both speak through, each with a connection of its own."""


class ShareAsker:
    """Asks on a thread of its own; a newer request ends the waiting of an older one."""

    def __init__(
        self,
        connect: Callable[[], ShareClient],
        wake_sync: Callable[[], None],
        has_come: Callable[[CardToken], bool],
        *,
        pause_s: float = PAUSE_S,
    ) -> None:
        """Ask nothing yet. `has_come` tells, by a short read, whether a card's family may be served here now."""
        self._connect = connect
        self._wake_sync = wake_sync
        self._has_come = has_come
        self._pause_s = pause_s
        self._newer = threading.Event()
        self._worker = Worker("shares")

    def start(self) -> None:
        """Start the thread."""
        self._worker.start()

    def stop(self) -> None:
        """End the thread; a request under way is given up."""
        self._newer.set()
        self._worker.stop(timeout_s=1.0)

    def ask(self, card: CardToken, told: Callable[[str], None]) -> None:
        """Ask for the share of a card's family; `told` hears how it goes, on this room's thread."""
        self._newer.set()
        newer = self._newer = threading.Event()
        self._worker.submit(lambda: self._run(card, told, newer), lambda _: None, _failed)

    def _run(self, card: CardToken, told: Callable[[str], None], newer: threading.Event) -> None:
        try:
            with closing(self._connect()) as client:
                state = client.request_share(ShareRequest(card=card)).state
        except KubePosError as error:
            _LOG.warning("a share request failed: %s", error.code)
            told("failed")
            return
        if state not in {ShareState.GRANTED, ShareState.WAITING}:
            told(state.value)
            return
        if state is ShareState.WAITING:
            told("waiting")
        for _ in range(TRIES):
            self._wake_sync()
            if newer.wait(self._pause_s):
                return
            if self._has_come(card):
                told("granted")
                return
        told("late")


def _failed(error: Exception) -> None:
    _LOG.error("asking for a share failed: %s", type(error).__name__)
