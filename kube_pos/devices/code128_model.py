"""Reads Code 128 from a brightness profile by fitting it whole: which symbols, blurred, would look like this?

Libraries look for edges, and blur of more than a module leaves none between narrow bars. Here every symbol's blurred
picture is known beforehand; the likeliest row of symbols is found by dynamic programming (Viterbi), where what a
neighbour's blur spills over the border is part of the fit. A reading counts only when the symbols' own check holds,
the fit is close, and nothing else fits nearly as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kube_pos.devices.code128_table import (
    MODULES,
    STARTS,
    STOP,
    STOP_MODULES,
    SYMBOLS,
    dark_modules,
    is_checked,
    text_of,
)
from kube_pos.devices.opencv import OpenCv

PER_MODULE = 4
_WINDOW = MODULES * PER_MODULE
BLURS = (0.45, 0.7, 0.95, 1.2, 1.5)
"""Standard deviations of the blur that are tried, in modules."""
_IMPOSSIBLE = 1e6


@dataclass(frozen=True, slots=True)
class Fit:
    """The likeliest symbols of a profile."""

    symbols: tuple[int, ...]
    residual: float
    """The mean square of what the fit leaves over; dark and light are 1 apart."""
    margin: float
    """How much of the residual another symbol in the least certain place would add, in units of the residual."""

    @property
    def text(self) -> str | None:
        """Return the text when the symbols' own check holds and it is text, else None."""
        symbols = list(self.symbols)
        return text_of(symbols) if is_checked(symbols) else None


@dataclass(frozen=True, slots=True)
class _Templates:
    """What each symbol looks like in its own window, and what it spills into its neighbours'."""

    own: Any
    into_next: Any
    into_last: Any
    pair: Any
    """What two symbols after each other add to the square, whatever the picture: first by second."""
    pair_from: Any
    """The same, second by first."""
    own_square: Any
    stop: Any
    stop_extra: Any
    """What the stop adds to the square after each symbol, whatever the picture."""
    stop_into_last: Any


@dataclass(frozen=True, slots=True)
class _Parts:
    """What profiles and templates make together, for each place and symbol."""

    count: int
    alone: Any
    """The square that a symbol would leave in its own window."""
    spilt_on: Any
    """What it changes in the window after it."""
    spilt_back: Any
    """What the next symbol would change in this window, by that symbol."""
    last: Any
    """What the stop adds after each symbol."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What dynamic programming found, place by place, for each profile."""

    forward: list[Any]
    """The least cost up to each symbol."""
    back: list[Any]
    """The symbol before it on that way."""
    steps: list[Any]
    """The cost of each step from symbol to symbol."""
    last: Any
    """What the stop adds after each symbol."""


