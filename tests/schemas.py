"""One real file of every schema that was ever released, kept under tests/data/schemas: `python -m tests.schemas`.

Run it once for a new schema, before its release; files of released schemas are never made again. `--anew` makes the
newest one again while it is not released.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path

from kube_pos.ledger import entries
from kube_pos.ledger.ids import EntitlementId, SaleId
from kube_pos.ledger.migrations import JOURNAL, REPLICA
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.sync.signing import DeviceKey
from tests.fakes import TODAY
from tests.ledger_kit import APBD, CASHIER, FOOD, MANAGER, RICE_BAG, Outlet

FOLDER = Path(__file__).parent / "data" / "schemas"
DEVICE = DeviceKey(bytes(range(100, 132)))
FAMILIES = 3


def path_of(name: str, number: int) -> Path:
    """Return where the kept file of a schema lies."""
    return FOLDER / f"{name}-{number}.db"


def make(folder: Path) -> None:
    """Make both files of today's schemas, with the same content each time."""
    kit = Outlet(folder)
    kit.journal = SqliteJournal(kit.journal_file, DEVICE.sign)
    kit.stock_up()
    for number in range(1, FAMILIES + 1):
        kit.family(number)
        kit.entitle(family=number)
        kit.journal.redeem(redemption(kit, number), {EntitlementId(number): 300_000})
    kit.journal.reverse(
        entries.Reversal(
            at=kit.clock.now_ms(),
            day=TODAY,
            by=CASHIER.id,
            sale=SaleId(f"{99:032x}"),
            receipt=kit.journal.next_receipt(),
            target=2,
            reason="salah barang",
            approver=MANAGER.id,
        )
    )
    kit.journal.append(
        entries.DayClosed(
            at=kit.clock.now_ms(),
            day=TODAY,
            by=MANAGER.id,
            sales=(2, 3, 4, 5),
            entitlement_used=Rupiah(150_000),
            goods_out=Rupiah(150_000),
            cash=Rupiah(0),
        )
    )
    kit.journal.save_basket(b"{}")
    kit.close()


def redemption(kit: Outlet, family: int) -> entries.Redemption:
    """Return the sale of one bag of rice to a family."""
    price = Rupiah(75_000)
    draw = entries.Draw(entitlement=EntitlementId(family), amount=price)
    line = entries.Line(product=RICE_BAG.id, quantity=Thousandths(1000), price=price, total=price, draws=(draw,))
    source = entries.Source(
        entitlement=EntitlementId(family),
        program=FOOD,
        fund=APBD,
        budget_year=2026,
        month="2026-11",  # type: ignore[arg-type]
        expires_on=date(2026, 12, 31),
    )
    return entries.Redemption(
        at=kit.clock.now_ms(),
        day=TODAY,
        by=CASHIER.id,
        sale=SaleId(f"{family:032x}"),
        receipt=kit.journal.next_receipt(),
        recipient=family,  # type: ignore[arg-type]
        lines=(line,),
        sources=(source,),
        opening=Rupiah(300_000),
    )


def main() -> int:
    """Make the kept files of today's schemas where there are none yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--anew", action="store_true")
    anew = parser.parse_args().anew
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        for schema in (JOURNAL, REPLICA):
            target = path_of(schema.name, schema.number)
            if anew or not target.exists():
                shutil.copyfile(Path(folder) / f"{schema.name}.db", target)
                sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
