"""Finds the reading of a strip of bars that edges alone do not give: tries lengths, ends, leans and blurs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from kube_pos.devices.bar_profile import BarProfile, profile_of
from kube_pos.devices.code128_model import BLURS, PER_MODULE, Code128Model, Fit
from kube_pos.devices.code128_table import MODULES, STOP_MODULES
from kube_pos.devices.line_memory import LineMemory
from kube_pos.devices.opencv import OpenCv, Picture

_LIKELY = (9, 10)
"""Symbols of a card's fourteen digits and of a sixteen-digit number, with start and check."""
_SHORTEST, _LONGEST = 6, 20
_LEANS = 13
_LEAN = 0.1
"""How uneven perspective makes the modules, at most: the share by which the middle is moved, times four."""
_BENDS = 11
_BEND = 0.1
_FIRST_BLUR = 2
_HOPELESS = 0.06
_ALREADY_CLOSE = 0.025
_CLOSE_ENOUGH = 0.045
_CERTAIN = 6.0


@dataclass(frozen=True, slots=True)
class BarReading:
    """A text, and whether one picture alone gave it."""

    text: str
    summed: bool


@dataclass(frozen=True, slots=True)
class _Guess:
    """Where a code may lie on a profile, and how blurred it may be."""

    symbols: int
    turned: bool
    begin: float
    end: float
    lean: float = 0.0
    bend: float = 0.0
    blur: int = _FIRST_BLUR
    residual: float = 1.0


class BarReader:
    """Reads Code 128 from strips that the libraries could not read. Used on one thread at a time."""

    def __init__(self, opencv: OpenCv) -> None:
        """Draw the model's symbols."""
        self._opencv = opencv
        self._model = Code128Model(opencv)

    def read(self, strip: Picture, memory: LineMemory | None = None) -> BarReading | None:
        """Return the text of a strip that lies straight, or None when no reading is certain.

        With a memory, what earlier frames showed of the same code is added up.
        """
        profile = profile_of(self._opencv, strip)
        if profile is None:
            return None
        seen = (profile.edges - 8) // 6
        likely = [count for count in _LIKELY if count >= seen]
        others = [count for count in range(max(seen, _SHORTEST), min(seen + 4, _LONGEST) + 1) if count not in likely]
        for counts in (likely, others):
            guess = self._find(profile, counts)
            if guess is None:
                continue
            line = self._samples(profile, guess)
            text = _certain(self._model.fit(line, guess.blur))
            if text:
                return BarReading(text, summed=False)
            summed = memory.add(line) if memory is not None and counts is likely else None
            text = None if summed is None else self._read_sum(summed)
            if text:
                return BarReading(text, summed=True)
            if guess.residual < _ALREADY_CLOSE:
                return None  # another length will not fit better: the picture is too poor
        return None

    def _read_sum(self, line: Any) -> str | None:
        fits = [self._model.fit(line, blur) for blur in range(len(BLURS))]
        return _certain(min(fits, key=lambda fit: fit.residual))

    def _find(self, profile: BarProfile, counts: list[int]) -> _Guess | None:
        """Return the guess that fits closest, whatever it reads; None when nothing comes near."""
        first = [guess for count in counts for guess in self._first(profile, count)]
        near = [guess for guess in sorted(first, key=_residual)[:2] if guess.residual < _HOPELESS]
        if not near:
            return None
        closer = [self._closer(profile, self._best_blur(profile, guess), 0.4, 0.005, 1) for guess in near]
        best = self._best_blur(profile, self._bent(profile, min(closer, key=_residual)))
        best = self._closer(profile, best, 0.25, 0.005, 0)
        return self._closer(profile, best, 0.1, 0.0025, 1)

    def _first(self, profile: BarProfile, count: int) -> list[_Guess]:
        leans = [float(lean) for lean in self._opencv.numpy.linspace(-_LEAN, _LEAN, _LEANS)]
        guesses = [
            _Guess(count, turned, begin, end, lean)
            for begin, end in profile.spans
            for turned in (False, True)
            for lean in leans
        ]
        return self._judged(profile, guesses, _FIRST_BLUR)

    def _bent(self, profile: BarProfile, guess: _Guess) -> _Guess:
        """Return the best guess for a card that is not flat: modules narrow towards both ends, or wide."""
        bends = [float(bend) for bend in self._opencv.numpy.linspace(-_BEND, _BEND, _BENDS)]
        around = [replace(guess, bend=bend, lean=guess.lean + more) for bend in bends for more in (-0.01, 0, 0.01)]
        return min(self._judged(profile, around, guess.blur), key=_residual)

    def _best_blur(self, profile: BarProfile, guess: _Guess) -> _Guess:
        return min((self._judged(profile, [guess], blur)[0] for blur in range(len(BLURS))), key=_residual)

    def _closer(self, profile: BarProfile, guess: _Guess, step: float, lean: float, blurs: int) -> _Guess:
        """Return the best guess in the neighbourhood of one; `step` is in modules, `blurs` in places of the table.

        Ends and blur hang together: a sharper picture looks like a blurred one that is a little wider.
        """
        module = (guess.end - guess.begin) / _modules(guess.symbols)
        around = [
            replace(
                guess,
                begin=guess.begin + first * step * module,
                end=guess.end + last * step * module,
                lean=guess.lean + more * lean,
            )
            for first, last, more in product((-1, 0, 1), repeat=3)
        ]
        tried = range(max(0, guess.blur - blurs), min(len(BLURS) - 1, guess.blur + blurs) + 1)
        return min((each for blur in tried for each in self._judged(profile, around, blur)), key=_residual)

    def _judged(self, profile: BarProfile, guesses: list[_Guess], blur: int) -> list[_Guess]:
        samples = self._opencv.numpy.stack([self._samples(profile, guess) for guess in guesses])
        residuals = self._model.costs(samples, blur)
        return [
            replace(each, blur=blur, residual=float(residual))
            for residual, each in zip(residuals, guesses, strict=True)
        ]

    def _samples(self, profile: BarProfile, guess: _Guess) -> Any:
        np = self._opencv.numpy
        count = _modules(guess.symbols) * PER_MODULE
        along = (np.arange(count) + 0.5) / count
        along = along + along * (1 - along) * (guess.lean + guess.bend * (1 - 2 * along))
        places = guess.begin + (guess.end - guess.begin) * along - 0.5
        line = np.interp(places, np.arange(len(profile.darkness)), profile.darkness).astype(np.float32)
        return line[::-1].copy() if guess.turned else line


def _modules(symbols: int) -> int:
    return symbols * MODULES + STOP_MODULES


def _residual(guess: _Guess) -> float:
    return guess.residual


def _certain(fit: Fit) -> str | None:
    return fit.text if fit.residual < _CLOSE_ENOUGH and fit.margin > _CERTAIN else None
