"""The design tokens: colours and sizes as frozen values, and the style sheet made from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from string import Template


@dataclass(frozen=True, slots=True)
class Colours:
    """One palette; every `on_…` colour is the text that stands on the colour of that name."""

    ground: str
    surface: str
    sunken: str
    line: str
    line_strong: str
    ink: str
    ink_soft: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_soft: str
    on_accent_soft: str
    good_soft: str
    on_good_soft: str
    bad: str
    bad_hover: str
    on_bad: str
    bad_soft: str
    on_bad_soft: str
    warn_soft: str
    on_warn_soft: str
    info_soft: str
    on_info_soft: str
    rail: str
    rail_hover: str
    on_rail: str
    rail_chosen: str
    on_rail_chosen: str
    off: str
    on_off: str
    demo: str
    on_demo: str
    focus: str
    rail_focus: str

    def pairs(self) -> tuple[tuple[str, str, str], ...]:
        """Return every pair of text and background that the style sheet brings together: name, text, background."""
        plain = [
            ("ink on ground", self.ink, self.ground),
            ("ink on surface", self.ink, self.surface),
            ("ink on sunken", self.ink, self.sunken),
            ("soft ink on ground", self.ink_soft, self.ground),
            ("soft ink on surface", self.ink_soft, self.surface),
            ("soft ink on sunken", self.ink_soft, self.sunken),
            ("accent hover", self.on_accent, self.accent_hover),
            ("bad hover", self.on_bad, self.bad_hover),
            ("rail hover", self.on_rail, self.rail_hover),
        ]
        values = asdict(self)
        named = [(name, values[f"on_{name}"], value) for name, value in values.items() if f"on_{name}" in values]
        return (*plain, *named)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes in pixels at 100 %: text never below 15, a decision never below 32, targets never below 48."""

    small: int = 15
    body: int = 16
    large: int = 19
    title: int = 24
    name: int = 27
    decision: int = 34
    hero: int = 46
    target: int = 48
    radius: int = 10


@dataclass(frozen=True, slots=True)
class Theme:
    """A look of the window."""

    name: str
    colours: Colours
    sizes: Sizes = Sizes()


LIGHT = Theme(
    "light",
    Colours(
        ground="#eef2f1",
        surface="#ffffff",
        sunken="#f5f8f7",
        line="#d3dcd9",
        line_strong="#7d8f89",
        ink="#13211d",
        ink_soft="#45554f",
        accent="#0a5c4a",
        accent_hover="#084a3c",
        on_accent="#ffffff",
        accent_soft="#dcefe9",
        on_accent_soft="#0a4639",
        good_soft="#daf1e1",
        on_good_soft="#0b4a28",
        bad="#a3231c",
        bad_hover="#861a14",
        on_bad="#ffffff",
        bad_soft="#fbe4e1",
        on_bad_soft="#7d1812",
        warn_soft="#fff0cc",
        on_warn_soft="#5c3d00",
        info_soft="#e0ecfa",
        on_info_soft="#133f73",
        rail="#0d2f28",
        rail_hover="#174a3f",
        on_rail="#e3f1ed",
        rail_chosen="#ffffff",
        on_rail_chosen="#0a4639",
        off="#e1e7e5",
        on_off="#55635e",
        demo="#ffc31f",
        on_demo="#231a00",
        focus="#1457d9",
        rail_focus="#ffd75e",
    ),
)

HIGH_CONTRAST = Theme(
    "high_contrast",
    Colours(
        ground="#ffffff",
        surface="#ffffff",
        sunken="#ffffff",
        line="#000000",
        line_strong="#000000",
        ink="#000000",
        ink_soft="#000000",
        accent="#00332a",
        accent_hover="#000000",
        on_accent="#ffffff",
        accent_soft="#ffffff",
        on_accent_soft="#00332a",
        good_soft="#ffffff",
        on_good_soft="#003d16",
        bad="#7a0600",
        bad_hover="#000000",
        on_bad="#ffffff",
        bad_soft="#ffffff",
        on_bad_soft="#7a0600",
        warn_soft="#ffffff",
        on_warn_soft="#4a3000",
        info_soft="#ffffff",
        on_info_soft="#00265c",
        rail="#000000",
        rail_hover="#2b2b2b",
        on_rail="#ffffff",
        rail_chosen="#ffffff",
        on_rail_chosen="#000000",
        off="#ffffff",
        on_off="#4d4d4d",
        demo="#ffc31f",
        on_demo="#000000",
        focus="#0037ff",
        rail_focus="#ffe600",
    ),
)

THEMES = {theme.name: theme for theme in (LIGHT, HIGH_CONTRAST)}


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours by WCAG 2: 1 (none) to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def style_sheet(theme: Theme) -> str:
    """Return the style sheet of a theme."""
    template = (resources.files("kube_pos.ui") / "assets" / "style.qss").read_text(encoding="utf-8")
    sizes = {f"size_{name}": value for name, value in asdict(theme.sizes).items()}
    icons = resources.files("kube_pos.ui") / "assets" / "icons"
    pictures = {f"icon_{name}": Path(str(icons / f"{name}.svg")).as_posix() for name in ("chevron", "tick")}
    return Template(template).substitute(asdict(theme.colours), **sizes, **pictures)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
