"""The plain controls that pages are made of: each with its look from the theme and a name for screen readers."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from kube_pos.ui.fonts import with_tabular_figures
from kube_pos.ui.icons import icon, picture
from kube_pos.ui.theme import Theme


class Button(QPushButton):
    """A button that Enter presses too. `kind` is its look in the style sheet."""

    def __init__(
        self, text: str, theme: Theme, *, kind: str = "plain", icon_name: str = "", hint: str = "", tall: bool = False
    ) -> None:
        """Make a button; `hint` names the key that does the same."""
        super().__init__()
        self._theme = theme
        self.setProperty("kind", kind)
        self.setProperty("tall", "true" if tall else "false")
        self.setAutoDefault(True)
        self.set_words(text, hint=hint)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._icon_name = icon_name
        if icon_name:
            self._paint_icon()

    def set_icon(self, name: str) -> None:
        """Show another icon."""
        self._icon_name = name
        self._paint_icon()

    def set_words(self, text: str, *, hint: str = "") -> None:
        """Change what the button says."""
        # A single «&» would underline the next letter.
        shown = text.replace("&", "&&")
        self.setText(f"{shown}  ({hint})" if hint else shown)
        self.setAccessibleName(text)

    def _paint_icon(self) -> None:
        colours = self._theme.colours
        kind = str(self.property("kind"))
        colour = {"primary": colours.on_accent, "danger": colours.on_bad, "rail": colours.on_rail}.get(
            kind, colours.ink
        )
        chosen = colours.on_rail_chosen if kind == "rail" else ""
        self.setIcon(icon(self._icon_name, colour, 24, off=colours.on_off, chosen=chosen))
        self.setIconSize(QSize(24, 24))


class IconLabel(QLabel):
    """An icon beside words that say the same."""

    def __init__(self, name: str, colour: str, size: int = 24) -> None:
        """Draw an icon."""
        super().__init__()
        self._size = size
        self.show_icon(name, colour)
        self.setFixedSize(size, size)

    def show_icon(self, name: str, colour: str) -> None:
        """Draw another icon."""
        self.setPixmap(picture(name, colour, self._size))


class ToneFrame(QFrame):
    """A framed area in the colour of a tone: good, bad, warn or info."""

    def __init__(self, tone: str) -> None:
        """Frame an area."""
        super().__init__()
        self.setProperty("tone", tone)

    def set_tone(self, tone: str) -> None:
        """Change the colour of the area."""
        self.setProperty("tone", tone)
        restyle(self)


def restyle(widget: QWidget) -> None:
    """Let the style sheet look at a widget and what is in it again, after a property changed."""
    for each in (widget, *widget.findChildren(QWidget)):
        each.style().unpolish(each)
        each.style().polish(each)


def card(surface: str = "card") -> QFrame:
    """Return an empty framed surface."""
    frame = QFrame()
    frame.setProperty("surface", surface)
    return frame


def rule() -> QFrame:
    """Return a thin line."""
    return card("rule")


def label(text: str, role: str = "body", *, wraps: bool = False, figures: bool = False) -> QLabel:
    """Return text in one of the roles of the style sheet; with `figures`, digits are of one width."""
    made = QLabel(text)
    made.setProperty("text_role", role)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wraps)
    if figures or role == "figure":
        with_tabular_figures(made)
    return made


def field(name: str, placeholder: str = "", *, secret: bool = False) -> QLineEdit:
    """Return a text field with the name that a screen reader says."""
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(placeholder)
    made.setInputMethodHints(Qt.InputMethodHint.ImhNoPredictiveText | Qt.InputMethodHint.ImhPreferLatin)
    if secret:
        made.setEchoMode(QLineEdit.EchoMode.Password)
    with_tabular_figures(made)
    return made


def choice(name: str) -> QComboBox:
    """Return a list to choose from whose rows are tall enough for a finger."""
    made = QComboBox()
    made.setAccessibleName(name)
    made.setView(QListView())
    return made


def named_field(name: str, edit: QWidget) -> QWidget:
    """Return a field with its name above it."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    caption = label(name, "small")
    caption.setBuddy(edit)
    column.addWidget(caption)
    column.addWidget(edit)
    return box


def scrolled(inner: QWidget) -> QScrollArea:
    """Return a frameless area that scrolls up and down."""
    area = QScrollArea()
    area.setWidget(inner)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
