"""The entries of a till's journal: one immutable fact each. Pure.

`encode` is called once, when the entry is made; the bytes are stored, hashed and uploaded as they are (FORMAT.md).
Amounts are whole rupiah, quantities whole thousandths, `at` is ms since 1970 UTC.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from kube_pos.ledger.ids import (
    BenefitMonth,
    CardToken,
    CommodityId,
    EntitlementId,
    FundId,
    LedgerId,
    ProductId,
    ProgramId,
    RecipientId,
    SaleId,
    StaffId,
)
from kube_pos.ledger.quantity import Rupiah, Thousandths


class Draw(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """What one line took of one entitlement; `amount` in the entitlement's unit."""

    entitlement: EntitlementId
    amount: int


class Source(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """What an entitlement was when it was drawn on, so that reports never depend on later documents."""

    entitlement: EntitlementId
    program: ProgramId
    fund: FundId
    budget_year: int
    month: BenefitMonth
    expires_on: date
    commodity: CommodityId | None = None
    """None: the entitlement is in rupiah."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of goods; `total` = quantity × price, `draws` cover it (rupiah and in-kind)."""

    product: ProductId
    quantity: Thousandths
    price: Rupiah
    total: Rupiah
    draws: tuple[Draw, ...] = ()
    over: Rupiah = Rupiah(0)
    """What no row covered of goods that a paper slip had already handed out."""


class Proxy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who collected for the family, and why."""

    name: str
    relation: str
    family_card_shown: bool
    reason: str


class Slip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The pre-numbered paper that a sale was first written on during an outage, and the time that it carries."""

    number: str
    at: int


class StandIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Aid for another outlet's family on a programme's word, without knowing its rows (FORMAT.md: the bound)."""

    program: ProgramId
    month: BenefitMonth
    """The calendar month of the sale, which the limit counts by."""
    amount: Rupiah
    limit: Rupiah
    """What the programme's policy allowed this card in this month when the sale was stored."""


class MoveReason(StrEnum):
    """Why stock moved without a sale or a delivery."""

    SUPPLIER_RETURN = "supplier_return"
    EXCHANGE = "exchange"
    SCALE = "scale"
    SPILL = "spill"
    DAMAGED = "damaged"
    WET = "wet"
    PEST = "pest"
    COUNT = "count"


class Mismatch(StrEnum):
    """What is wrong with a family's data."""

    DECEASED = "deceased"
    MOVED = "moved"
    WRONG_NAME = "wrong_name"
    WRONG_NIK = "wrong_nik"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    CARD_SWAPPED = "card_swapped"


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every entry says: when, on which business day, by whom."""

    at: int
    day: date
    by: StaffId
    clock_suspect: bool = False
    """The till's clock was known to be wrong: `at` keeps the order only, `day` follows upstream's last signed time."""


class Redemption(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Goods handed out against entitlements.

    `cash` lines are the part that the family pays itself, sold in the same visit and counted as general sale.
    """

    sale: SaleId
    receipt: str
    recipient: RecipientId | None = None
    """None: the till does not know the family (another outlet's card, or an unknown one on a paper slip)."""
    card: CardToken | None = None
    lines: tuple[Line, ...]
    sources: tuple[Source, ...]
    """Every entitlement that `lines` draw on, once."""
    opening: Rupiah
    """The rupiah balance before the sale, as the family was told."""
    cash: tuple[Line, ...] = ()
    as_of: int | None = None
    """When the list was made that the decision rests on."""
    manual: bool = False
    """The card was typed, not read."""
    proxy: Proxy | None = None
    delivery: bool = False
    """The goods are on their way to the family's home; a DeliveryConfirmed or a Reversal ends that."""
    slip: Slip | None = None
    stand_in: StandIn | None = None


class GeneralSale(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A cash sale without any entitlement."""

    sale: SaleId
    receipt: str
    lines: tuple[Line, ...]


class Reversal(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A whole sale undone: shares and stock go back, once."""

    sale: SaleId
    receipt: str
    target: int
    """The sequence number of the sale undone."""
    reason: str
    approver: StaffId


class BalanceInquiry(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A family asked for its balance and was told, on screen or on paper."""

    recipient: RecipientId


class TurnedAway(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A card was shown and nobody was served."""

    reason: str
    recipient: RecipientId | None = None
    card: CardToken | None = None


class ReceiptLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One product of a delivery: as stated on the note, as weighed, as accepted."""

    product: ProductId
    stated: Thousandths
    weighed: Thousandths
    accepted: Thousandths


class GoodsReceipt(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Goods came in, against a delivery note."""

    delivery_note_no: str
    supplier: str
    lines: tuple[ReceiptLine, ...]


class StockMove(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Goods left or came for another reason; `quantity` is signed."""

    product: ProductId
    quantity: int
    reason: MoveReason
    note: str = ""
    approver: StaffId | None = None
    """The manager, when someone else stood at the till."""


class StockCount(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A blind count of one product; `difference` = counted − book, applied with the manager's approval.

    `counted` is all that lay there; the `damaged` part of it leaves the shelf with the same entry.
    """

    product: ProductId
    counted: Thousandths
    difference: int
    damaged: Thousandths = Thousandths(0)
    reason: str = ""
    approver: StaffId | None = None


class Repack(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A sack became bags; what does not arrive is the loss."""

    source: ProductId
    taken: Thousandths
    target: ProductId
    made: Thousandths


class ShareReleased(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The part of an entitlement's share given back to upstream, as the cumulative total."""

    entitlement: EntitlementId
    released: int


class DataMismatchReport(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Data of a family or a card is wrong; changes no balance."""

    ticket: str
    category: Mismatch
    recipient: RecipientId | None = None
    card: CardToken | None = None


class DayOpened(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The outlet opened for a business day."""


class DayClosed(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The day's sales, as a set of sequence numbers, with the totals they add up to."""

    sales: tuple[int, ...]
    entitlement_used: Rupiah
    goods_out: Rupiah
    cash: Rupiah
    over: Rupiah = Rupiah(0)
    stand_in: Rupiah = Rupiah(0)
    approver: StaffId | None = None
    """The manager, when someone else stood at the till."""


class Amendment(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Sales or reversals that came after the close of their day."""

    closing: int
    sales: tuple[int, ...]


class ReceiptPrinted(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A receipt was given to a printer; every copy but 0 is marked as one."""

    receipt: str
    copy: int


class SlipEntered(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A numbered paper slip that carries no sale: spoilt, torn, empty. A slip with a sale is the Redemption's own."""

    slip: str
    sale: SaleId = SaleId("")
    note: str = ""


class DeliveryConfirmed(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The goods of the delivery `target` reached the family: who took them."""

    target: int
    received_by: str
    relation: str = ""


class Exchange(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Spoilt goods of the sale `target` came back, as much of the same commodity went out; no money, no balance.

    The spoilt goods never stand on the shelf again: they are shrinkage, or wait for the supplier.
    """

    target: int
    reference: str
    product: ProductId
    quantity: Thousandths
    spoilt: ProductId
    spoilt_quantity: Thousandths
    reason: MoveReason
    approver: StaffId
    to_supplier: bool = False


class SignedIn(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Someone signed in at the till."""


class SignedOut(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Someone signed out."""


class SettingsChanged(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A setting of the till was changed; values are never secrets."""

    name: str
    value: str


class Restored(Entry, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """This journal goes on after a restored or copied database."""

    previous: LedgerId
    previous_seq: int


AnyEntry = (
    Redemption | GeneralSale | Reversal | BalanceInquiry | TurnedAway | GoodsReceipt | StockMove | StockCount | Repack
    | ShareReleased | DataMismatchReport | DayOpened | DayClosed | Amendment | ReceiptPrinted | SlipEntered | SignedIn
    | SignedOut | SettingsChanged | Restored | DeliveryConfirmed | Exchange
)  # fmt: skip

_DECODER: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)
_ENCODER = msgspec.json.Encoder()


def encode(entry: AnyEntry) -> bytes:
    """Return the bytes of an entry, to be made once and kept."""
    return _ENCODER.encode(entry)


def decode(body: bytes) -> AnyEntry:
    """Return the entry in `body`; raises msgspec.DecodeError (or ValidationError) when it is none."""
    try:
        return _DECODER.decode(body)
    except UnicodeDecodeError:
        # Without the library's own words: they may quote the body.
        raise msgspec.DecodeError("text that is not UTF-8") from None


def kind_of(entry: AnyEntry) -> str:
    """Return the name of an entry's kind, as it stands in the body."""
    return type(entry).__name__
