"""The connection breaks after any byte of a request or of an answer: every entry still arrives exactly once."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from kube_pos.sync.client import UpstreamClient
from kube_pos.sync.cycle import run_cycle
from kube_pos.sync.failures import Offline
from tests.fakes import FixedClock
from tests.sync_kit import LEDGER, OFFICE_KEY, TILL_KEY, MemoryFeed, MemoryOutbox, Office
from tests.sync_server import OfficeServer, serving

HONEST = 1 << 30


@dataclass
class Cutter:
    """A relay between till and office that breaks the connection after so many bytes each way."""

    target: tuple[str, int]
    up: int = HONEST
    down: int = HONEST
    ended: threading.Event = field(default_factory=threading.Event)
    """Set whenever a connection has been closed on both sides."""

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                till, _ = listener.accept()
            except OSError:
                return
            with till, socket.create_connection(self.target) as office:
                self._relay(till, office)
            self.ended.set()

    def _relay(self, till: socket.socket, office: socket.socket) -> None:
        left = {till: self.up, office: self.down}
        with selectors.DefaultSelector() as both:
            both.register(till, selectors.EVENT_READ, office)
            both.register(office, selectors.EVENT_READ, till)
            while True:
                for key, _ in both.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    try:
                        data = source.recv(65_536)[: left[source]]
                        key.data.sendall(data)
                    except OSError:
                        return
                    left[source] -= len(data)
                    if not data or left[source] == 0:
                        return


@contextmanager
def relay(server: OfficeServer) -> Iterator[tuple[Cutter, str]]:
    host, port = server.address.removeprefix("http://").split(":")
    cutter = Cutter((host, int(port)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=cutter.serve, args=(listener,))
        thread.start()
        try:
            yield cutter, f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            # Closing alone does not wake a thread that waits in accept.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


class Bench:
    """A till behind the relay."""

    def __init__(self, stack: ExitStack) -> None:
        self.office = Office(FixedClock())
        server = stack.enter_context(serving(self.office))
        self.cutter, self.address = stack.enter_context(relay(server))
        self.outbox, self.feed = MemoryOutbox(), MemoryFeed()

    def sync(self, *, up: int = HONEST, down: int = HONEST) -> int:
        """Run a round with a connection of its own that breaks; return the bytes that it took, or -1 if it broke."""
        self.cutter.up, self.cutter.down = up, down
        client = UpstreamClient(self.address, LEDGER, TILL_KEY, OFFICE_KEY.public_key(), FixedClock())
        try:
            run_cycle(client, self.outbox, self.feed, FixedClock())
        except Offline:
            return -1
        finally:
            client.close()
        return 0

    def is_whole(self) -> bool:
        sent = [entry.body for entry in self.outbox.entries]
        return [body for body, _ in self.office.received] == sent and self.outbox.acked_seq == len(sent)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(stack)


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_cut_after_any_byte_loses_and_doubles_nothing(bench: Bench, way: str) -> None:
    broken = 0
    # A round is one upload and one poll: about 1,350 bytes up and 700 down, the places spread over both.
    for place in range(1, 1400 if way == "up" else 700, 23 if way == "up" else 11):
        bench.outbox.fill(1)
        bench.office.tell("card", str(place), b"{}")
        acked = bench.outbox.acked_seq
        broken += bench.sync(up=place) == -1 if way == "up" else bench.sync(down=place) == -1
        assert acked <= bench.outbox.acked_seq <= len(bench.office.received)
        assert bench.sync() == 0
        assert bench.is_whole()
        assert bench.feed.at == len(bench.office.changes)
    assert broken >= 50


def test_a_connection_that_the_office_closed_meanwhile_is_made_anew(bench: Bench) -> None:
    client = UpstreamClient(bench.address, LEDGER, TILL_KEY, OFFICE_KEY.public_key(), FixedClock())
    client.changes(0)
    whole = client.take_traffic().down
    client.close()
    bench.cutter.ended.wait(5)
    # From now on the relay ends each connection right after the first whole answer.
    bench.cutter.down = whole
    again = UpstreamClient(bench.address, LEDGER, TILL_KEY, OFFICE_KEY.public_key(), FixedClock())
    for _ in range(3):
        bench.cutter.ended.clear()
        assert again.changes(0).next == 0
        assert bench.cutter.ended.wait(5)
    again.close()
