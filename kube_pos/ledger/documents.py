"""What upstream tells a till: outlets, products, families, cards, entitlements. Pure.

Every document is versionless on its own; the change feed carries the newest one for each (kind, key). Dates are
days in WITA, both ends included; `None` as an end means «until further notice». Amounts are whole rupiah,
quantities whole thousandths.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

import msgspec

from kube_pos.ledger.ids import (
    BenefitMonth,
    CardToken,
    CommodityId,
    EntitlementId,
    FundId,
    OutletId,
    ProductId,
    ProgramId,
    RecipientId,
    StaffId,
)
from kube_pos.ledger.quantity import Rupiah, Thousandths


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Anything the change feed can carry."""


class CardState(StrEnum):
    """What may be done with a card."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    LOST = "lost"
    REPLACED = "replaced"


class RecipientState(StrEnum):
    """Whether a family may be served."""

    ACTIVE = "active"
    ON_HOLD = "on_hold"
    TRANSFERRED = "transferred"


class Role(StrEnum):
    """What a person may do at a till."""

    CASHIER = "CASHIER"
    MANAGER = "MANAGER"
    OFFICER = "OFFICER"


class Unit(StrEnum):
    """What an entitlement is counted in."""

    RUPIAH = "rupiah"
    COMMODITY = "commodity"


class Outlet(Document, frozen=True, kw_only=True):
    """One KUBE / e-Warong outlet."""

    id: OutletId
    code: str
    name: str
    ward: str
    district: str
    address: str = ""


class Program(Document, frozen=True, kw_only=True):
    """An aid programme; `contact` is where a family may ask or complain."""

    id: ProgramId
    name: str
    contact: str


class Fund(Document, frozen=True, kw_only=True):
    """A funding source, such as APBD or BAZNAS."""

    id: FundId
    name: str


class Cycle(Document, frozen=True, kw_only=True):
    """A disbursement cycle: the months that it releases, or will release."""

    id: int
    program_id: ProgramId
    months: tuple[BenefitMonth, ...]
    published: bool
    released_on: date
    """The day of release; for a cycle not yet published, the day it is expected."""


class Policy(Document, frozen=True, kw_only=True):
    """The rules of a programme from a day on; the newest that has begun holds."""

    program_id: ProgramId
    from_day: date
    stale_soft_days: int = 3
    """From this list age on, the till warns."""
    stale_hard_days: int = 14
    """From this list age on, only rows already released when the list was made may be used."""
    stand_in_limit: Rupiah = Rupiah(0)
    """Rupiah a till may give a family of another outlet per month while offline; 0: nothing."""
    stand_in_after_minutes: int = 15
    """A till counts as offline when upstream has not answered for so long."""
    proxy_families: int = 5
    """From this many families on, one proxy within `proxy_days` is told at the till and to the office."""
    proxy_days: int = 30
    retention_days: int = 365
    """How long the log of look-ups, logs and older backups are kept; 0: without end."""


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The price of one base unit from a day on."""

    from_day: date
    price: Rupiah


class Commodity(Document, frozen=True, kw_only=True):
    """A kind of goods, such as rice; products are its brands and packs."""

    id: CommodityId
    name: str
    unit: str


class Allowance(Document, frozen=True, kw_only=True):
    """One line of a programme's allow-list: a commodity that may be taken from a day on."""

    program_id: ProgramId
    commodity_id: CommodityId
    from_day: date
    until_day: date | None = None


class Product(Document, frozen=True, kw_only=True):
    """Something an outlet hands out.

    `step` is the smallest quantity sold; `contents` is how much of the commodity's unit one base unit of the product
    holds (a 5 kg bag: 5000 thousandths of kg).
    """

    id: ProductId
    commodity_id: CommodityId
    name: str
    unit: str
    prices: tuple[Price, ...]
    barcode: str = ""
    step: Thousandths = Thousandths(1000)
    contents: Thousandths = Thousandths(1000)
    reference_price: Rupiah | None = None
    ceiling_price: Rupiah | None = None


class Staff(Document, frozen=True, kw_only=True):
    """Someone who may sign in at an outlet; `pin_hash` is argon2id."""

    id: StaffId
    name: str
    role: Role
    pin_hash: str
    active: bool = True


