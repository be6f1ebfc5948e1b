"""The figures of shares as a till's journal moves them, and what is wrong with a movement."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from kube_pos.ledger.ids import EntitlementId, LedgerId, RecipientId
from kube_pos.upstream import tables
from kube_pos.upstream.verdicts import Codes, VerdictCode


class Spending:
    """Moves `spent` and `released` of one ledger's shares; a share never granted is made, with nothing in it."""

    def __init__(self, connection: Connection, ledger_id: LedgerId) -> None:
        """Take the transaction that the entries are stored in."""
        self._connection = connection
        self._ledger_id = ledger_id
        self._touched: set[EntitlementId] = set()

    @property
    def touched(self) -> frozenset[EntitlementId]:
        """Return the entitlements whose figures have changed."""
        return frozenset(self._touched)

    def spend(self, entitlement_id: EntitlementId, amount: int, recipient: RecipientId, day: date) -> Codes:
        """Add a sale's draw of one entitlement; return what is wrong with it."""
        entitlement = tables.entitlement
        row = self._connection.execute(select(entitlement).where(entitlement.c.id == entitlement_id)).one_or_none()
        if row is None:
            return (VerdictCode.UNKNOWN_ENTITLEMENT,)
        self._add(entitlement_id, amount)
        codes = []
        if row.recipient_id != recipient:
            codes.append(VerdictCode.WRONG_FAMILY)
        if day < date.fromisoformat(row.released_on):
            codes.append(VerdictCode.NOT_RELEASED)
        if day > date.fromisoformat(row.expires_on):
            codes.append(VerdictCode.EXPIRED)
        return (*codes, *self._excess(entitlement_id, row.amount))

    def give_back(self, entitlement_id: EntitlementId, amount: int) -> None:
        """Take a draw off again, after its sale was undone."""
        share = tables.share
        self._connection.execute(update(share).where(*self._mine(entitlement_id)).values(spent=share.c.spent - amount))
        self._touched.add(entitlement_id)

    def release(self, entitlement_id: EntitlementId, released: int) -> Codes:
        """Raise `released` to a cumulative total, but never above what is unspent; return what is wrong with it."""
        share = tables.share
        row = self._connection.execute(select(share).where(*self._mine(entitlement_id))).one_or_none()
        if row is None:
            return (VerdictCode.NO_SHARE,)
        most = max(row.released, row.granted - row.spent)
        total = min(max(row.released, released), most)
        self._connection.execute(update(share).where(*self._mine(entitlement_id)).values(released=total))
        self._touched.add(entitlement_id)
        return (VerdictCode.NO_SHARE,) if released > most else ()

    def _add(self, entitlement_id: EntitlementId, amount: int) -> None:
        share = tables.share
        changed = self._connection.execute(
            update(share).where(*self._mine(entitlement_id)).values(spent=share.c.spent + amount)
        )
        if changed.rowcount == 0:
            row = {"entitlement_id": entitlement_id, "ledger_id": self._ledger_id, "granted": 0, "released": 0}
            self._connection.execute(insert(share), {**row, "spent": amount})
        self._touched.add(entitlement_id)

    def _excess(self, entitlement_id: EntitlementId, amount: int) -> Codes:
        share = tables.share
        codes = []
        total = self._connection.execute(
            select(func.sum(share.c.spent)).where(share.c.entitlement_id == entitlement_id)
        ).scalar_one()
        if total > amount:
            codes.append(VerdictCode.OVERDRAWN)
        mine = self._connection.execute(select(share).where(*self._mine(entitlement_id))).one()
        if mine.spent > mine.granted - mine.released:
            codes.append(VerdictCode.NO_SHARE)
        return tuple(codes)

    def _mine(self, entitlement_id: EntitlementId) -> tuple[ColumnElement[bool], ...]:
        share = tables.share
        return (share.c.entitlement_id == entitlement_id, share.c.ledger_id == self._ledger_id)
