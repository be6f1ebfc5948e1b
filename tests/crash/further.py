"""What happens beside plain sales: deliveries, exchanges, paper slips, the log of look-ups, shares given back."""

from __future__ import annotations

from collections.abc import Iterator

from kube_pos.ledger.entries import MoveReason, ShareReleased
from kube_pos.ledger.ids import EntitlementId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.records import HowFound
from kube_pos.operations.deliveries import confirm_delivery
from kube_pos.operations.exchanges import Swap, exchange
from kube_pos.operations.look_up_log import log_look_up
from kube_pos.operations.paper_slips import PaperSlip, enter_slip, void_slip
from tests.crash.day import Day, Step
from tests.ledger_kit import EGG_KG, MANAGER, RICE_BAG
from tests.use_case_kit import scan

GRANTED = 1_000_000
"""Of the entitlement that is given back in parts."""


def further(day: Day, family: int, mark: str) -> Iterator[tuple[str, Step]]:
    """Yield one of everything; `mark` tells the names of several rounds apart."""
    outlet, till = day.outlet, day.outlet.till
    home, slip = f"home {mark}", f"slip {mark}"

    def confirm() -> Stored:
        return day.stored(confirm_delivery(outlet.till, outlet.session, day.sold[home], "Ibu RT", "tetangga"))

    def swap() -> Stored:
        half = Thousandths(500)
        wanted = Swap(EGG_KG, half, EGG_KG, half, MoveReason.DAMAGED)
        return day.stored(exchange(outlet.till, outlet.session, day.sold[home], wanted, MANAGER))

    def enter() -> Stored:
        visit = scan(outlet, day.cards[family])
        paper = PaperSlip(f"K-{mark}1", outlet.clock.now_ms() - 3_600_000)
        return day.stored(enter_slip(outlet.till, outlet.session, visit, paper, day.baskets[slip]))

    def release() -> Stored:
        row = EntitlementId(outlet._entitlements)
        entry = ShareReleased(
            at=outlet.till.now_ms(), day=till.today(), by=MANAGER.id, entitlement=row, released=1_000
        )  # fmt: skip
        return day.stored(outlet.journal.release(entry, GRANTED))

    yield "basket", lambda: day.fill(home, (EGG_KG, 1000), delivery=True)
    yield "redeem", lambda: day.redeem(home, family)
    yield "exchange", swap
    yield "confirm", confirm
    yield "basket", lambda: day.fill(slip, (EGG_KG, 500), (RICE_BAG, 1000))
    yield "redeem", enter
    yield "void slip", lambda: day.stored(void_slip(outlet.till, outlet.session, f"K-{mark}2", "robek"))
    yield "log", lambda: log_look_up(outlet.till, outlet.session, scan(outlet, day.cards[family]), HowFound.SCAN)
    yield "entitle", lambda: day.entitle(family, "2026-11", GRANTED)
    yield "release", release
    yield "sign head", outlet.journal.sign_head
