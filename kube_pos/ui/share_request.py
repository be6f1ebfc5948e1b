"""«Minta ke kantor»: a family of another outlet asks for its share here, and the banner tells how that goes."""

from __future__ import annotations

from collections.abc import Callable

from kube_pos.ledger.entitlement import Refusal, Refused
from kube_pos.ledger.ids import CardToken
from kube_pos.operations.look_up import Visit
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context

ONLINE_MS = 5 * 60_000
"""So long after upstream's last answer the till counts as connected."""
_REASONS = frozenset({Refusal.OTHER_OUTLET, Refusal.HELD_ELSEWHERE})
_TONES = {"granted": Tone.GOOD, "asked": Tone.INFO, "waiting": Tone.INFO}


def can_be_asked_for(context: Context, visit: Visit) -> bool:
    """Tell whether a refused family's share may come from another till, and the office can be asked now."""
    desk, decision = context.desk, visit.decision
    if desk.ask_share is None or visit.token is None:
        return False
    contact = desk.sync_status().last_contact_ms
    is_online = contact is not None and abs(desk.till.clock.now_ms() - contact) <= ONLINE_MS
    return is_online and isinstance(decision, Refused) and decision.reason in _REASONS


class ShareRequests:
    """Sends the request in the background, says how it goes, and hands on that the share came."""

    def __init__(self, context: Context, came: Callable[[CardToken], None]) -> None:
        """Ask nothing yet; `came` is called on the main thread."""
        self._context = context
        self._came = came

    def ask(self, visit: Visit | None) -> None:
        """Ask for the share of the family at the counter."""
        ask = self._context.desk.ask_share
        if visit is None or visit.token is None or ask is None:
            return
        token, bridge = visit.token, self._context.bridge
        self._say("asked")
        ask(token, lambda key: bridge.post(lambda: self._told(token, key)))

    def _told(self, token: CardToken, key: str) -> None:
        self._say(key)
        if key == "granted":
            self._came(token)

    def _say(self, key: str) -> None:
        self._context.tell(_TONES.get(key, Tone.WARN), self._context.texts.say(f"share.{key}"))
