"""The month lines of a decision: month, fund, amount, used, left, expiry, and the state in words with its icon."""

from __future__ import annotations

from PySide6.QtGui import QIcon

from kube_pos.ledger.entitlement import LineState, MonthLine
from kube_pos.ledger.ports import Catalogue
from kube_pos.ui import words
from kube_pos.ui.context import Context
from kube_pos.ui.icons import icon
from kube_pos.ui.table_models import Column, RowsModel, Table

_ICONS = {
    LineState.OPEN: "check",
    LineState.USED_UP: "off",
    LineState.EXPIRED: "clock",
    LineState.NOT_RELEASED: "calendar",
    LineState.ELSEWHERE: "network",
    LineState.LIST_TOO_OLD: "warning",
}


class MonthTable:
    """The table of a family's months and its model."""

    def __init__(self, context: Context) -> None:
        """Make the table."""
        self._context = context
        self._catalogue: Catalogue = context.desk.till.replica.catalogue()
        say, colours = context.say, context.theme.colours
        tones = dict.fromkeys(LineState, colours.on_bad_soft) | {
            LineState.OPEN: colours.on_good_soft,
            LineState.NOT_RELEASED: colours.on_info_soft,
            LineState.USED_UP: colours.ink_soft,
        }
        self._icons: dict[LineState, QIcon] = {s: icon(_ICONS[s], tones[s], 22) for s in LineState}
        self.model: RowsModel[MonthLine] = RowsModel(
            (
                Column(say("months.month"), lambda line: context.texts.month(line.entitlement.month)),
                Column(say("months.fund"), self._fund, 98),
                Column(say("months.amount"), lambda line: self._amount(line, line.entitlement.amount), 112, True),
                Column(say("months.used"), lambda line: self._amount(line, line.used), 106, True),
                Column(say("months.left"), lambda line: self._amount(line, line.left), 112, True),
                Column(say("months.until"), lambda line: f"{line.entitlement.expires_on:%d/%m/%Y}", 122),
                Column(say("months.state"), self._state, 166, icon=lambda line: self._icons[line.state]),
            )
        )
        self.view: Table[MonthLine] = Table(self.model, say("months.name"), row_height=46, choosable=False)

    def show_lines(self, lines: tuple[MonthLine, ...]) -> None:
        """Show a family's lines, oldest first."""
        self._catalogue = self._context.desk.till.replica.catalogue()
        self.model.show_rows(lines)

    def _fund(self, line: MonthLine) -> str:
        fund = self._catalogue.funds.get(line.entitlement.fund_id)
        return fund.name if fund else ""

    def _amount(self, line: MonthLine, value: int) -> str:
        return words.amount(line, value, self._catalogue)

    def _state(self, line: MonthLine) -> str:
        return self._context.say(f"months.{line.state.value}")
