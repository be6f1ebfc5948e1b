"""From a scanned or typed code to a decision: who stands at the counter, and what may be taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from kube_pos.ledger import cards, entries, payload_rules
from kube_pos.ledger.basket import is_permitted, permits_on
from kube_pos.ledger.documents import Card, Product, Recipient, price_on
from kube_pos.ledger.entitlement import Allowed, Decision, Refused, Row, Situation, decide
from kube_pos.ledger.ids import CardToken
from kube_pos.ledger.ports import PrintKind, PrintRequest, Stored, Use
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.records import HowFound
from kube_pos.ledger.signed_cards import SignatureFault
from kube_pos.operations.till import Session, Till


@dataclass(frozen=True, slots=True)
class Visit:
    """A card was shown and judged. `manual`: it was typed, not read."""

    decision: Decision
    token: CardToken | None
    last4: str
    manual: bool
    list_as_of_ms: int | None
    how: HowFound = HowFound.SCAN
    """How the family was found, for the log of look-ups."""


@dataclass(frozen=True, slots=True)
class AskWhichNumber:
    """Sixteen digits were read: an NIK or a KK number. The cashier is asked which; `digits` is never shown whole."""

    digits: str


@dataclass(frozen=True, slots=True)
class ProductRead:
    """A product's code was read, not a card; `product` is None when no product has it."""

    product: Product | None


class CodeFault(StrEnum):
    """Why a code is no card: sentences are `code_fault.<fault>`."""

    WRONG_CHECK_DIGITS = "wrong_check_digits"
    UNKNOWN_CODE = "unknown_code"
    FORGED = "forged"
    SIGNED_BROKEN = "signed_broken"
    UNKNOWN_ISSUER = "unknown_issuer"
    ISSUER_ENDED = "issuer_ended"
    UNSIGNED_CARD = "unsigned_card"
    SIGNED_NOT_TAKEN = "signed_not_taken"
    NUMBER_NOT_TAKEN = "number_not_taken"


@dataclass(frozen=True, slots=True)
class NotACard:
    """The code can't be a card; nothing is recorded."""

    fault: CodeFault


LookUp = Visit | AskWhichNumber | ProductRead | NotACard


class NumberKind(StrEnum):
    """Which sixteen-digit number it is; the value is the kind of `cards.keyed_hash`."""

    NIK = "nik"
    FAMILY_CARD = "kk"


@dataclass(frozen=True, slots=True)
class Good:
    """One tile of the goods page. `permitted`: some open row of the family may pay for it."""

    product: Product
    price: Rupiah
    on_hand: int
    permitted: bool


def look_up(till: Till, payload: str, *, manual: bool = False) -> LookUp:
    """Return what a code means at this till now. Short reads only."""
    catalogue = till.replica.catalogue()
    kinds = payload_rules.accepted(catalogue.payload_rules, catalogue.programs, till.today())
    scanned = payload_rules.recognise(payload, catalogue.issuer_keys, kinds, typed=manual)
    match scanned:
        case cards.CardNumber():
            token = cards.card_token(till.identity.city_key, scanned)
            found = visit_of_card(till, till.replica.card(token), token, scanned.last4, manual=manual)
            return replace(found, how=HowFound.TYPED) if manual else found
        case cards.PersonNumber(digits):
            return AskWhichNumber(digits)
        case cards.ProductCode(digits):
            return ProductRead(product_with_barcode(till, digits))
        case cards.WrongCheckDigits():
            return NotACard(CodeFault.WRONG_CHECK_DIGITS)
        case cards.UnknownCode():
            return NotACard(CodeFault.UNKNOWN_CODE)
        case SignatureFault() | payload_rules.NotTaken():
            return NotACard(CodeFault(scanned.value))


def look_up_number(till: Till, asked: AskWhichNumber, kind: NumberKind) -> Visit:
    """Return the decision for a family found by NIK or KK number instead of its card.

    The screen asks for a manager's approval first; two families under one number count as unknown.
    """
    number_hash = cards.keyed_hash(till.identity.city_key, kind.value, asked.digits)
    found = till.replica.recipients_by_number(number_hash)
    recipient = found[0] if len(found) == 1 else None
    found_visit = _visit(till, None, recipient, None, asked.digits[-4:], manual=True)
    return replace(found_visit, how=HowFound(kind.value))


