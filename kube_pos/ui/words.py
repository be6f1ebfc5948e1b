"""Facts put into sentences: decisions, refusals, ages, errors. Pure, on `Texts`."""

from __future__ import annotations

from kube_pos.errors import Fact, KubePosError, NotPermitted, WrongPin
from kube_pos.ledger.days import business_day
from kube_pos.ledger.documents import Cycle, Unit
from kube_pos.ledger.entitlement import Allowed, MonthLine, Refused
from kube_pos.ledger.ports import Catalogue
from kube_pos.ledger.quantity import format_quantity, format_rupiah
from kube_pos.operations.slips import refusal_sentence
from kube_pos.operations.stock import DeliveryIncomplete
from kube_pos.texts import Texts

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


def decision_sentence(texts: Texts, allowed: Allowed, catalogue: Catalogue) -> str:
    """Return the one sentence for a family that may take goods: «Boleh belanja Rp600.000 — 2 bulan dirapel»."""
    goods = [
        format_quantity(quantity, _commodity_unit(catalogue, commodity) + " " + _commodity_name(catalogue, commodity))
        for commodity, quantity in allowed.in_kind.items()
    ]
    if allowed.balance and goods:
        sentence = texts.say("ui.decision.both", amount=format_rupiah(allowed.balance), goods=", ".join(goods))
    elif goods:
        sentence = texts.say("ui.decision.goods", goods=", ".join(goods))
    else:
        sentence = texts.say("ui.decision.money", amount=format_rupiah(allowed.balance))
    if allowed.is_arrears:
        sentence += texts.say("ui.decision.arrears", months=len(allowed.open_months))
    return sentence


def refusal_words(texts: Texts, refused: Refused, catalogue: Catalogue, list_as_of_ms: int | None) -> str:
    """Return the sentence of a refusal, the very one that its slip prints: the reason, and the family's next step."""
    list_day = texts.day(business_day(list_as_of_ms)) if list_as_of_ms is not None else texts.say("ui.decision.no_list")
    return refusal_sentence(refused, catalogue, list_day, texts)


def next_sentence(texts: Texts, cycle: Cycle) -> str:
    """Return when the next aid is expected: «Berikutnya: Desember 2026, perkiraan 16 Desember 2026»."""
    months = " + ".join(texts.month(month) for month in sorted(cycle.months))
    return texts.say("ui.decision.next", months=months, day=texts.day(cycle.released_on))


def amount(line: MonthLine, value: int, catalogue: Catalogue) -> str:
    """Return an amount of a month line in its unit."""
    entitlement = line.entitlement
    if entitlement.unit is Unit.RUPIAH or entitlement.commodity_id is None:
        return format_rupiah(value)
    return format_quantity(value, _commodity_unit(catalogue, entitlement.commodity_id))


def age(texts: Texts, since_ms: int | None, now_ms: int) -> str:
    """Return how long ago something was, in words: «12 mnt lalu»."""
    if since_ms is None:
        return texts.say("ui.age.never")
    passed = max(0, now_ms - since_ms)
    if passed < _MINUTE_MS:
        return texts.say("ui.age.now")
    if passed < _HOUR_MS:
        return texts.say("ui.age.minutes", n=passed // _MINUTE_MS)
    if passed < 2 * _DAY_MS:
        return texts.say("ui.age.hours", n=passed // _HOUR_MS)
    return texts.say("ui.age.days", n=passed // _DAY_MS)


def error_sentence(texts: Texts, error: KubePosError) -> str:
    """Return the sentence of an error, its facts put into words where they are codes."""
    if isinstance(error, WrongPin) and not error.facts.get("wait_s"):
        return texts.say("ui.pin.wrong")
    facts: dict[str, Fact] = dict(error.facts)
    if isinstance(error, NotPermitted):
        facts["role"] = texts.say(f"role.{facts['role']}")
    if isinstance(error, DeliveryIncomplete):
        facts["field"] = texts.say(f"ui.stock.field.{facts['field']}")
    return texts.say(f"error.{error.code}", **facts)


def masked(payload: str) -> str:
    """Return a code with only its last four characters readable."""
    return "•" * max(0, len(payload) - 4) + payload[-4:] if len(payload) > 4 else "•" * len(payload)


def _commodity_name(catalogue: Catalogue, commodity_id: int) -> str:
    return next((found.name for key, found in catalogue.commodities.items() if key == commodity_id), "")


def _commodity_unit(catalogue: Catalogue, commodity_id: int) -> str:
    return next((found.unit for key, found in catalogue.commodities.items() if key == commodity_id), "")


def office_said(texts: Texts, codes: tuple[str, ...] | None) -> str:
    """Return the office's answer to a sale in words; a code that this program does not know is named as it came."""
    if codes is None:
        return texts.say("ui.office.waiting")
    if not codes:
        return texts.say("ui.office.taken")
    reasons = (texts.say(f"ui.office.{code}") if texts.has(f"ui.office.{code}") else code for code in codes)
    return texts.say("ui.office.asks", reasons="; ".join(reasons))
