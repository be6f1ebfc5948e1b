"""What the use cases expect of the stores: the replica of upstream's documents and the till's own journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from kube_pos.ledger.documents import (
    Allowance,
    Card,
    Commodity,
    Cycle,
    Entitlement,
    Fund,
    IssuerKey,
    Outlet,
    PayloadRule,
    Policy,
    Product,
    Program,
    Recall,
    Recipient,
    Staff,
)
from kube_pos.ledger.entries import AnyEntry, GeneralSale, Redemption, Reversal, ShareReleased
from kube_pos.ledger.ids import (
    CardToken,
    CommodityId,
    EntitlementId,
    FundId,
    LedgerId,
    OutletId,
    ProductId,
    ProgramId,
    RecipientId,
    SaleId,
    StaffId,
)
from kube_pos.ledger.records import RecordStore


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this till is: given at enrolment, kept with the journal."""

    ledger_id: LedgerId
    terminal: str
    outlet_id: OutletId
    city_key: bytes
    upstream_address: str
    upstream_key: bytes
    is_demo: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The small documents of the replica, whole, as of one moment. Immutable; a new one replaces it."""

    outlets: Mapping[OutletId, Outlet]
    programs: Mapping[ProgramId, Program]
    funds: Mapping[FundId, Fund]
    commodities: Mapping[CommodityId, Commodity]
    products: Mapping[ProductId, Product]
    staff: Mapping[StaffId, Staff]
    cycles: tuple[Cycle, ...]
    policies: tuple[Policy, ...]
    allowances: tuple[Allowance, ...]
    payload_rules: tuple[PayloadRule, ...] = ()
    issuer_keys: Mapping[str, IssuerKey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GrantedRow:
    """An entitlement with what this ledger was granted of it, ever."""

    entitlement: Entitlement
    granted: int
    spent_elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class OpenRecall:
    """What upstream asks back, with what this ledger was granted of it, ever."""

    recall: Recall
    granted: int


@dataclass(frozen=True, slots=True)
class Use:
    """What this ledger did with an entitlement so far, as cumulative totals."""

    spent: int = 0
    released: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry with its place in the journal and the 32-byte hash of the chain after it."""

    seq: int
    entry: AnyEntry
    hash: bytes


Sale = Redemption | GeneralSale | Reversal


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A sale as the history shows it."""

    seq: int
    entry: Sale
    reversed_by: int | None
    """The sequence number of its reversal."""


class ReplicaStore(Protocol):
    """Upstream's documents on this till. Reads are short; each thread has its own connection."""

    def card(self, token: CardToken) -> Card | None:
        """Return the card with a token."""
        ...

    def recipient(self, recipient_id: RecipientId) -> Recipient | None:
        """Return a family of this outlet."""
        ...

    def recipients_by_number(self, number_hash: str) -> tuple[Recipient, ...]:
        """Return the families whose NIK or KK number has this keyed hash."""
        ...

    def granted_rows(self, recipient_id: RecipientId) -> tuple[GrantedRow, ...]:
        """Return a family's entitlements, in no order."""
        ...

    def recalls(self) -> tuple[OpenRecall, ...]:
        """Return what upstream asks back, by entitlement."""
        ...

    def catalogue(self) -> Catalogue:
        """Return the small documents; cheap when nothing changed."""
        ...

    def list_as_of_ms(self) -> int | None:
        """Return when upstream made the newest list this till has; None before the first sync."""
        ...

    def family_count(self) -> int:
        """Return how many families are on the list."""
        ...


class PrintKind(StrEnum):
    """What a print job prints; `ref` is the sequence number of the entry it speaks of."""

    RECEIPT = "receipt"
    BALANCE = "balance"
    TURNED_AWAY = "turned_away"
    MISMATCH = "mismatch"
    X_REPORT = "x_report"
    """The open sales up to the entry `ref`."""
    Z_REPORT = "z_report"
    """The day close `ref`."""
    STOCK = "stock"
    """What is on the shelf when it is printed; `ref` is the newest entry when it was asked for."""
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class PrintRequest:
    """A print that is stored in the same transaction as its entry (`ref` is the entry's own number when 0)."""

    kind: PrintKind
    ref: int = 0
    copy: int = 0