def visit_of_card(till: Till, card: Card | None, token: CardToken, last4: str, *, manual: bool) -> Visit:
    """Return the decision for a card, known or not."""
    recipient = None
    if card is not None and card.recipient_id is not None:
        recipient = till.replica.recipient(card.recipient_id)
    return _visit(till, card, recipient, token, last4, manual=manual)


def visit_of_recipient(till: Till, recipient: Recipient | None) -> Visit:
    """Return the decision for a family that is known without its card."""
    return _visit(till, None, recipient, None, "", manual=True)


def rows_of(till: Till, recipient: Recipient) -> tuple[Row, ...]:
    """Return a family's entitlements with this till's share of each."""
    granted = till.replica.granted_rows(recipient.id)
    uses = till.journal.uses(row.entitlement.id for row in granted)
    nothing = Use()
    rows = []
    for row in granted:
        use = uses.get(row.entitlement.id, nothing)
        rows.append(Row(row.entitlement, row.granted, use.released, use.spent, row.spent_elsewhere))
    return tuple(rows)


def goods_for(till: Till, allowed: Allowed) -> tuple[Good, ...]:
    """Return the goods with a price today: what the family's rows may pay for first, then by name."""
    catalogue, today, stock = till.replica.catalogue(), till.today(), till.journal.stock()
    permits = permits_on(catalogue.allowances, today)
    goods = []
    for product in catalogue.products.values():
        price = price_on(product, today)
        if price is not None:
            goods.append(Good(product, price, stock.get(product.id, 0), is_permitted(product, allowed, permits)))
    return tuple(sorted(goods, key=lambda good: (not good.permitted, good.product.name)))


def product_with_barcode(till: Till, digits: str) -> Product | None:
    """Return the product that carries a barcode."""
    products = till.replica.catalogue().products.values()
    return next((product for product in products if product.barcode == digits), None)


def record_turned_away(till: Till, session: Session, visit: Visit, *, with_slip: bool = False) -> Stored:
    """Journal that a family came and was not served, and print the reason when asked. Raises StorageFailed."""
    refused = visit.decision
    if not isinstance(refused, Refused):
        raise TypeError("a family that may take goods is not turned away")
    entry = entries.TurnedAway(
        at=till.now_ms(),
        day=till.today(),
        by=session.staff_id,
        reason=refused.reason.value,
        recipient=refused.recipient.id if refused.recipient else None,
        card=visit.token,
    )
    return _store(till, entry, PrintKind.TURNED_AWAY if with_slip else None)


def record_balance_inquiry(till: Till, session: Session, allowed: Allowed) -> Stored:
    """Journal that a family asked for its balance, and print the slip. Raises StorageFailed."""
    entry = entries.BalanceInquiry(
        at=till.now_ms(), day=till.today(), by=session.staff_id, recipient=allowed.recipient.id
    )
    return _store(till, entry, PrintKind.BALANCE)


def report_mismatch(till: Till, session: Session, visit: Visit, category: entries.Mismatch) -> Stored:
    """Journal that data of a family or card is wrong, and print the ticket; no balance changes."""
    recipient = visit.decision.recipient
    entry = entries.DataMismatchReport(
        at=till.now_ms(),
        day=till.today(),
        by=session.staff_id,
        ticket=f"{till.identity.terminal}-L{till.journal.head()[0] + 1:06d}",
        category=category,
        recipient=recipient.id if recipient else None,
        card=visit.token,
    )
    return _store(till, entry, PrintKind.MISMATCH)


def _store(till: Till, entry: entries.AnyEntry, slip: PrintKind | None) -> Stored:
    stored = till.journal.append(entry, PrintRequest(slip) if slip else None)
    if slip:
        till.wake_printing()
    till.wake_sync()
    return stored


def _visit(
    till: Till, card: Card | None, recipient: Recipient | None, token: CardToken | None, last4: str, *, manual: bool
) -> Visit:
    catalogue, as_of = till.replica.catalogue(), till.replica.list_as_of_ms()
    situation = Situation(
        now_ms=till.believed_ms(),
        outlet_id=till.identity.outlet_id,
        list_as_of_ms=as_of,
        card=card,
        recipient=recipient,
        rows=rows_of(till, recipient) if recipient else (),
        cycles=catalogue.cycles,
        policies=catalogue.policies,
    )
    return Visit(decide(situation), token, last4, manual, as_of)
