"""The field above the goods: part of a name, `3*` before it for a quantity, or a code typed by hand. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kube_pos.ledger.quantity import Thousandths, parse_quantity

CODE_LENGTH = 8
"""From so many digits on, what was typed is a code and no name."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What was typed: a quantity (None: one step), and what to look for."""

    quantity: Thousandths | None
    text: str

    @property
    def is_code(self) -> bool:
        """Tell whether a code was typed rather than a name."""
        digits = self.text.replace(" ", "")
        return digits.isdigit() and len(digits) >= CODE_LENGTH


def sought(typed: str) -> Sought:
    """Return what was typed, its quantity prefix taken off: «3*telur» is three of what is called telur."""
    before, star, after = typed.replace("×", "*").partition("*")
    if not star:
        return Sought(None, typed.strip())
    return Sought(parse_quantity(before), after.strip())
