"""A network that loses, doubles, delays, reorders and cuts messages, between the real client and the real office."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from kube_pos.clock import Clock
from kube_pos.ledger.ids import LedgerId
from kube_pos.sync.client import UpstreamClient, _Reply
from kube_pos.sync.cycle import Traffic
from kube_pos.sync.failures import Offline
from kube_pos.sync.signing import DeviceKey
from tests.simulation.faults import Faults
from tests.simulation.office import CityOffice

_WAITING_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Message:
    """A request on its way."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Network:
    """What lies between all tills and the office."""

    office: CityOffice
    rng: Random
    faults: Faults
    late: list[tuple[Message, Callable[[], str]]] = field(default_factory=list)
    """Copies still on their way, each with how to make a token that holds when it arrives (a carried bundle)."""
    counts: dict[str, int] = field(default_factory=dict)
    is_up: bool = True

    def exchange(self, message: Message, bearer: Callable[[], str]) -> _Reply:
        """Carry a request to the office and its answer back, or fail."""
        rng, faults = self.rng, self.faults
        self._count("messages")
        if self._happens(faults.lost, "lost"):
            raise Offline(reason="cut")
        if self._happens(faults.delayed, "delayed") and len(self.late) < _WAITING_AT_MOST:
            self.late.append((message, bearer))
        body = message.body
        if self._happens(faults.truncated, "truncated"):
            body = body[: rng.randrange(len(body) + 1)]
        if self._happens(faults.doubled, "doubled"):
            self.office.handle(message.method, message.path, message.headers, message.body)
        if self._happens(faults.office, "office_failed"):
            self.office.database.dies = rng.choice(("before", "after"))
        reply = self.office.handle(message.method, message.path, message.headers, body)
        self.office.database.dies = ""
        if self._happens(faults.lost, "lost"):
            raise Offline(reason="cut")
        if self._happens(faults.truncated, "truncated"):
            return _Reply(reply.status, reply.signature, reply.body[: rng.randrange(len(reply.body) + 1)])
        return reply

    def deliver_late(self) -> None:
        """Let one copy that was on its way arrive, out of its order; nobody waits for the answer."""
        if self.late:
            message, bearer = self.late.pop(self.rng.randrange(len(self.late)))
            headers = {**message.headers, "Authorization": f"Bearer {bearer()}"}
            self._count("late")
            self.office.handle(message.method, message.path, headers, message.body)

    def _happens(self, chance: float, what: str) -> bool:
        if chance and self.rng.random() < chance:
            self._count(what)
            return True
        return False

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


class _Wire:
    """Stands where the client has its HTTP connection."""

    def __init__(self, network: Network, bearer: Callable[[], str], is_online: Callable[[], bool]) -> None:
        self._network = network
        self._bearer = bearer
        self._is_online = is_online

    def exchange(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> _Reply:
        if not self._is_online():
            raise Offline(reason="connect")
        return self._network.exchange(Message(method, path, headers, body), self._bearer)

    def take_traffic(self) -> Traffic:
        return Traffic()


class SimulatedClient(UpstreamClient):
    """The till's real client, but for its connection: tokens, signatures, parsing and refusals are its own."""

    def __init__(
        self,
        network: Network,
        ledger_id: LedgerId,
        key: DeviceKey,
        upstream_key: bytes,
        clock: Clock,
        is_online: Callable[[], bool],
    ) -> None:
        """Speak for one ledger over the network."""
        super().__init__("http://127.0.0.1:9", ledger_id, key, upstream_key, clock)
        self._http.close()

        def bearer() -> str:
            return key.bearer(ledger_id, network.office.clock.now_ms() // 1000)

        self._http = _Wire(network, bearer, is_online)  # type: ignore[assignment]
