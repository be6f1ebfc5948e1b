"""Stand-in: aid for another outlet's family while upstream can't be asked, on a programme's word and up to its limit.

The till knows of such a family only its card's token, so that is the identity which the entry carries. The limit holds
per card and month at each till (FORMAT.md says what that can cost); upstream takes it from the family's rows, or opens
an exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kube_pos.errors import BasketEmpty, NotOnAllowList
from kube_pos.ledger import entries
from kube_pos.ledger.basket import permits_on
from kube_pos.ledger.days import DAY_MS, month_of
from kube_pos.ledger.documents import Policy
from kube_pos.ledger.entitlement import Refusal, Refused
from kube_pos.ledger.ids import BenefitMonth, CardToken, OutletId, ProgramId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Rupiah, format_rupiah
from kube_pos.ledger.records import StandInUsedUp
from kube_pos.operations.look_up import Visit
from kube_pos.operations.redemption import Basket, cash_lines, check_stock, has_goods, priced
from kube_pos.operations.till import Session, Till


@dataclass(frozen=True, slots=True)
class StandInOffer:
    """What a programme lets this till give to another outlet's family this month; `left` of `limit` rupiah."""

    program: ProgramId
    month: BenefitMonth
    limit: Rupiah
    left: Rupiah
    card: CardToken
    home: OutletId


def stand_in_offer(till: Till, visit: Visit) -> StandInOffer | None:
    """Return what may be given to the family of a refused visit; None unless all that follows holds.

    The card is known as another outlet's and usable, the list is not past its hard limit, upstream has not answered for
    a while, and some programme has a limit of which something is left. With several, the one with most left.
    """
    decision = visit.decision
    if visit.token is None or not isinstance(decision, Refused) or decision.reason is not Refusal.OTHER_OUTLET:
        return None
    if decision.outlet_id is None:
        return None
    month = month_of(till.today())
    given = till.journal.stand_in_given(visit.token, month)
    offers = [
        StandInOffer(policy.program_id, month, policy.stand_in_limit, left, visit.token, decision.outlet_id)
        for policy in _policies(till)
        if (left := Rupiah(policy.stand_in_limit - given)) > 0
    ]
    return max(offers, key=lambda offer: (offer.left, -offer.program), default=None)


def redeem_stand_in(till: Till, session: Session, visit: Visit, offer: StandInOffer, basket: Basket) -> Stored:
    """Store a stand-in sale, marked as one on the entry and the receipt.

    Raises BasketEmpty, NotOnAllowList, NoPrice, NotEnoughStock, StandInUsedUp or StorageFailed; nothing is stored then.
    The same basket again returns the sale of the first time.
    """
    if (done := till.journal.sale_by_id(basket.sale)) is not None:
        return done
    if not has_goods(basket.picks):
        raise BasketEmpty
    permitted = permits_on(till.replica.catalogue().allowances, till.today()).get(offer.program, frozenset())
    for product, _ in basket.picks:
        if product.commodity_id not in permitted:
            raise NotOnAllowList(product=product.name)
    picks = priced(till, basket.picks)
    wanted = Rupiah(sum(pick.total for pick in picks))
    now_offer = stand_in_offer(till, visit)
    left = now_offer.left if now_offer is not None and now_offer.program == offer.program else Rupiah(0)
    if now_offer is None or wanted > left:
        raise StandInUsedUp(available=format_rupiah(left), wanted=format_rupiah(wanted))
    check_stock(till, (*basket.picks, *basket.cash))
    now = till.moment()
    entry = entries.Redemption(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        sale=basket.sale,
        receipt=till.journal.next_receipt(),
        card=now_offer.card,
        lines=tuple(
            entries.Line(product=pick.product.id, quantity=pick.quantity, price=pick.price, total=pick.total)
            for pick in picks
        ),
        sources=(),
        opening=Rupiah(0),
        cash=cash_lines(till, basket.cash),
        as_of=visit.list_as_of_ms,
        manual=visit.manual,
        proxy=basket.proxy,
        stand_in=entries.StandIn(
            program=now_offer.program, month=now_offer.month, amount=wanted, limit=now_offer.limit
        ),
    )
    stored = till.journal.redeem(entry, {})
    till.wake_printing()
    till.wake_sync()
    return stored


def _policies(till: Till) -> Iterator[Policy]:
    """Yield the rules of the programmes that allow a stand-in now."""
    now, as_of = till.believed_ms(), till.replica.list_as_of_ms()
    contact = till.journal.clock_marks().last_contact_ms
    silent_ms = None if contact is None else till.clock.now_ms() - contact
    for program in till.replica.catalogue().programs:
        policy = till.policy(program)
        is_offline = silent_ms is None or silent_ms >= policy.stand_in_after_minutes * 60_000
        is_list_good = as_of is not None and (now - as_of) // DAY_MS < policy.stale_hard_days
        if policy.stand_in_limit > 0 and is_offline and is_list_good:
            yield policy
