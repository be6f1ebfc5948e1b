"""From a stored entry to the paper it is printed on: gathers the facts that the pure renderers need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kube_pos.devices.document import PrintDocument
from kube_pos.errors import UnknownSale
from kube_pos.ledger import receipt_code
from kube_pos.ledger.days import business_day
from kube_pos.ledger.documents import Recipient
from kube_pos.ledger.entitlement import Allowed, Refused, next_release
from kube_pos.ledger.entries import (
    BalanceInquiry,
    DataMismatchReport,
    Exchange,
    GeneralSale,
    Redemption,
    Reversal,
    TurnedAway,
)
from kube_pos.ledger.ids import CardToken, RecipientId, StaffId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.totals import rupiah_drawn
from kube_pos.operations.look_up import Visit, rows_of, visit_of_card, visit_of_recipient
from kube_pos.operations.receipts import Paper, mask_name, render
from kube_pos.operations.slips import (
    SlipFacts,
    balance_slip,
    exchange_ticket,
    mismatch_ticket,
    refusal_sentence,
    turned_away_slip,
)
from kube_pos.operations.till import Till
from kube_pos.texts import Texts


@dataclass(frozen=True, slots=True)
class Papers:
    """Makes the document of any entry that has one. `sign` is the till's key; `acked` tells what upstream holds."""

    till: Till
    texts: Texts
    sign: Callable[[bytes], bytes]
    acked: Callable[[], int]

    def document(self, seq: int, copy: int, columns: int) -> PrintDocument:
        """Return the paper of entry `seq`. Raises UnknownSale when there is none, or it has no paper."""
        stored = self.till.journal.entry(seq)
        match stored.entry if stored else None:
            case Redemption() | GeneralSale() | Reversal():
                assert stored is not None  # noqa: S101 -- the match has just said so
                return render(self._paper(stored, copy), self.texts, columns)
            case BalanceInquiry() as inquiry:
                return self._balance(inquiry, copy, columns)
            case TurnedAway() as turned_away:
                return self._turned_away(turned_away, copy, columns)
            case DataMismatchReport() as report:
                facts = self.facts(report.at, report.by, copy)
                return mismatch_ticket(facts, report, self.texts, columns)
            case Exchange() as swap:
                sold = self.till.journal.entry(swap.target)
                receipt = sold.entry.receipt if sold and isinstance(sold.entry, Redemption | GeneralSale) else "-"
                return exchange_ticket(self.facts(swap.at, swap.by, copy), swap, receipt, self.texts, columns)
            case _:
                raise UnknownSale(receipt=str(seq))

    def refusal(self, visit: Visit) -> str:
        """Return the sentence of a visit that was refused; empty when it was not."""
        as_of = visit.list_as_of_ms
        list_day = self.texts.day(business_day(as_of)) if as_of is not None else "-"
        return refusal_sentence(visit.decision, self.till.replica.catalogue(), list_day, self.texts)

    def _paper(self, stored: Stored, copy: int) -> Paper:
        entry = stored.entry
        target = self.till.journal.entry(entry.target) if isinstance(entry, Reversal) else None
        served = target.entry if target else entry
        recipient = self._recipient(served)
        card = self._card(served)
        return Paper(
            stored=stored,
            target=target,
            identity=self.till.identity,
            catalogue=self.till.replica.catalogue(),
            name=mask_name(recipient.name) if recipient else "",
            card_last4=card,
            national_id_last4=recipient.national_id_last4 if recipient else "",
            cashier=self._staff_name(entry.by),
            is_sent=stored.seq <= self.acked(),
            next_release=self._next_release(recipient),
            copy=copy,
            code=self._code(stored, copy),
        )

    def _code(self, stored: Stored, copy: int) -> str:
        entry = stored.entry
        if not isinstance(entry, Redemption | GeneralSale | Reversal):
            return ""
        rupiah = rupiah_drawn(entry) if isinstance(entry, Redemption) else 0
        identity = self.till.identity
        code = receipt_code.receipt_code(identity.ledger_id, stored.seq, stored.hash, entry.receipt, rupiah, copy)
        return receipt_code.write(code, self.sign(code.text().encode()))

    def _recipient(self, entry: object) -> Recipient | None:
        known = entry.recipient if isinstance(entry, Redemption) else None
        return self.till.replica.recipient(known) if known is not None else None

    def _card(self, entry: object) -> str:
        token = entry.card if isinstance(entry, Redemption) else None
        card = self.till.replica.card(token) if token else None
        return card.last4 if card else ""

    def _staff_name(self, staff_id: StaffId) -> str:
        staff = self.till.replica.catalogue().staff.get(staff_id)
        return staff.name if staff else str(staff_id)

    def _next_release(self, recipient: Recipient | None) -> str:
        if recipient is None:
            return ""
        upcoming = next_release(self.till.replica.catalogue().cycles, rows_of(self.till, recipient))
        return self.texts.say("receipt.next", day=self.texts.day(upcoming.released_on)) if upcoming else ""

    def facts(self, at_ms: int, by: StaffId, copy: int = 0) -> SlipFacts:
        """Return what the head and foot of a slip say."""
        catalogue = self.till.replica.catalogue()
        identity = self.till.identity
        outlet = catalogue.outlets.get(identity.outlet_id)
        return SlipFacts(outlet, identity.is_demo, at_ms, self._staff_name(by), catalogue, copy)

    def _balance(self, inquiry: BalanceInquiry, copy: int, columns: int) -> PrintDocument:
        visit = self._visit(None, inquiry.recipient)
        facts = self.facts(inquiry.at, inquiry.by, copy)
        if isinstance(visit.decision, Allowed):
            return balance_slip(facts, visit.decision, self.texts, columns)
        return turned_away_slip(facts, self.refusal(visit), self.texts, columns)

    def _turned_away(self, entry: TurnedAway, copy: int, columns: int) -> PrintDocument:
        visit = self._visit(entry.card, entry.recipient)
        decision = visit.decision
        if isinstance(decision, Refused) and decision.reason.value == entry.reason:
            reason = self.refusal(visit)
        else:
            # The list has changed since: the paper tells what the family was told.
            reason = self.texts.say(f"refusal_short.{entry.reason}")
        return turned_away_slip(self.facts(entry.at, entry.by, copy), reason, self.texts, columns)

    def _visit(self, token: CardToken | None, recipient_id: RecipientId | None) -> Visit:
        if token is not None:
            return visit_of_card(self.till, self.till.replica.card(token), token, "", manual=False)
        recipient = self.till.replica.recipient(recipient_id) if recipient_id is not None else None
        return visit_of_recipient(self.till, recipient)
