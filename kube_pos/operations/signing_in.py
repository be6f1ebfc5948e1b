"""Who stands behind the counter: PINs, roles, and entries that say when."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kube_pos.errors import WrongPin
from kube_pos.ledger import entries
from kube_pos.ledger.documents import Staff
from kube_pos.ledger.ids import StaffId
from kube_pos.operations.till import Session, Till

FREE_TRIES = 3
"""Wrong PINs in a row before each further try has to wait."""
LONGEST_WAIT_MS = 5 * 60_000


class PinGate:
    """Checks PINs and slows down guessing; one for the whole till, used on the writer's thread.

    Wrong tries are kept in the journal's file: a restart or another clock forgets none and shortens no wait, it only
    begins the wait anew.
    """

    def __init__(self, till: Till) -> None:
        """Take up the wrong tries of before; who had to wait waits once more."""
        self._till = till
        self._wrong = till.journal.pin_tries()
        now = till.clock.monotonic_ms()
        self._wait_until_ms = {staff_id: now + _wait_ms(wrong) for staff_id, wrong in self._wrong.items()}
        self._hasher = PasswordHasher()

    def check(self, staff_id: StaffId, pin: str) -> Staff:
        """Return the person when the PIN is right. Raises WrongPin with the seconds to wait before the next try."""
        now = self._till.clock.monotonic_ms()
        wait_ms = self._wait_until_ms.get(staff_id, 0) - now
        if wait_ms > 0:
            raise WrongPin(wait_s=-(-wait_ms // 1000))
        staff = self._till.replica.catalogue().staff.get(staff_id)
        if staff is None or not staff.active or not self._matches(staff, pin):
            raise WrongPin(wait_s=self._slow_down(staff_id, now))
        if self._wrong.pop(staff_id, 0):
            self._till.journal.set_pin_tries(staff_id, 0)
        return staff

    def _matches(self, staff: Staff, pin: str) -> bool:
        try:
            return self._hasher.verify(staff.pin_hash, pin)
        except (VerificationError, InvalidHashError):
            return False

    def _slow_down(self, staff_id: StaffId, now: int) -> int:
        wrong = self._wrong.get(staff_id, 0) + 1
        self._wrong[staff_id] = wrong
        self._till.journal.set_pin_tries(staff_id, wrong)
        self._wait_until_ms[staff_id] = now + _wait_ms(wrong)
        return _wait_ms(wrong) // 1000


def _wait_ms(wrong: int) -> int:
    """Return how long the next try has to wait after so many wrong ones in a row."""
    return 0 if wrong < FREE_TRIES else min(LONGEST_WAIT_MS, 5_000 << min(wrong - FREE_TRIES, 10))


def sign_in(till: Till, staff: Staff) -> Session:
    """Journal that a person signed in, and return the session."""
    till.journal.append(entries.SignedIn(at=till.now_ms(), day=till.today(), by=staff.id))
    till.wake_sync()
    return Session(staff)


def sign_out(till: Till, session: Session) -> None:
    """Journal that a person signed out."""
    till.journal.append(entries.SignedOut(at=till.now_ms(), day=till.today(), by=session.staff_id))
    till.wake_sync()
