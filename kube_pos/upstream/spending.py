"""The figures of shares as a till's journal moves them, and what is wrong with a movement.

A batch of entries touches the same rows again and again, so they are read once, moved in memory, and written once at
the end, all in the one transaction of the batch: nobody else can write meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, bindparam, insert, select, update

from kube_pos.ledger.ids import EntitlementId, LedgerId, RecipientId
from kube_pos.upstream import tables
from kube_pos.upstream.verdicts import Codes, VerdictCode

_CHUNK = 400


@dataclass(slots=True)
class _Account:
    """An entitlement with this ledger's share of it, and what the others have spent."""

    amount: int
    recipient_id: RecipientId
    released_on: date
    expires_on: date
    others_spent: int = 0
    others_held: int = 0
    """What the others hold or, when that is more, have spent; with what their stand-ins took."""
    granted: int = 0
    released: int = 0
    spent: int = 0
    settled: int = 0
    """What stand-ins of this ledger took of what was free: outside of its share, which its till counts by itself."""
    is_stored: bool = False
    """Whether the database has a share of this ledger; one that was never granted is made, with nothing in it."""
    is_moved: bool = False


class Spending:
    """Moves `spent` and `released` of one ledger's shares; `flush` writes what has moved."""

    def __init__(self, connection: Connection, ledger_id: LedgerId) -> None:
        """Take the transaction that the entries are stored in."""
        self._connection = connection
        self._ledger_id = ledger_id
        self._accounts: dict[EntitlementId, _Account] = {}
        self._unknown: set[EntitlementId] = set()

    def load(self, entitlement_ids: Iterable[EntitlementId]) -> None:
        """Read what the entries to come will move."""
        missing = sorted(set(entitlement_ids) - self._accounts.keys() - self._unknown)
        for start in range(0, len(missing), _CHUNK):
            self._load_chunk(missing[start : start + _CHUNK])
        self._unknown.update(set(missing) - self._accounts.keys())

    def spend(self, entitlement_id: EntitlementId, amount: int, recipient: RecipientId | None, day: date) -> Codes:
        """Add a sale's draw of one entitlement; return what is wrong with it."""
        account = self._account(entitlement_id)
        if account is None:
            return (VerdictCode.UNKNOWN_ENTITLEMENT,)
        account.spent += amount
        account.is_moved = True
        faults = {
            VerdictCode.WRONG_FAMILY: account.recipient_id != recipient,
            VerdictCode.NOT_RELEASED: day < account.released_on,
            VerdictCode.EXPIRED: day > account.expires_on,
            VerdictCode.OVERDRAWN: account.spent + account.settled + account.others_spent > account.amount,
            VerdictCode.NO_SHARE: account.spent > account.granted - account.released,
        }
        return tuple(code for code, is_so in faults.items() if is_so)

    def settle(self, entitlement_id: EntitlementId, wanted: int) -> int:
        """Take for a stand-in what no ledger holds of a row, up to what is wanted; return how much that was."""
        account = self._account(entitlement_id)
        if account is None:
            return 0
        held = max(account.granted - account.released, account.spent) + account.settled
        taken = max(0, min(wanted, account.amount - account.others_held - held))
        if taken:
            account.settled += taken
            account.is_moved = True
        return taken

    def give_back(self, entitlement_id: EntitlementId, amount: int, *, settled: bool) -> None:
        """Take a draw off again, after its sale was undone; `settled`: it was a stand-in's."""
        account = self._account(entitlement_id)
        if account is None:
            return
        if settled:
            account.settled -= amount
        else:
            account.spent -= amount
        account.is_moved = True

    def release(self, entitlement_id: EntitlementId, released: int) -> Codes:
        """Raise `released` to a cumulative total, but never above what is unspent; return what is wrong with it."""
        account = self._account(entitlement_id)
        if account is None or not account.is_stored:
            return (VerdictCode.NO_SHARE,)
        most = max(account.released, account.granted - account.spent)
        account.released = min(max(account.released, released), most)
        account.is_moved = True
        return (VerdictCode.NO_SHARE,) if released > most else ()

    def flush(self) -> list[EntitlementId]:
        """Write what has moved; return the entitlements."""
        moved = {number: account for number, account in self._accounts.items() if account.is_moved}
        share = tables.share
        known = [_moved_row(number, account) for number, account in moved.items() if account.is_stored]
        if known:
            statement = (
                update(share)
                .where(share.c.ledger_id == self._ledger_id, share.c.entitlement_id == bindparam("number"))
                .values(
                    released=bindparam("released_now"), spent=bindparam("spent_now"), settled=bindparam("settled_now")
                )
            )
            self._connection.execute(statement, known)
        blank = {"ledger_id": self._ledger_id, "granted": 0, "released": 0}
        new = [
            {**blank, "entitlement_id": number, "spent": account.spent, "settled": account.settled}
            for number, account in moved.items()
            if not account.is_stored
        ]
        if new:
            self._connection.execute(insert(share), new)
        for account in moved.values():
            account.is_moved, account.is_stored = False, True
        return list(moved)

    def _account(self, entitlement_id: EntitlementId) -> _Account | None:
        if entitlement_id not in self._accounts:
            self.load([entitlement_id])
        return self._accounts.get(entitlement_id)

    def _load_chunk(self, entitlement_ids: list[EntitlementId]) -> None:
        entitlement, share = tables.entitlement, tables.share
        for row in self._connection.execute(select(entitlement).where(entitlement.c.id.in_(entitlement_ids))):
            self._accounts[EntitlementId(row.id)] = _Account(
                amount=row.amount,
                recipient_id=RecipientId(row.recipient_id),
                released_on=date.fromisoformat(row.released_on),
                expires_on=date.fromisoformat(row.expires_on),
            )
        for row in self._connection.execute(select(share).where(share.c.entitlement_id.in_(entitlement_ids))):
            account = self._accounts[EntitlementId(row.entitlement_id)]
            if row.ledger_id == self._ledger_id:
                account.granted, account.released, account.spent = row.granted, row.released, row.spent
                account.settled = row.settled
                account.is_stored = True
            else:
                account.others_spent += row.spent + row.settled
                account.others_held += max(row.granted - row.released, row.spent) + row.settled


def _moved_row(number: EntitlementId, account: _Account) -> dict[str, int]:
    return {
        "number": number,
        "released_now": account.released,
        "spent_now": account.spent,
        "settled_now": account.settled,
    }