class SalesOfDays(Protocol):
    """The sales of a period, for reports."""

    def sales_of(self, first: date, last: date) -> Iterator[Stored]:
        """Yield the sales and reversals of business days, both included, in their order; reads the whole journal."""
        ...


class BasketStore(Protocol):
    """The basket that is open at the counter."""

    def save_basket(self, body: bytes) -> None:
        """Keep the open basket, so that it comes back after a power cut."""
        ...

    def open_basket(self) -> bytes | None:
        """Return the open basket, if there is one."""
        ...

    def drop_basket(self) -> None:
        """Forget the open basket."""
        ...


class JournalStore(RecordStore, SalesOfDays, BasketStore, Protocol):
    """The till's journal and what is projected from it. Writes only on the writer's thread."""

    def identity(self) -> Identity:
        """Return who this till is."""
        ...

    def uses(self, entitlements: Iterable[EntitlementId]) -> dict[EntitlementId, Use]:
        """Return what was spent and released of entitlements; those never touched are left out."""
        ...

    def stock(self) -> dict[ProductId, int]:
        """Return the book stock in thousandths; products never received are left out."""
        ...

    def append(self, entry: AnyEntry, prints: PrintRequest | None = None) -> Stored:
        """Store any entry that moves no share, durably, before returning."""
        ...

    def redeem(self, entry: Redemption, granted: Mapping[EntitlementId, int]) -> Stored:
        """Store a redemption with its draws, stock and receipt in one durable transaction.

        The same `sale` again returns what was stored the first time. Raises NotEnoughShare when a draw exceeds
        `granted` − released − spent, and StorageFailed; nothing is stored then.
        """
        ...

    def release(self, entry: ShareReleased, granted: int) -> Stored:
        """Give a part of a share back to upstream; the same total again gives nothing more.

        Raises NotEnoughShare when `released` + spent would exceed `granted`, and StorageFailed; nothing is stored then.
        """
        ...

    def sell(self, entry: GeneralSale) -> Stored:
        """Store a cash sale with its stock and receipt; the same `sale` again is harmless."""
        ...

    def reverse(self, entry: Reversal) -> Stored:
        """Undo a sale once: shares and stock go back. Raises AlreadyReversed or UnknownSale."""
        ...

    def entry(self, seq: int) -> Stored | None:
        """Return one entry."""
        ...

    def since(self, seq: int, limit: int) -> list[Stored]:
        """Return the entries after a number, oldest first, at most `limit`."""
        ...

    def sale_by_id(self, sale: SaleId) -> Stored | None:
        """Return the sale that a basket became, if it did."""
        ...

    def sales(self, *, after_seq: int = 0, limit: int = 200, text: str = "") -> list[SaleRow]:
        """Return sales, newest first; `text` looks into receipt numbers."""
        ...

    def open_sales(self) -> list[Stored]:
        """Return the sales and reversals that no close has taken in, oldest first."""
        ...

    def last_sale_of(self, recipient: RecipientId) -> Redemption | None:
        """Return a family's newest redemption that was not undone."""
        ...

    def next_receipt(self) -> str:
        """Return the receipt number that the next sale will carry, such as `A01-000123`."""
        ...

    def last_at_ms(self) -> int:
        """Return the time of the newest entry; no later entry is ever below it."""
        ...

    def head(self) -> tuple[int, bytes]:
        """Return the newest sequence number (0: none) and the chain's hash after it."""
        ...

    def copies_of(self, seq: int, kind: PrintKind = PrintKind.RECEIPT) -> int:
        """Return how many prints of a kind, by itself the receipt, were asked for of an entry so far."""
        ...

    def request_print(self, request: PrintRequest) -> None:
        """Add a print of a stored entry."""
        ...


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """What the foot of the window says of the network, read from the database."""

    unsent: int
    last_contact_ms: int | None
    exceptions: int
    bytes_up: int
    bytes_down: int