class Recipient(Document, frozen=True, kw_only=True):
    """A family. NIK and KK number are only here as keyed hashes and last four digits."""

    id: RecipientId
    name: str
    """The card holder's name."""
    ward: str
    neighbourhood: str
    home_outlet_id: OutletId
    state: RecipientState = RecipientState.ACTIVE
    national_id_hash: str = ""
    national_id_last4: str = ""
    family_card_hash: str = ""
    delivery: bool = False
    """Goods are brought home: the holder can't come."""


class Card(Document, frozen=True, kw_only=True):
    """A card's state. Cards of other outlets come without `recipient_id`."""

    token: CardToken
    state: CardState
    outlet_id: OutletId
    recipient_id: RecipientId | None = None
    last4: str = ""


class Entitlement(Document, frozen=True, kw_only=True):
    """What a family may take of one fund for one month; unique by (recipient, programme, fund, month).

    `amount` is rupiah when `unit` is RUPIAH, else thousandths of the commodity's unit.
    """

    id: EntitlementId
    recipient_id: RecipientId
    program_id: ProgramId
    fund_id: FundId
    budget_year: int
    month: BenefitMonth
    amount: int
    released_on: date
    expires_on: date
    unit: Unit = Unit.RUPIAH
    commodity_id: CommodityId | None = None
    version: int = 1


class Share(Document, frozen=True, kw_only=True):
    """How much of an entitlement this ledger was granted, ever; it only grows (protocol: shares)."""

    entitlement_id: EntitlementId
    recipient_id: RecipientId
    granted: int
    spent_elsewhere: int = 0
    """What other ledgers spent of it, as upstream last knew: for the sentence only, never for what may be spent."""


class Recall(Document, frozen=True, kw_only=True):
    """Upstream asks this ledger to release an entitlement's share, up to a cumulative total (protocol: shares)."""

    entitlement_id: EntitlementId
    recipient_id: RecipientId
    released: int
    """What `released` may become; a till gives less when it spent some, and nothing twice."""
    until_ms: int = 0
    """After this time nobody waits for it any more; 0: without end."""


class PayloadKind(StrEnum):
    """What a scanned code may be, where a programme says which it takes."""

    CARD_NUMBER = "card_number"
    """The bare card number with its check digits."""
    SIGNED_CARD = "signed_card"
    """A QR that the issuer signed."""
    PERSON_NUMBER = "person_number"
    """An NIK or KK number: asked about, and looked up with a manager's approval."""


class PayloadRule(Document, frozen=True, kw_only=True):
    """Which codes a programme takes from a day on; without a rule it takes all kinds."""

    program_id: ProgramId
    from_day: date
    accepts: tuple[PayloadKind, ...] = tuple(PayloadKind)


class IssuerKey(Document, frozen=True, kw_only=True):
    """Who may sign cards: the public key (Ed25519, 32 bytes, base64url) and the days on which cards were issued by it.

    A key that leaked is ended at the day before; cards issued earlier stay good.
    """

    id: str
    """One to eight letters A-Z and digits."""
    public_key: str
    from_day: date
    until_day: date | None = None


KINDS: dict[str, type[Document]] = {
    "outlet": Outlet,
    "program": Program,
    "fund": Fund,
    "cycle": Cycle,
    "policy": Policy,
    "commodity": Commodity,
    "allowance": Allowance,
    "product": Product,
    "staff": Staff,
    "recipient": Recipient,
    "card": Card,
    "entitlement": Entitlement,
    "share": Share,
    "recall": Recall,
    "payload_rule": PayloadRule,
    "issuer_key": IssuerKey,
}
"""The kinds of the change feed and the documents that they carry."""


def price_on(product: Product, day: date) -> Rupiah | None:
    """Return the price of one base unit on a day; None when the product has none yet."""
    begun = [price for price in product.prices if price.from_day <= day]
    return max(begun, key=lambda price: price.from_day).price if begun else None


def policy_on(policies: Iterable[Policy], program_id: ProgramId, day: date) -> Policy:
    """Return the rules of a programme on a day: the newest that has begun, or the defaults."""
    begun = [policy for policy in policies if policy.program_id == program_id and policy.from_day <= day]
    newest = max(begun, key=lambda policy: policy.from_day, default=None)
    return newest or Policy(program_id=program_id, from_day=date.min)
