"""The newest schemas as tables, for queries; a test holds them to what the migrations make."""

from __future__ import annotations

from sqlalchemy import BLOB, INTEGER, TEXT, Column, MetaData, Table, UniqueConstraint

JOURNAL = MetaData()
REPLICA = MetaData()


def _integer(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    return Column(name, INTEGER, primary_key=key, nullable=null)


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, TEXT, primary_key=key, nullable=False)


def _blob(name: str) -> Column[bytes]:
    return Column(name, BLOB, nullable=False)


identity = Table(
    "identity",
    JOURNAL,
    _integer("one", key=True),
    _text("ledger_id"),
    _text("terminal"),
    _integer("outlet_id"),
    _blob("city_key"),
    _text("upstream_address"),
    _blob("upstream_key"),
    _integer("is_demo"),
)
entry = Table("entry", JOURNAL, _integer("seq", key=True), _text("kind"), _integer("at"), _blob("body"), _blob("hash"))
sale = Table(
    "sale",
    JOURNAL,
    _integer("seq", key=True),
    _text("sale"),
    _text("receipt"),
    _integer("recipient", null=True),
    _integer("target", null=True),
    _integer("closing", null=True),
    UniqueConstraint("sale"),
    UniqueConstraint("receipt"),
)
share_use = Table("share_use", JOURNAL, _integer("entitlement", key=True), _integer("spent"), _integer("released"))
stock = Table("stock", JOURNAL, _integer("product", key=True), _integer("on_hand"))
print_job = Table(
    "print_job",
    JOURNAL,
    _integer("id", key=True),
    _text("kind"),
    _integer("ref"),
    _integer("copy"),
    _text("state"),
    _text("detail"),
    UniqueConstraint("kind", "ref", "copy"),
)
basket = Table("basket", JOURNAL, _integer("one", key=True), _blob("body"))
sync_state = Table(
    "sync_state",
    JOURNAL,
    _integer("one", key=True),
    _integer("acked"),
    _blob("acked_hash"),
    _integer("last_contact_ms", null=True),
    _integer("server_time_ms", null=True),
    _integer("bytes_up"),
    _integer("bytes_down"),
)
verdict = Table("verdict", JOURNAL, _integer("seq", key=True), _text("codes"))
checkpoint = Table("checkpoint", JOURNAL, _integer("seq", key=True), _blob("hash"), _blob("signature"))
predecessor = Table(
    "predecessor",
    JOURNAL,
    _integer("number", key=True),
    _text("ledger_id"),
    _text("terminal"),
    _integer("seq"),
    _integer("last_at"),
    _text("reason"),
    _text("file"),
    _blob("device_key"),
)
slip = Table("slip", JOURNAL, _text("number", key=True), _integer("seq"))
delivery = Table("delivery", JOURNAL, _integer("seq", key=True), _integer("confirmed", null=True))
collector = Table(
    "collector", JOURNAL, _integer("seq", key=True), _text("who"), _integer("recipient", null=True), _text("day")
)
stand_in = Table("stand_in", JOURNAL, _text("card", key=True), _text("month", key=True), _integer("spent"))
exchange = Table(
    "exchange", JOURNAL, _integer("seq", key=True), _integer("target"), _integer("product"), _integer("quantity")
)
lookup_log = Table(
    "lookup_log",
    JOURNAL,
    _integer("id", key=True),
    _integer("at"),
    _integer("staff"),
    _text("how"),
    _text("card"),
    _integer("recipient", null=True),
    _integer("approver", null=True),
    _text("reason"),
)
pin_tries = Table("pin_tries", JOURNAL, _integer("staff", key=True), _integer("wrong"))

card = Table("card", REPLICA, _text("token", key=True), _blob("doc"))
recipient = Table(
    "recipient",
    REPLICA,
    _integer("id", key=True),
    _text("national_id_hash"),
    _text("family_card_hash"),
    _blob("doc"),
)
entitlement = Table(
    "entitlement",
    REPLICA,
    _integer("recipient", key=True),
    _integer("id", key=True),
    _blob("doc"),
    UniqueConstraint("id"),
)
share = Table("share", REPLICA, _integer("entitlement", key=True), _integer("granted"), _integer("spent_elsewhere"))
document = Table("document", REPLICA, _text("kind", key=True), _text("key", key=True), _blob("doc"))
state = Table(
    "state",
    REPLICA,
    _integer("one", key=True),
    _integer("cursor"),
    _integer("as_of_ms", null=True),
    _integer("generation"),
)
