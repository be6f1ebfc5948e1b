"""What a lost or stolen till held: counts, kinds of data and open shares, never a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kube_pos.ledger.documents import Unit
from kube_pos.ledger.holdings import Holdings
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.quantity import format_quantity, format_rupiah
from kube_pos.texts import Texts

FIELDS = (
    "name", "ward", "neighbourhood", "home_outlet_id", "state", "national_id_hash", "national_id_last4",
    "family_card_hash", "delivery",
)  # fmt: skip
"""What the list says of a family, besides its number; a test holds this to `documents.Recipient`."""


@dataclass(frozen=True, slots=True)
class LossReport:
    """Everything that the law wants to know within hours, as of the moment it was made."""

    day: date
    ledger_id: str
    terminal: str
    outlet_id: int
    held: Holdings
    backup_at_ms: int | None


def loss_report(identity: Identity, held: Holdings, day: date, backup_at_ms: int | None) -> LossReport:
    """Return the report on an enrolled till."""
    return LossReport(day, identity.ledger_id, identity.terminal, identity.outlet_id, held, backup_at_ms)


def facts(report: LossReport) -> dict[str, object]:
    """Return the report as plain values, for JSON."""
    held = report.held
    return {
        "day": report.day.isoformat(),
        "ledger_id": report.ledger_id,
        "terminal": report.terminal,
        "outlet_id": report.outlet_id,
        "families": held.families,
        "family_fields": list(FIELDS),
        "cards": held.cards,
        "cards_elsewhere": held.cards_elsewhere,
        "staff": held.staff,
        "entries": held.entries,
        "unsent": held.unsent,
        "proxies_named": held.proxies,
        "list_as_of_ms": held.list_as_of_ms,
        "backup_at_ms": report.backup_at_ms,
        "open_shares": [
            {
                "program": share.program_name,
                "fund": share.fund_name,
                "month": share.month,
                "unit": share.unit,
                "amount": share.amount,
                "families": share.families,
            }
            for share in held.open_shares
        ],
    }


def lines(report: LossReport, texts: Texts) -> list[str]:
    """Return the report as sentences, for a letter to the office."""
    held = report.held
    named = ", ".join(texts.say(f"loss.field.{name}") for name in FIELDS)
    said = [
        texts.say("loss.title", terminal=report.terminal, outlet=report.outlet_id, day=texts.day(report.day)),
        texts.say("loss.families", families=held.families, fields=named),
        texts.say("loss.cards", cards=held.cards, elsewhere=held.cards_elsewhere),
        texts.say("loss.entries", entries=held.entries, unsent=held.unsent, proxies=held.proxies),
        texts.say("loss.staff", staff=held.staff),
        texts.say("loss.sealed"),
        texts.say("loss.shares" if held.open_shares else "loss.no_shares"),
    ]
    for share in held.open_shares:
        is_rupiah = share.unit == Unit.RUPIAH.value
        quantity = texts.say("loss.in_kind", quantity=format_quantity(share.amount))
        amount = format_rupiah(share.amount) if is_rupiah else quantity
        month = texts.month(share.month)
        said.append(
            texts.say(
                "loss.share",
                program=share.program_name,
                fund=share.fund_name,
                month=month,
                amount=amount,
                families=share.families,
            )
        )
    said.append(texts.say("loss.next"))
    return said
