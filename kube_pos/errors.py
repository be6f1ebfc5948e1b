"""What can go wrong, as codes and facts.

An error never carries a sentence: the sentence for each code lives in `kube_pos/locale` in every language, under
`error.<code>`, and is dressed with the error's facts where a person reads it.
"""

from __future__ import annotations

Fact = str | int


class KubePosError(Exception):
    """A failure with a remedy: a stable code and the facts that its sentence needs."""

    code = "unexpected"

    def __init__(self, **facts: Fact) -> None:
        """Keep the facts by name; they fill the placeholders of the sentence `error.<code>`."""
        super().__init__(self.code, facts)
        self.facts = facts

    def __str__(self) -> str:
        """Return the code and the facts, for logs: never a name, an NIK or a card number."""
        return " ".join([self.code, *(f"{name}={value}" for name, value in sorted(self.facts.items()))])


class SettingsUnreadable(KubePosError):
    """The settings file can't be read or holds a value that is not allowed. Facts: path, reason."""

    code = "settings_unreadable"


class AlreadyRunning(KubePosError):
    """Another till has this data folder open. Facts: path."""

    code = "already_running"


class AnotherIdentity(KubePosError):
    """The journal belongs to another ledger already. Facts: path, ledger."""

    code = "another_identity"


class PortBusy(KubePosError):
    """The service's port is taken by another program. Facts: host, port."""

    code = "port_busy"


class LibraryMissing(KubePosError):
    """A system library is not installed. Facts: library, package."""

    code = "library_missing"


class DatabaseTooNew(KubePosError):
    """The database was written by a newer program. Facts: path, found, known."""

    code = "database_too_new"


class DatabaseUnreadable(KubePosError):
    """The database can't be opened: wrong key, or not a database. Facts: path."""

    code = "database_unreadable"


class DatabaseDamaged(KubePosError):
    """The journal does not add up. Facts: path, seq."""

    code = "database_damaged"


class KeyUnavailable(KubePosError):
    """The key of the database is not where it should be. Facts: path."""

    code = "key_unavailable"


class NotEnrolled(KubePosError):
    """This data folder belongs to no outlet yet. Facts: path."""

    code = "not_enrolled"


class JournalRestored(NotEnrolled):
    """The journal was put back or copied, so its ledger is retired here. Facts: path, terminal, seq, file."""

    code = "restored"


class StorageFailed(KubePosError):
    """The disk refused a write; nothing of it was stored. Facts: path, reason."""

    code = "storage_failed"


class NotEnoughShare(KubePosError):
    """A sale would draw more of an entitlement than this till holds. Facts: entitlement, available, wanted."""

    code = "not_enough_share"


class NotEnoughStock(KubePosError):
    """A sale would hand out more than the book stock. Facts: product, available, wanted."""

    code = "not_enough_stock"


class NotOnAllowList(KubePosError):
    """A basket holds goods that no programme of the family allows. Facts: product."""

    code = "not_on_allow_list"


class BasketTooMuch(KubePosError):
    """A basket is worth more than the balance. Facts: excess."""

    code = "basket_too_much"


class BasketEmpty(KubePosError):
    """There is nothing in the basket."""

    code = "basket_empty"


class NoPrice(KubePosError):
    """A product has no price on this day. Facts: product."""

    code = "no_price"


class AlreadyReversed(KubePosError):
    """The sale was undone before. Facts: receipt."""

    code = "already_reversed"


class UnknownSale(KubePosError):
    """There is no sale with this number. Facts: receipt."""

    code = "unknown_sale"


class NotPermitted(KubePosError):
    """The person signed in may not do this. Facts: role."""

    code = "not_permitted"


class WrongPin(KubePosError):
    """The PIN is wrong, or the person may not sign in. Facts: wait_s (0: try again at once)."""

    code = "wrong_pin"


class StaleCursor(KubePosError):
    """A page of changes does not follow on what the replica holds. Facts: expected, found."""

    code = "stale_cursor"
