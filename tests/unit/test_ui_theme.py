"""The look holds what it promises: contrast, sizes, a style sheet without gaps."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from kube_pos.ui.theme import HIGH_CONTRAST, LIGHT, Theme, contrast, style_sheet

BOTH = pytest.mark.parametrize("theme", [LIGHT, HIGH_CONTRAST], ids=lambda theme: theme.name)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == pytest.approx(1)


@BOTH
def test_every_text_can_be_read_on_its_background(theme: Theme) -> None:
    pairs = theme.colours.pairs()
    weak = {name: round(contrast(text, ground), 2) for name, text, ground in pairs if contrast(text, ground) < 4.5}
    assert len(pairs) > 15
    assert weak == {}


@BOTH
def test_the_focus_stands_out_from_what_is_around_it(theme: Theme) -> None:
    colours = theme.colours
    for ground in (colours.ground, colours.surface, colours.sunken):
        assert contrast(colours.focus, ground) >= 3
    for ground in (colours.rail, colours.accent):
        assert contrast(colours.rail_focus, ground) >= 3


@BOTH
def test_nothing_is_too_small(theme: Theme) -> None:
    sizes = theme.sizes
    assert min(sizes.small, sizes.body, sizes.large) >= 15
    assert sizes.decision >= 32
    assert sizes.target >= 48


@BOTH
def test_the_style_sheet_has_every_token_filled_in(theme: Theme) -> None:
    sheet = style_sheet(theme)
    assert "$" not in sheet
    assert theme.colours.accent in sheet


@BOTH
def test_no_text_of_the_style_sheet_is_below_fifteen_pixels(theme: Theme) -> None:
    sizes = [int(found) for found in re.findall(r"font-size: (\d+)px", style_sheet(theme))]
    assert sizes
    assert min(sizes) >= 15


def test_the_style_sheet_takes_every_colour_from_the_tokens() -> None:
    source = (resources.files("kube_pos.ui") / "assets" / "style.qss").read_text(encoding="utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![-\w])", re.sub(r"#(page|rail|foot|demo|decision)\b", "", source)) == []
