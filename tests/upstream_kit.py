"""A small city, a real upstream on loopback, and a client that signs like a till."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx
import jwt
import msgspec
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import func, insert, select

from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.days import at_wita, business_day
from kube_pos.ledger.documents import CardState, Commodity, Fund, Outlet, Product, Program, Share
from kube_pos.ledger.entries import AnyEntry, Draw, Line, Redemption, Reversal, Source, encode
from kube_pos.ledger.ids import CommodityId, FundId, LedgerId, OutletId, ProductId, ProgramId, uuid7
from kube_pos.sync import wire
from kube_pos.upstream import catalogue, tables
from kube_pos.upstream.auth import AUDIENCE
from kube_pos.upstream.database import Database, open_database
from kube_pos.upstream.enrolment import make_code
from kube_pos.upstream.families import Family, save_card, save_family, tell_families
from kube_pos.upstream.keys import Keys, load_keys
from kube_pos.upstream.publication import Publication, publish
from kube_pos.upstream.server import address_of, listen, make_server
from kube_pos.upstream.service import make_app

NOW_MS = at_wita(date(2026, 11, 24), 10)
PROGRAM, APBD, BAZNAS = ProgramId(1), FundId(1), FundId(2)
PALARAN, SEBERANG = OutletId(1), OutletId(2)
FAMILIES = 4
MONTHS = ("2026-10", "2026-11")
MONTHLY = 300_000


class SetClock:
    """A clock that stands where a test puts it."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_ms(self) -> int:
        return self.at_ms


def open_small_city(path: Path | str) -> tuple[Database, Keys]:
    """Two outlets; families 1 and 2 of the first, 3 and 4 of the second, cards with serials 1 to 4; no rows yet."""
    database = open_database(str(path))
    with database.write() as connection:
        keys = load_keys(connection)
        catalogue.put_outlets(
            connection,
            [
                Outlet(id=PALARAN, code="KUBE-01", name="KUBE Satu", ward="Bukuan", district="Palaran"),
                Outlet(id=SEBERANG, code="KUBE-02", name="KUBE Dua", ward="Baqa", district="Samarinda Seberang"),
            ],
        )
        wards = [
            {"district_code": "64.72.01", "district": "Palaran", "name": "Bukuan", "outlet_id": 1},
            {"district_code": "64.72.02", "district": "Samarinda Seberang", "name": "Baqa", "outlet_id": 2},
            {"district_code": "64.72.02", "district": "Samarinda Seberang", "name": "Mesjid", "outlet_id": None},
        ]
        connection.execute(insert(tables.ward), [{"id": number, **row} for number, row in enumerate(wards, start=1)])
        catalogue.put_program(connection, Program(id=PROGRAM, name="Bantuan Pangan", contact="Dinas Sosial"))
        catalogue.put_fund(connection, Fund(id=APBD, name="APBD"))
        catalogue.put_fund(connection, Fund(id=BAZNAS, name="BAZNAS"))
        catalogue.put_commodity(connection, Commodity(id=CommodityId(1), name="Beras", unit="kg"))
        rice = Product(id=ProductId(1), commodity_id=CommodityId(1), name="Beras", unit="kg", prices=())
        catalogue.put_product(connection, rice)
        ids = []
        for number in range(1, FAMILIES + 1):
            outlet = 1 if number <= 2 else 2
            family = Family(
                national_id=f"647201410380{number:04d}",
                family_card=f"647201010120{number:04d}",
                name=f"Ibu {number}",
                address="",
                ward_id=outlet,
                neighbourhood="RT 01",
                home_outlet_id=OutletId(outlet),
            )
            ids.append(save_family(connection, keys, family, NOW_MS))
            save_card(connection, keys, card_number(number), ids[-1], CardState.ACTIVE, NOW_MS)
        tell_families(connection, ids)
    return database, keys


def publish_two_months(database: Database) -> None:
    """October and November, for everybody: entitlements 1 and 2 are family 1's, 3 and 4 family 2's, and so on."""
    with database.write() as connection:
        publish(connection, two_months(), NOW_MS)


