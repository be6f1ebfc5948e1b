"""Small papers beside the receipt: balance slip, slip for a family turned away, mismatch ticket. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kube_pos.devices.document import Cut, PrintDocument
from kube_pos.ledger.documents import Outlet, Unit
from kube_pos.ledger.entitlement import Allowed, Decision, LineState, MonthLine
from kube_pos.ledger.entries import DataMismatchReport, Exchange
from kube_pos.ledger.ports import Catalogue
from kube_pos.ledger.quantity import format_quantity, format_rupiah
from kube_pos.operations.layout import Layout
from kube_pos.operations.receipts import mask_name
from kube_pos.texts import Texts


@dataclass(frozen=True, slots=True)
class SlipFacts:
    """What every slip says at its head and foot."""

    outlet: Outlet | None
    """None while the list is being fetched anew."""
    is_demo: bool
    at_ms: int
    cashier: str
    catalogue: Catalogue
    copy: int = 0
    """Which copy of the paper it is; 0 is the original."""


def balance_slip(facts: SlipFacts, allowed: Allowed, texts: Texts, columns: int) -> PrintDocument:
    """Return the paper for a family that asked for its balance."""
    out = slip_head(facts, texts, columns, "slip.balance_title")
    out.pair(texts.say("receipt.family"), mask_name(allowed.recipient.name))
    for line in allowed.lines:
        out.pair(f"{texts.short_month(line.entitlement.month)}", amount_of(line, facts.catalogue))
        out.wrapped(_state_of(line, texts))
    out.rule()
    out.pair(texts.say("slip.balance"), format_rupiah(allowed.balance), bold=True)
    return _foot(out, facts, texts)


def turned_away_slip(facts: SlipFacts, reason: str, texts: Texts, columns: int) -> PrintDocument:
    """Return the paper for a family that was not served: `reason` is the whole sentence with its next step."""
    out = slip_head(facts, texts, columns, "slip.turned_away_title")
    out.wrapped(reason)
    return _foot(out, facts, texts)


def mismatch_ticket(facts: SlipFacts, report: DataMismatchReport, texts: Texts, columns: int) -> PrintDocument:
    """Return the paper with the number of a report of wrong data."""
    out = slip_head(facts, texts, columns, "slip.mismatch_title")
    out.big(report.ticket)
    out.wrapped(texts.say("slip.mismatch_category", category=texts.say(f"mismatch.{report.category.value}")))
    out.wrapped(texts.say("slip.mismatch_next"))
    return _foot(out, facts, texts)


def exchange_ticket(facts: SlipFacts, swap: Exchange, receipt: str, texts: Texts, columns: int) -> PrintDocument:
    """Return the paper of an exchange of spoilt goods; `receipt` is the number of the sale that they came from."""
    out = slip_head(facts, texts, columns, "slip.exchange_title")
    out.pair(texts.say("slip.exchange_number"), swap.reference)
    out.pair(texts.say("slip.exchange_of"), receipt)
    for key, product_id, quantity in (
        ("slip.exchange_back", swap.spoilt, swap.spoilt_quantity),
        ("slip.exchange_given", swap.product, swap.quantity),
    ):
        product = facts.catalogue.products.get(product_id)
        out.wrapped(texts.say(key, product=product.name if product else f"#{product_id}"))
        out.pair("", format_quantity(quantity, product.unit if product else ""))
    out.wrapped(texts.say("receipt.reason", reason=texts.say(f"spoilt.{swap.reason.value}")))
    approver = facts.catalogue.staff.get(swap.approver)
    out.pair(texts.say("receipt.approver"), approver.name if approver else str(swap.approver))
    out.wrapped(texts.say("slip.exchange_foot"))
    return _foot(out, facts, texts)


def amount_of(line: MonthLine, catalogue: Catalogue) -> str:
    """Return what is left of a month line, in rupiah or in the commodity's unit."""
    entitlement = line.entitlement
    if entitlement.unit is Unit.RUPIAH:
        return format_rupiah(line.left)
    commodity = catalogue.commodities.get(entitlement.commodity_id) if entitlement.commodity_id else None
    name = f"{commodity.name} " if commodity else ""
    return name + format_quantity(line.left, commodity.unit if commodity else "")


def _state_of(line: MonthLine, texts: Texts) -> str:
    begins = line.state is LineState.NOT_RELEASED
    day = line.entitlement.released_on if begins else line.entitlement.expires_on
    return texts.say(f"slip.line_{line.state.value}", day=f"{day:%d/%m/%Y}")


def contacts(catalogue: Catalogue) -> tuple[str, ...]:
    """Return where a family may ask, each place once."""
    return tuple(dict.fromkeys(program.contact for program in catalogue.programs.values()))


def refusal_sentence(decision: Decision, catalogue: Catalogue, list_day: str, texts: Texts) -> str:
    """Return the sentence of a refusal, with what the family can do next; empty for a family that is allowed."""
    if isinstance(decision, Allowed):
        return ""
    outlet = catalogue.outlets.get(decision.outlet_id) if decision.outlet_id is not None else None
    upcoming = ""
    if decision.next_release is not None:
        upcoming = " " + texts.say("refusal_next", day=texts.day(decision.next_release.released_on))
    return texts.say(
        f"refusal.{decision.reason.value}",
        list_day=list_day,
        contact=", ".join(contacts(catalogue)),
        outlet=texts.say("outlet_name", name=outlet.name, ward=outlet.ward) if outlet else texts.say("outlet_unknown"),
        month=texts.month(decision.month) if decision.month else "-",
        day=texts.day(decision.day) if decision.day else list_day,
        next=upcoming,
    )


def slip_head(facts: SlipFacts, texts: Texts, columns: int, title: str) -> Layout:
    """Return a paper with the head that all slips have."""
    out = Layout(columns)
    if facts.is_demo:
        out.centred(texts.say("receipt.demo"), bold=True)
    if facts.copy:
        out.big(texts.say("receipt.copy", copy=facts.copy))
    if facts.outlet is not None:
        out.centred(facts.outlet.name, bold=True)
        out.centred(texts.say("receipt.place", ward=facts.outlet.ward, district=facts.outlet.district))
    out.rule()
    out.centred(texts.say(title), bold=True)
    out.pair(texts.say("receipt.time"), texts.moment(facts.at_ms))
    out.pair(texts.say("receipt.cashier"), facts.cashier)
    out.rule()
    return out


def _foot(out: Layout, facts: SlipFacts, texts: Texts) -> PrintDocument:
    out.rule()
    for contact in contacts(facts.catalogue):
        out.wrapped(texts.say("receipt.contact", contact=contact))
    out.add(Cut())
    return out.document()
