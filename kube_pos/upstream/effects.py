"""What an entry does to the city's figures: shares spent and released, sales undone, matters for the officer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from kube_pos.ledger.documents import CardState, Unit
from kube_pos.ledger.entries import (
    AnyEntry,
    DataMismatchReport,
    GeneralSale,
    Redemption,
    Restored,
    Reversal,
    ShareReleased,
    SlipEntered,
    Source,
)
from kube_pos.ledger.ids import CardToken, EntitlementId, LedgerId, RecipientId
from kube_pos.upstream import tables
from kube_pos.upstream.copying import insert_all_new, insert_rows
from kube_pos.upstream.requests import settle
from kube_pos.upstream.shares import tell_shares
from kube_pos.upstream.spending import Spending
from kube_pos.upstream.unusual import Unusual
from kube_pos.upstream.verdicts import Codes, ReportCode, VerdictCode

_LARGEST = 2**53
_LARGEST_ID = 2**31 - 1
"""What a column of ids holds on every database; the office gives none above it."""
_LARGEST_SUM = 2**40
"""A trillion rupiah: what no sale reaches, and no sum of real sales overflows."""
_CLOCK_TOLERANCE_MS = 120_000


class Effects:
    """Applies the entries of one ledger, in order, in one transaction; no entry is refused.

    `finish` writes what `apply` has gathered.
    """

    def __init__(self, connection: Connection, ledger_id: LedgerId, now_ms: int) -> None:
        """Take the transaction that the entries are stored in."""
        self._connection = connection
        self._ledger_id = ledger_id
        self._now_ms = now_ms
        self._spending = Spending(connection, ledger_id)
        self._unusual = Unusual(connection, ledger_id, self._spending)
        self._draws: dict[int, list[dict[str, Any]]] = {}
        self._cards: dict[CardToken, tuple[str, int, RecipientId]] = {}
        self._new_sales: frozenset[int] = frozenset()

    def prepare(self, numbered: Sequence[tuple[int, AnyEntry]]) -> None:
        """Read at once what the entries to come will need, and note their sales; numbers and entries, in order."""
        plausible = [(seq, entry) for seq, entry in numbered if _is_plausible(entry)]
        sales = [entry for _, entry in plausible if isinstance(entry, Redemption)]
        self._spending.load(draw.entitlement for sale in sales for line in sale.lines for draw in line.draws)
        tokens = sorted({sale.card for sale in sales if sale.card is not None})
        card = tables.card
        for row in self._connection.execute(select(card).where(card.c.token.in_(tokens))):
            self._cards[CardToken(row.token)] = (row.state, row.changed_at, RecipientId(row.recipient_id))
        self._note_sales(plausible)

    def finish(self) -> None:
        """Write draws and shares, and tell the other ledgers that have a share of the same rows."""
        rows = [row for draws in self._draws.values() for row in draws]
        insert_rows(self._connection, tables.draw, rows)
        self._draws.clear()
        moved = self._spending.flush()
        tell_shares(self._connection, moved)
        settle(self._connection, moved, self._now_ms)

    def apply(self, seq: int, entry: AnyEntry) -> Codes:
        """Apply one entry; return the codes of what is wrong with it, each once."""
        if not _is_plausible(entry):
            return (VerdictCode.IMPLAUSIBLE,)
        codes: list[VerdictCode | ReportCode] = (
            [VerdictCode.CLOCK_SUSPECT] if entry.clock_suspect or entry.at > self._now_ms + _CLOCK_TOLERANCE_MS else []
        )
        match entry:
            case Redemption():
                codes += self._redemption(seq, entry)
            case GeneralSale():
                codes += () if seq in self._new_sales else (VerdictCode.DUPLICATE_SALE,)
            case Reversal():
                codes += self._reversal(seq, entry)
            case ShareReleased():
                codes += self._spending.release(entry.entitlement, entry.released)
            case DataMismatchReport():
                codes.append(ReportCode.DATA_MISMATCH)
            case SlipEntered():
                codes += self._unusual.note_slip(seq, entry.slip)
            case Restored():
                codes.append(ReportCode.RESTORED)
            case _:
                pass
        return tuple(dict.fromkeys(codes))

    def _redemption(self, seq: int, entry: Redemption) -> Codes:
        if seq not in self._new_sales:
            return (VerdictCode.DUPLICATE_SALE,)
        drawn: dict[EntitlementId, int] = {}
        for line in entry.lines:
            for draw in line.draws:
                drawn[draw.entitlement] = drawn.get(draw.entitlement, 0) + draw.amount
        self._store_draws(seq, drawn, entry.sources)
        family = self._family(entry)
        unusual, settled = self._unusual.apply(seq, entry, family)
        self._draws[seq] += settled
        codes: list[VerdictCode | ReportCode] = []
        for entitlement, amount in drawn.items():
            codes += self._spending.spend(entitlement, amount, family, entry.day)
        return (*codes, *unusual, *self._card(entry.card, entry.at))

    def _note_sales(self, numbered: Sequence[tuple[int, AnyEntry]]) -> None:
        """Note sales under their ids; the database decides which were there before, at this till or another."""
        rows = [
            {
                "ledger_id": self._ledger_id,
                "seq": seq,
                "sale_id": entry.sale,
                "day": entry.day.isoformat(),
                "recipient_id": self._family(entry) if isinstance(entry, Redemption) else None,
            }
            for seq, entry in numbered
            if isinstance(entry, Redemption | GeneralSale)
        ]
        self._new_sales = frozenset(insert_all_new(self._connection, tables.sale, rows, tables.sale.c.seq))

    def _store_draws(self, seq: int, drawn: dict[EntitlementId, int], sources: Iterable[Source]) -> None:
        by_id = {source.entitlement: source for source in sources}
        rows = []
        for entitlement, amount in drawn.items():
            place = {"ledger_id": self._ledger_id, "seq": seq, "entitlement_id": entitlement}
            row = {**place, "amount": amount, "settled": 0}
            rows.append({**row, **_source_columns(by_id.get(entitlement))})
        self._draws[seq] = rows

    def _reversal(self, seq: int, entry: Reversal) -> Codes:
        sale = tables.sale
        if entry.target >= seq:
            # The sales of the whole batch are noted already, but nothing can be undone before it was done.
            return (VerdictCode.UNKNOWN_SALE,)
        mine = (sale.c.ledger_id == self._ledger_id, sale.c.seq == entry.target)
        undone = self._connection.execute(
            update(sale).where(*mine, sale.c.reversed_by.is_(None)).values(reversed_by=seq)
        )
        if undone.rowcount == 0:
            found = self._connection.execute(select(sale.c.seq).where(*mine)).one_or_none()
            return (VerdictCode.UNKNOWN_SALE,) if found is None else (VerdictCode.ALREADY_REVERSED,)
        for row in self._draws_of(entry.target):
            self._spending.give_back(row["entitlement_id"], row["amount"], settled=bool(row["settled"]))
        return ()

    def _draws_of(self, seq: int) -> Sequence[Mapping[Any, Any]]:
        """Return the draws of a sale, of this batch or of an earlier one."""
        if seq in self._draws:
            return self._draws[seq]
        draw = tables.draw
        found = select(draw.c.entitlement_id, draw.c.amount, draw.c.settled).where(
            draw.c.ledger_id == self._ledger_id, draw.c.seq == seq
        )
        return self._connection.execute(found).mappings().all()

    def _family(self, entry: Redemption) -> RecipientId | None:
        """Return the family of a sale; a till that knows only another outlet's card leaves it to us."""
        if entry.recipient is not None or entry.card not in self._cards:
            return entry.recipient
        return self._cards[entry.card][2]

    def _card(self, token: CardToken | None, at: int) -> Codes:
        """Return what was wrong with a card at the moment of the sale."""
        if token is None:
            return ()
        if token not in self._cards:
            return (VerdictCode.UNKNOWN_CARD,)
        state, changed_at, _ = self._cards[token]
        return (VerdictCode.BLOCKED_CARD,) if state != CardState.ACTIVE and changed_at <= at else ()


