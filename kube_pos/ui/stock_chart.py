"""A chart of days: what lay on the shelf at the end of each as a line, what went out as bars. Labels in words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kube_pos.ledger.quantity import format_quantity
from kube_pos.operations.stock_card import DayOfStock
from kube_pos.ui.context import Context

_LEFT, _RIGHT, _TOP, _BOTTOM = 96, 16, 34, 26
_MOST_LABELS = 10


class StockChart(QWidget):
    """Draws with the theme's colours; a screen reader hears the newest day."""

    def __init__(self, context: Context, title: str) -> None:
        """Begin without days."""
        super().__init__()
        self._context = context
        self._title = title
        self._days: Sequence[DayOfStock] = ()
        self._unit = ""
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return room for a chart that can be read."""
        return QSize(600, 190)

    def show_days(self, days: Sequence[DayOfStock], unit: str) -> None:
        """Show other days."""
        self._days, self._unit = days, unit
        if days:
            self.setAccessibleDescription(format_quantity(days[-1].closing, unit))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, bars and line."""
        del event
        colours = self._context.theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(colours.ink))
        painter.drawText(QRectF(0, 0, self.width() - 300, 26), int(Qt.AlignmentFlag.AlignVCenter), self._title)
        self._legend(painter)
        area = QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)
        if self._days:
            self._plot(painter, area)
        else:
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), self._context.say("stock_card.nothing"))
        painter.end()

    def _legend(self, painter: QPainter) -> None:
        say, colours = self._context.say, self._context.theme.colours
        right = self.width() - 290
        painter.fillRect(QRectF(right, 9, 16, 10), QColor(colours.on_off))
        painter.drawText(QRectF(right + 22, 0, 90, 26), int(Qt.AlignmentFlag.AlignVCenter), say("stock_card.chart_out"))
        painter.fillRect(QRectF(right + 120, 12, 18, 4), QColor(colours.accent))
        painter.drawText(
            QRectF(right + 144, 0, 150, 26), int(Qt.AlignmentFlag.AlignVCenter), say("stock_card.chart_stock")
        )

    def _plot(self, painter: QPainter, area: QRectF) -> None:
        colours = self._context.theme.colours
        top = max(1, *(max(day.closing, day.opening, day.went) for day in self._days))
        painter.setPen(QPen(QColor(colours.line), 1))
        for share in (0, 1, 2):
            height = area.bottom() - area.height() * share / 2
            painter.drawLine(QPointF(area.left(), height), QPointF(area.right(), height))
        painter.setPen(QColor(colours.ink))
        for share in (0, 1, 2):
            height = area.bottom() - area.height() * share / 2
            words = format_quantity(top * share // 2 // 1000 * 1000, self._unit)
            painter.drawText(
                QRectF(0, height - 10, _LEFT - 8, 20), int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                words,
            )  # fmt: skip
        step = area.width() / len(self._days)
        every = -(-len(self._days) // _MOST_LABELS)
        points = []
        for place, day in enumerate(self._days):
            left = area.left() + step * place
            bar = area.height() * day.went / top
            painter.fillRect(
                QRectF(left + step * 0.2, area.bottom() - bar, min(step * 0.6, 40), bar), QColor(colours.on_off)
            )
            points.append(QPointF(left + step / 2, area.bottom() - area.height() * day.closing / top))
            if place % every == 0:
                where = QRectF(left - 20, area.bottom() + 2, step + 40, 22)
                painter.drawText(where, int(Qt.AlignmentFlag.AlignHCenter), f"{day.day:%d/%m}")
        painter.setPen(QPen(QColor(colours.accent), 3))
        painter.drawPolyline(points)
        painter.setBrush(QColor(colours.accent))
        for point in points:
            painter.drawEllipse(point, 3, 3)
