"""What every till knows: outlets, programmes, funds, goods, rules, staff. Each is stored and put into the feed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from kube_pos.ledger.documents import (
    Allowance,
    Commodity,
    Cycle,
    Document,
    Fund,
    IssuerKey,
    Outlet,
    PayloadRule,
    Policy,
    Product,
    Program,
    Staff,
)
from kube_pos.ledger.ids import OutletId
from kube_pos.upstream import feed, tables
from kube_pos.upstream.errors import UnknownName


def put_outlets(connection: Connection, outlets: Iterable[Outlet]) -> None:
    """Store outlets; every till knows all of them, to send families home."""
    for outlet in outlets:
        row = {name: getattr(outlet, name) for name in ("id", "code", "name", "ward", "district")}
        _store(connection, tables.outlet, {"id": outlet.id}, row)
        _tell_all(connection, "outlet", str(outlet.id), outlet)


def put_program(connection: Connection, program: Program) -> None:
    """Store an aid programme."""
    row = {"id": program.id, "name": program.name, "contact": program.contact}
    _store(connection, tables.program, {"id": program.id}, row)
    _tell_all(connection, "program", str(program.id), program)


def put_issuer_key(connection: Connection, issuer: IssuerKey) -> None:
    """Tell the tills by which key cards are signed; it lives in the feed alone."""
    _tell_all(connection, "issuer_key", issuer.id, issuer)


def put_payload_rule(connection: Connection, rule: PayloadRule) -> None:
    """Tell the tills which codes a programme takes from a day on; it lives in the feed alone."""
    _tell_all(connection, "payload_rule", f"{rule.program_id}:{rule.from_day.isoformat()}", rule)


def put_fund(connection: Connection, fund: Fund) -> None:
    """Store a funding source."""
    _store(connection, tables.fund, {"id": fund.id}, {"id": fund.id, "name": fund.name})
    _tell_all(connection, "fund", str(fund.id), fund)


def put_commodity(connection: Connection, commodity: Commodity) -> None:
    """Store a kind of goods."""
    row = {"id": commodity.id, "name": commodity.name, "unit": commodity.unit}
    _store(connection, tables.commodity, {"id": commodity.id}, row)
    _tell_all(connection, "commodity", str(commodity.id), commodity)


def put_allowance(connection: Connection, allowance: Allowance) -> None:
    """Store one line of a programme's allow-list."""
    key = {
        "program_id": allowance.program_id,
        "commodity_id": allowance.commodity_id,
        "from_day": allowance.from_day.isoformat(),
    }
    until = None if allowance.until_day is None else allowance.until_day.isoformat()
    _store(connection, tables.allowance, key, {**key, "until_day": until})
    _tell_all(connection, "allowance", ":".join(str(part) for part in key.values()), allowance)


def put_policy(connection: Connection, policy: Policy) -> None:
    """Store the rules of a programme from a day on."""
    key = {"program_id": policy.program_id, "from_day": policy.from_day.isoformat()}
    _store(connection, tables.policy, key, {**key, "doc": feed.encode(policy)})
    _tell_all(connection, "policy", f"{policy.program_id}:{policy.from_day}", policy)


def put_product(connection: Connection, product: Product) -> None:
    """Store something that outlets hand out, with its prices."""
    row = {
        "id": product.id,
        "commodity_id": product.commodity_id,
        "name": product.name,
        "barcode": product.barcode,
        "doc": feed.encode(product),
    }
    _store(connection, tables.product, {"id": product.id}, row)
    _tell_all(connection, "product", str(product.id), product)


def put_staff(connection: Connection, outlet_id: OutletId, staff: Staff) -> None:
    """Store someone who may sign in at an outlet; only its tills are told."""
    doc = feed.encode(staff)
    _store(connection, tables.staff, {"id": staff.id}, {"id": staff.id, "outlet_id": outlet_id, "doc": doc})
    feed.put(connection, [feed.Item(feed.for_outlet(outlet_id), "staff", str(staff.id), doc)])


def put_cycle(connection: Connection, cycle: Cycle) -> None:
    """Store a disbursement cycle, published or planned."""
    row = {
        "id": cycle.id,
        "program_id": cycle.program_id,
        "months": ",".join(cycle.months),
        "published": int(cycle.published),
        "released_on": cycle.released_on.isoformat(),
    }
    _store(connection, tables.cycle, {"id": cycle.id}, row)
    _tell_all(connection, "cycle", str(cycle.id), cycle)


def find_id(connection: Connection, table: Table, column: str, name: str) -> int:
    """Return the id of a row by its name or code; raises UnknownName."""
    found = connection.execute(select(table.c.id).where(table.c[column] == name)).scalar_one_or_none()
    if found is None:
        raise UnknownName(what=table.name, name=name)
    return int(found)


def _store(connection: Connection, table: Table, key: dict[str, Any], row: dict[str, Any]) -> None:
    """Put a row in the place of the one with the same key; in a transaction that is held, so nobody comes between."""
    found = connection.execute(select(table).filter_by(**key)).one_or_none()
    if found is None:
        connection.execute(insert(table), row)
    else:
        connection.execute(table.update().filter_by(**key).values(**row))


def _tell_all(connection: Connection, kind: str, key: str, document: Document) -> None:
    feed.put(connection, [feed.Item(feed.ALL, kind, key, feed.encode(document))])
