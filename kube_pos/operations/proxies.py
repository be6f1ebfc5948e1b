"""Proxies: one person who collects for many families is told, at the counter and to the office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kube_pos.ledger.collectors import collector_key
from kube_pos.ledger.documents import Policy
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.ids import RecipientId
from kube_pos.operations.till import Till
from kube_pos.texts import Texts


@dataclass(frozen=True, slots=True)
class ProxyWarning:
    """One proxy, with this family counted, came for `families` families within `days` days. It forbids nothing."""

    families: int
    days: int


def proxy_warning(till: Till, allowed: Allowed, name: str) -> ProxyWarning | None:
    """Return the warning to show before a proxy collects, by the strictest rule of the family's programmes."""
    policies = _policies(till, allowed)
    if not name.strip() or not policies:
        return None
    found: list[ProxyWarning] = []
    for policy in policies:
        families = families_of(till, name, policy.proxy_days) | {allowed.recipient.id}
        if len(families) >= policy.proxy_families:
            found.append(ProxyWarning(len(families), policy.proxy_days))
    return max(found, key=lambda warning: warning.families, default=None)


def families_of(till: Till, name: str, days: int) -> frozenset[RecipientId]:
    """Return the families that a proxy of this name collected for at this till within days, today included."""
    return till.journal.collected_for(collector_key(name), till.today() - timedelta(days=days - 1))


def proxy_sentence(warning: ProxyWarning, texts: Texts) -> str:
    """Return the warning in words."""
    return texts.say("proxy_many", families=warning.families, days=warning.days)


def _policies(till: Till, allowed: Allowed) -> tuple[Policy, ...]:
    programs = sorted({row.entitlement.program_id for row in allowed.rows})
    return tuple(till.policy(program) for program in programs)