def two_months() -> Publication:
    return Publication(
        program_id=PROGRAM,
        fund_id=APBD,
        months=MONTHS,  # type: ignore[arg-type]
        amount=MONTHLY,
        released_on=date(2026, 11, 16),
        expires_on=date(2026, 12, 31),
    )


@contextmanager
def serving(database: Database, clock: SetClock) -> Iterator[str]:
    """Serve on a free loopback port, in a thread; yields the address."""
    ready = threading.Event()
    server = make_server(make_app(database, clock), ready.set)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert ready.wait(20)
            yield address_of(listener)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def new_code(database: Database, keys: Keys, outlet_id: OutletId, now_ms: int = NOW_MS) -> str:
    with database.write() as connection:
        return make_code(connection, keys, outlet_id, "http://127.0.0.1:1", now_ms).code


@dataclass
class TestTill:
    """A till that knows the protocol by heart, and can be made to break it."""

    __test__ = False

    client: httpx.Client
    clock: SetClock
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    ledger_id: LedgerId = field(init=False)
    upstream_key: bytes = b""
    bodies: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        public = self.key.public_key().public_bytes_raw()
        self.ledger_id = LedgerId(uuid7(self.clock.now_ms(), public[:10]))
        self.heads = [genesis(self.ledger_id)]

    def enrol(self, code: str) -> httpx.Response:
        request = wire.EnrolmentRequest(
            code=code,
            ledger_id=self.ledger_id,
            public_key=wire.to_base64(self.key.public_key().public_bytes_raw()),
            device_name="Laptop",
            program_version="0.1.0",
        )
        response = self.client.post("/v1/enrolments", content=msgspec.json.encode(request))
        if response.status_code == 200:
            answer = msgspec.json.decode(response.content, type=wire.EnrolmentAnswer)
            self.upstream_key = wire.from_base64(answer.upstream_key)
            self.check(response, wire.ENROLMENT_LABEL)
        return response

    def token(self, *, issued_ms: int | None = None, life_s: int = 120, **claims: object) -> str:
        issued = (self.clock.now_ms() if issued_ms is None else issued_ms) // 1000
        payload = {"iss": self.ledger_id, "iat": issued, "exp": issued + life_s, "aud": AUDIENCE, **claims}
        return jwt.encode(payload, self.key, algorithm="EdDSA")

    def journal(self, *entries: AnyEntry) -> None:
        for entry in entries:
            self.append(encode(entry))

    def append(self, body: bytes) -> None:
        self.bodies.append(body)
        self.heads.append(link(self.heads[-1], len(self.bodies), body))

    def batch(self, first: int = 1) -> wire.Batch:
        bodies = tuple(self.bodies[first - 1 :])
        return wire.Batch(wire.PROTOCOL, first, self.heads[first - 1], bodies, self.heads[-1])

    def upload(self, first: int = 1) -> httpx.Response:
        return self.post_raw(zstandard.compress(msgspec.msgpack.encode(self.batch(first))))

    def post_raw(self, body: bytes, *, signer: Ed25519PrivateKey | None = None, token: str = "") -> httpx.Response:
        signature = (signer or self.key).sign(wire.signed(wire.BATCH_LABEL, body))
        headers = {
            "Authorization": f"Bearer {token or self.token()}",
            wire.SIGNATURE_HEADER: wire.to_base64(signature),
        }
        return self.client.post(f"/v1/ledgers/{self.ledger_id}/entries", content=body, headers=headers)

    def answer(self, response: httpx.Response) -> wire.UploadAnswer:
        assert response.status_code == 200, response.text
        self.check(response, wire.ANSWER_LABEL)
        return msgspec.json.decode(response.content, type=wire.UploadAnswer)

    def changes(self, after: int = 0, *, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        return self.client.get(f"/v1/ledgers/{self.ledger_id}/changes", params={"after": after}, headers=headers)

    def pull(self, after: int = 0) -> list[wire.Change]:
        """Every change after a number, page by page, each page checked."""
        found: list[wire.Change] = []
        while True:
            response = self.changes(after)
            assert response.status_code == 200, response.text
            self.check(response, wire.PAGE_LABEL)
            page = wire.read_page(response.content)
            assert page.after == after
            numbers = [change.n for change in page.changes]
            assert numbers == sorted(set(numbers))
            found += page.changes
            after = page.next
            if not page.more:
                return found

    def check(self, response: httpx.Response, label: bytes) -> None:
        signature = wire.from_base64(response.headers[wire.SIGNATURE_HEADER])
        pinned = Ed25519PublicKey.from_public_bytes(self.upstream_key)
        pinned.verify(signature, wire.signed(label, response.content))


def problem(response: httpx.Response) -> wire.Problem:
    assert response.headers["content-type"] == "application/problem+json"
    found = msgspec.json.decode(response.content, type=wire.Problem)
    assert found.status == response.status_code
    return found


def redemption(
    keys: Keys,
    family: int,
    draws: Sequence[tuple[int, int]],
    *,
    sale: str = "",
    card: int | None = None,
    at: int = NOW_MS,
) -> Redemption:
    """A sale of one line that draws (entitlement, amount) pairs; entitlement 2k-1 is October's, 2k November's."""
    total = sum(amount for _, amount in draws)
    line = Line(product=1, quantity=1000, price=total, total=total, draws=tuple(Draw(*draw) for draw in draws))  # type: ignore[arg-type]
    months = {row: MONTHS[(row + 1) % 2] for row, _ in draws}
    sources = tuple(Source(row, PROGRAM, APBD, 2026, month, date(2026, 12, 31)) for row, month in months.items())  # type: ignore[arg-type]
    return Redemption(
        at=at,
        day=business_day(at),
        by=10,  # type: ignore[arg-type]
        sale=sale or f"sale-{family}-{draws}",  # type: ignore[arg-type]
        receipt="A01-000001",
        recipient=family,  # type: ignore[arg-type]
        card=card_token(keys.city, card_number(family if card is None else card)),
        lines=(line,),
        sources=sources,
        opening=2 * MONTHLY,  # type: ignore[arg-type]
    )


def reversal(target: int) -> Reversal:
    return Reversal(
        at=NOW_MS,
        day=business_day(NOW_MS),
        by=11,  # type: ignore[arg-type]
        sale=f"sale of {target}",  # type: ignore[arg-type]
        receipt="A01-000001",
        target=target,
        reason="salah barang",
        approver=11,  # type: ignore[arg-type]
    )


def spent_of(database: Database, entitlement: int) -> int:
    """What all ledgers together have spent of an entitlement."""
    with database.read() as connection:
        rows = connection.execute(select(tables.share.c.spent).where(tables.share.c.entitlement_id == entitlement))
        return sum(rows.scalars())


@dataclass
class World:
    database: Database
    keys: Keys
    clock: SetClock
    client: httpx.Client

    def till(self, outlet_id: OutletId = PALARAN) -> TestTill:
        till = self.stranger()
        assert till.enrol(new_code(self.database, self.keys, outlet_id, self.clock.now_ms())).status_code == 200
        return till

    def stranger(self) -> TestTill:
        return TestTill(self.client, SetClock(self.clock.now_ms()))

    def count(self, table: str) -> int:
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one())

    def exceptions(self) -> list[str]:
        with self.database.read() as connection:
            return list(connection.execute(select(tables.exception.c.code).order_by(tables.exception.c.id)).scalars())


@contextmanager
def small_world(place: Path | str) -> Iterator[World]:
    """The small city with two months published, served; its database at a path or URL, or in a folder."""
    is_folder = isinstance(place, Path) and place.is_dir()
    database, keys = open_small_city(place / "office.db" if isinstance(place, Path) and is_folder else place)
    publish_two_months(database)
    clock = SetClock()
    with serving(database, clock) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield World(database, keys, clock, client)
    database.close()


def shares_of(till: TestTill) -> dict[int, tuple[int, int]]:
    """(granted, spent elsewhere) of each entitlement that the till was told of."""
    docs = [msgspec.json.decode(c.doc, type=Share) for c in till.pull() if c.kind == "share" and c.doc]
    return {doc.entitlement_id: (doc.granted, doc.spent_elsewhere) for doc in docs}
