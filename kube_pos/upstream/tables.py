"""The office's tables, for building statements; the schema itself is made by `migrations`.

Days are ISO text, moments are ms since 1970 UTC, amounts whole rupiah or thousandths, and `doc` columns hold a
document's bytes exactly as the feed sends them. Identifiers of people are keyed hashes and last four digits only.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

setting = Table("setting", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
secret = Table("secret", metadata, Column("name", Text, primary_key=True), Column("value", LargeBinary, nullable=False))
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

outlet = Table(
    "outlet",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("ward", Text, nullable=False),
    Column("district", Text, nullable=False),
)
ward = Table(
    "ward",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("district_code", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("official_code", Text),
    Column("outlet_id", ForeignKey("outlet.id")),
    UniqueConstraint("district_code", "name"),
)
program = Table(
    "program",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("contact", Text, nullable=False),
)
fund = Table(
    "fund", metadata, Column("id", Integer, primary_key=True), Column("name", Text, nullable=False, unique=True)
)
cycle = Table(
    "cycle",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("program_id", ForeignKey("program.id"), nullable=False),
    Column("months", Text, nullable=False),
    Column("published", Integer, nullable=False),
    Column("released_on", Text, nullable=False),
)
policy = Table(
    "policy",
    metadata,
    Column("program_id", ForeignKey("program.id"), primary_key=True),
    Column("from_day", Text, primary_key=True),
    Column("doc", LargeBinary, nullable=False),
)
commodity = Table(
    "commodity",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("unit", Text, nullable=False),
)
allowance = Table(
    "allowance",
    metadata,
    Column("program_id", ForeignKey("program.id"), primary_key=True),
    Column("commodity_id", ForeignKey("commodity.id"), primary_key=True),
    Column("from_day", Text, primary_key=True),
    Column("until_day", Text),
)
product = Table(
    "product",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("commodity_id", ForeignKey("commodity.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("barcode", Text, nullable=False),
    Column("doc", LargeBinary, nullable=False),
)
staff = Table(
    "staff",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("doc", LargeBinary, nullable=False),
)

recipient = Table(
    "recipient",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("ward_id", ForeignKey("ward.id"), nullable=False),
    Column("neighbourhood", Text, nullable=False),
    Column("home_outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("delivery", Integer, nullable=False),
    Column("national_id_hash", Text, nullable=False, unique=True),
    Column("national_id_last4", Text, nullable=False),
    Column("family_card_hash", Text, nullable=False),
    Column("family_card_last4", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
card = Table(
    "card",
    metadata,
    Column("token", Text, primary_key=True),
    Column("recipient_id", ForeignKey("recipient.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("last4", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
entitlement = Table(
    "entitlement",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recipient_id", ForeignKey("recipient.id"), nullable=False),
    Column("program_id", ForeignKey("program.id"), nullable=False),
    Column("fund_id", ForeignKey("fund.id"), nullable=False),
    Column("month", Text, nullable=False),
    Column("budget_year", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("commodity_id", ForeignKey("commodity.id")),
    Column("released_on", Text, nullable=False),
    Column("expires_on", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("recipient_id", "program_id", "fund_id", "month"),
    CheckConstraint("amount > 0"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Text, primary_key=True),
    Column("terminal_no", Integer, nullable=False, unique=True),
    Column("terminal", Text, nullable=False, unique=True),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("device_name", Text, nullable=False),
    Column("program_version", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("acked", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("enrolled_at", BigInteger, nullable=False),
    Column("last_contact", BigInteger, nullable=False),
)
share = Table(
    "share",
    metadata,
    Column("entitlement_id", ForeignKey("entitlement.id"), primary_key=True),
    Column("ledger_id", ForeignKey("ledger.id"), primary_key=True),
    Column("granted", BigInteger, nullable=False),
    Column("released", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("settled", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("granted >= 0 AND released >= 0 AND spent >= 0"),
)
enrolment_code = Table(
    "enrolment_code",
    metadata,
    Column("code_hash", Text, primary_key=True),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("ledger_id", Text),
)
entry = Table(
    "entry",
    metadata,
    Column("ledger_id", ForeignKey("ledger.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)
verdict = Table(
    "verdict",
    metadata,
    Column("ledger_id", ForeignKey("ledger.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("code", Text, primary_key=True),
)
sale = Table(
    "sale",
    metadata,
    Column("ledger_id", ForeignKey("ledger.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("sale_id", Text, nullable=False, unique=True),
    Column("day", Text, nullable=False),
    Column("recipient_id", Integer),
    Column("reversed_by", BigInteger),
)
draw = Table(
    "draw",
    metadata,
    Column("ledger_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("entitlement_id", Integer, primary_key=True),
    Column("program_id", Integer, nullable=False),
    Column("fund_id", Integer, nullable=False),
    Column("budget_year", Integer, nullable=False),
    Column("month", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("settled", Integer, nullable=False, server_default="0"),
)
exception = Table(
    "exception",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ledger_id", ForeignKey("ledger.id"), nullable=False),
    Column("seq", BigInteger),
    Column("code", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("owner", Text),
    Column("detail", Text, nullable=False, server_default=""),
)
paper_slip = Table(
    "paper_slip",
    metadata,
    Column("outlet_id", ForeignKey("outlet.id"), primary_key=True),
    Column("number", Text, primary_key=True),
    Column("ledger_id", ForeignKey("ledger.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
)
collector = Table(
    "collector",
    metadata,
    Column("ledger_id", ForeignKey("ledger.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("who", Text, nullable=False),
    Column("recipient_id", Integer),
    Column("day", Text, nullable=False),
)
fork_evidence = Table(
    "fork_evidence",
    metadata,
    Column("ledger_id", ForeignKey("ledger.id"), primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("batch", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)
feed = Table(
    "feed",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("audience", Text, nullable=False),
    Column("except_outlet", Integer),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("op", Text, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    UniqueConstraint("audience", "kind", "key"),
)
visit = Table(
    "visit",
    metadata,
    Column("recipient_id", ForeignKey("recipient.id"), primary_key=True),
    Column("ledger_id", ForeignKey("ledger.id"), primary_key=True),
    Column("asked_at", BigInteger, nullable=False),
    Column("open_until", BigInteger, nullable=False),
)
recall = Table(
    "recall",
    metadata,
    Column("entitlement_id", ForeignKey("entitlement.id"), primary_key=True),
    Column("ledger_id", ForeignKey("ledger.id"), primary_key=True),
)
officer = Table(
    "officer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("active", Integer, nullable=False),
    Column("wrong_tries", Integer, nullable=False),
    Column("locked_until", BigInteger, nullable=False),
)
officer_session = Table(
    "officer_session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("officer_id", ForeignKey("officer.id"), nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
exception_decision = Table(
    "exception_decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("exception_id", ForeignKey("exception.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("officer", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("note", Text, nullable=False),
)
