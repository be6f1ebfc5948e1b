"""How bad the world is: chances of everything that can go wrong, by name, so that a run can leave some out."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances from 0 to 1, of a message, a step or a day; all 0 is a world where nothing goes wrong."""

    lost: float = 0.06
    """A request, or its answer, that never arrives."""
    doubled: float = 0.06
    """A request that arrives twice."""
    delayed: float = 0.06
    """A copy of a request that arrives once more, later, between others."""
    truncated: float = 0.03
    """A request or answer that is cut off."""
    office: float = 0.03
    """The office fails on a request: before its commit, or after it and before the answer."""
    offline: float = 0.45
    """A till is without a network for a while."""
    crash: float = 0.01
    """The till's process dies before or after one of its commits."""
    clock: float = 0.01
    """A till's clock jumps, by minutes or days, forwards or back."""
    restore: float = 0.3
    """In a day, at one of the tills, an old copy of its journal is put back."""
    clone: float = 0.05
    """In a day, one till's files go on living twice, and nothing outside of them tells."""
    retire: float = 0.15
    """In a day, one till is lost, retired, and followed by another; later it may come back, or be freed."""
    officer: float = 0.02
    """In a step, the office blocks a card, changes an amount, moves a family, puts one on hold."""


KINDS = tuple(field.name for field in fields(Faults))
NONE = Faults(**dict.fromkeys(KINDS, 0.0))


def chosen(text: str) -> Faults:
    """Return the faults of a list of names: `all`, `none`, or `lost,crash,…`; raises ValueError for others."""
    if text == "all":
        return Faults()
    names = [name for name in text.split(",") if name not in {"", "none"}]
    unknown = set(names) - set(KINDS)
    if unknown:
        raise ValueError(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    usual = Faults()
    return replace(NONE, **{name: getattr(usual, name) for name in names})