def _source_columns(source: Source | None) -> dict[str, object]:
    """Return what the sale itself says of an entitlement, so that reports never depend on later documents."""
    if source is None:
        return {"program_id": 0, "fund_id": 0, "budget_year": 0, "month": "", "unit": Unit.RUPIAH.value}
    unit = Unit.RUPIAH if source.commodity is None else Unit.COMMODITY
    return {
        "program_id": source.program,
        "fund_id": source.fund,
        "budget_year": source.budget_year,
        "month": source.month,
        "unit": unit.value,
    }


def _is_plausible(entry: AnyEntry) -> bool:
    """Tell whether the figures of an entry can be added up at all; what can't is kept, but has no effect."""
    if not 0 <= entry.at < _LARGEST:
        return False
    match entry:
        case Redemption():
            amounts = [draw.amount for line in entry.lines for draw in line.draws]
            ids: list[int] = [draw.entitlement for line in entry.lines for draw in line.draws]
            ids += [] if entry.recipient is None else [entry.recipient]
            ids += [] if entry.stand_in is None else [entry.stand_in.program]
            ids += [number for source in entry.sources for number in (source.program, source.fund, source.budget_year)]
            return (
                all(amount > 0 for amount in amounts)
                and sum(amounts) < _LARGEST_SUM
                and all(0 <= number <= _LARGEST_ID for number in ids)
                and _is_name(entry.sale)
                and (entry.card is None or _is_name(entry.card))
                and all(_is_name(source.month) for source in entry.sources)
                and all(0 <= line.over < _LARGEST_SUM for line in entry.lines)
                and (entry.slip is None or _is_name(entry.slip.number))
                and (entry.stand_in is None or 0 < entry.stand_in.amount < _LARGEST_SUM)
            )
        case GeneralSale():
            return _is_name(entry.sale)
        case SlipEntered():
            return _is_name(entry.slip)
        case Reversal():
            return 0 < entry.target < _LARGEST
        case ShareReleased():
            return 0 <= entry.released < _LARGEST and 0 <= entry.entitlement <= _LARGEST_ID
        case _:
            return True


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 64 and text.isprintable()