class Code128Model:
    """The blurred symbols, drawn once. Used on one thread at a time."""

    def __init__(self, opencv: OpenCv) -> None:
        """Draw and blur the symbols."""
        self._np = opencv.numpy
        self._templates = [self._make(blur) for blur in BLURS]

    def costs(self, profiles: Any, blur: int) -> Any:
        """Return the residual of the best row of symbols for each profile, whether or not its check holds."""
        made = self._templates[blur]
        parts = self._parts(profiles, made)
        cost = self._first_cost(parts)
        for place in range(1, parts.count):
            # Only the least cost is asked for here, not the way to it: the largest array is walked along its rows.
            on = cost + parts.spilt_on[:, place]
            cost = (on[:, None, :] + made.pair_from[None]).min(axis=2)
            cost += parts.spilt_back[:, place - 1] + parts.alone[:, place]
            cost[:, STARTS.start : STARTS.stop] = _IMPOSSIBLE
        return (cost + parts.last).min(axis=1) / profiles.shape[1]

    def fit(self, profile: Any, blur: int) -> Fit:
        """Return the likeliest symbols of one profile.

        A profile is the code alone, from its first bar to its last: darkness 0 to 1 at four samples a module.
        """
        np, made = self._np, self._templates[blur]
        run = self._forward(profile[None, :], made)
        forward = run.forward
        count = len(forward)
        symbols = [int(forward[-1][0].argmin())]
        for place in range(count - 1, 0, -1):
            symbols.append(int(run.back[place][0][symbols[-1]]))
        symbols.reverse()
        best = float(forward[-1][0].min())
        # What the best row through every other symbol in every place would cost: forward and backward together.
        behind = np.zeros(len(SYMBOLS), np.float32)
        margin = float("inf")
        for place in range(count - 1, -1, -1):
            through = forward[place][0] + behind
            through[symbols[place]] = _IMPOSSIBLE
            margin = min(margin, float(through.min()) - best)
            if place:
                behind = behind + (run.last[0] if place == count - 1 else 0)
                behind[STARTS.start : STARTS.stop] = _IMPOSSIBLE
                behind = (run.steps[place][0] + behind[None, :]).min(axis=1)
        residual = best / len(profile)
        return Fit(tuple(symbols), residual, margin / (residual * PER_MODULE + 1e-6))

    def _forward(self, profiles: Any, made: _Templates) -> _Run:
        np = self._np
        parts = self._parts(profiles, made)
        cost = self._first_cost(parts)
        forward, back, steps = [cost], [cost], [cost]
        for place in range(1, parts.count):
            onto = parts.spilt_back[:, place - 1] + parts.alone[:, place]
            step = made.pair[None] + parts.spilt_on[:, place, :, None] + onto[:, None]
            total = cost[:, :, None] + step
            back.append(total.argmin(axis=1))
            cost = np.take_along_axis(total, back[-1][:, None], axis=1)[:, 0]
            cost[:, STARTS.start : STARTS.stop] = _IMPOSSIBLE
            forward.append(cost)
            steps.append(step)
        forward[-1] = forward[-1] + parts.last
        return _Run(forward, back, steps, parts.last)

    def _first_cost(self, parts: _Parts) -> Any:
        cost = self._np.full(parts.alone[:, 0].shape, _IMPOSSIBLE, self._np.float32)
        cost[:, STARTS.start : STARTS.stop] = parts.alone[:, 0, STARTS.start : STARTS.stop]
        return cost

    def _parts(self, profiles: Any, made: _Templates) -> _Parts:
        count = (profiles.shape[1] - STOP_MODULES * PER_MODULE) // _WINDOW
        windows = profiles[:, : count * _WINDOW].reshape(len(profiles), count, _WINDOW)
        tail = profiles[:, count * _WINDOW :]
        last = ((tail - made.stop) ** 2).sum(axis=1)[:, None] + made.stop_extra
        last = last - 2 * tail[:, :_WINDOW] @ made.into_next.T
        return _Parts(
            count=count,
            alone=(windows**2).sum(axis=2, keepdims=True) - 2 * windows @ made.own.T + made.own_square,
            spilt_on=-2 * windows @ made.into_next.T,
            spilt_back=-2 * windows @ made.into_last.T,
            last=last - 2 * (windows[:, -1] @ made.stop_into_last)[:, None],
        )

    def _make(self, blur: float) -> _Templates:
        np = self._np
        taps = np.arange(-_WINDOW, _WINDOW + 1) / PER_MODULE
        kernel = np.exp(-(taps**2) / (2 * blur**2))
        kernel /= kernel.sum()

        def spread(widths: str) -> Any:
            return np.convolve(np.repeat(np.array(dark_modules(widths), float), PER_MODULE), kernel)

        drawn = np.array([spread(widths) for widths in SYMBOLS], np.float32)
        into_last, own, into_next = drawn[:, :_WINDOW], drawn[:, _WINDOW : 2 * _WINDOW], drawn[:, 2 * _WINDOW :]
        stop_drawn = spread(STOP).astype(np.float32)
        stop = stop_drawn[_WINDOW : _WINDOW + STOP_MODULES * PER_MODULE]
        stop_before = stop_drawn[:_WINDOW]
        next_square, last_square = (into_next**2).sum(axis=1), (into_last**2).sum(axis=1)
        pair = 2 * (into_next @ own.T + own @ into_last.T) + next_square[:, None] + last_square[None, :]
        return _Templates(
            own=own,
            into_next=into_next,
            into_last=into_last,
            pair=pair,
            pair_from=self._np.ascontiguousarray(pair.T),
            own_square=(own**2).sum(axis=1),
            stop=stop,
            stop_extra=2 * (into_next @ stop[:_WINDOW] + own @ stop_before) + next_square + (stop_before**2).sum(),
            stop_into_last=stop_before,
        )
