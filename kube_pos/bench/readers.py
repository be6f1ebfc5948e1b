"""Reading cards: ours, pyzbar alone and zxing-cpp alone on the same seeded pictures, and false reads.

Single pictures by severity, kind of code and size; then moving sequences, where frames may add up; then the camera's
own threads over a film, for the preview's pace and the memory.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from kube_pos.bench.card_pictures import SEVERITIES, SIZES, Shot, draw
from kube_pos.bench.figures import Figures, percentile
from kube_pos.bench.film import measure_film
from kube_pos.devices.decoder import Decoder, load_decoder
from kube_pos.devices.line_memory import LineMemory
from kube_pos.devices.opencv import Picture
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.zbar import Zbar, load_zbar
from kube_pos.devices.zxing import Zxing, load_zxing
from kube_pos.errors import LibraryMissing
from kube_pos.ledger.cards import CardNumber, card_number, parse

_EACH = 12
"""Pictures of each severity, kind and size."""
_SEQUENCES = 18
_FRAMES = 15
"""Of a sequence: a second before a camera."""
_KINDS = (Symbology.CODE128, Symbology.QR)
Read = Callable[[Picture], list[str]]


def run(folder: Path) -> Figures:
    """Measure; writes one film into `folder`. Raises LibraryMissing where one of the libraries can't be loaded."""
    decoder, zxing, zbar = load_decoder(), load_zxing(), load_zbar()
    if zxing is None or zbar is None:
        raise LibraryMissing(library="libzbar0", package="sudo apt-get install libzbar0")
    return _pictures(decoder, zxing, zbar) | _sequences(decoder, zxing) | measure_film(folder)


def _pictures(decoder: Decoder, zxing: Zxing, zbar: Zbar) -> Figures:
    readers: dict[str, Read] = {
        "": lambda picture: [found.payload for found in decoder.decode(picture)],
        "_pyzbar": lambda picture: [found.payload for found in zbar.read(picture)],
        "_zxingcpp": lambda picture: [found.payload for found in zxing.read(picture, thorough=True)],
    }
    right: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    times: dict[str, list[float]] = {name: [] for name in readers}
    for shot in _shots():
        truth = _truth(shot.number)
        picture = draw(decoder.opencv, zxing, truth, shot)
        groups = ("", f".severity{shot.severity}", f".{shot.symbology}", f".{shot.symbology}.{shot.size[0]}")
        shown.update(groups)
        for name, read in readers.items():
            begun = time.perf_counter_ns()
            found = read(picture)
            times[name].append((time.perf_counter_ns() - begun) / 1e6)
            right.update(f"{name}{group}" for group in groups if truth in found)
            wrong[name] += any(text != truth for text in found)
    figures: Figures = {f"readers.rate{n}{group}": right[n + group] / shown[group] for group in shown for n in readers}
    for name in readers:
        figures[f"readers.false{name}"] = wrong[name]
        figures[f"readers.ms{name}.p50"] = percentile(times[name], 0.5)
        figures[f"readers.ms{name}.p95"] = percentile(times[name], 0.95)
    return figures


def _sequences(decoder: Decoder, zxing: Zxing) -> Figures:
    """Show a trembling card for a second, at the two hardest severities, to ours with and without its memory."""
    frames = 0
    read: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    wrong = 0
    for number in range(_SEQUENCES):
        truth = _truth(number + 5000)
        memory = LineMemory(decoder.opencv)
        done: set[str] = set()
        for frame in range(1, _FRAMES + 1):
            shot = Shot(number, Symbology.CODE128, SEVERITIES - number % 2, SIZES[0], frame)
            picture = draw(decoder.opencv, zxing, truth, shot)
            frames += 1
            one = {found.payload for found in decoder.decode(picture)}
            # As the camera does it: a sum over frames counts only when the number's own check holds.
            summed = {
                found.payload
                for found in decoder.decode(picture, memory)
                if not found.summed or isinstance(parse(found.payload), CardNumber)
            }
            library = {found.payload for found in zxing.read(picture, thorough=True)}
            wrong += bool((one | summed) - {truth})
            for name, found in (("alone", one), ("memory", summed), ("zxingcpp", library)):
                read[name] += truth in found
                if truth in found:
                    done.add(name)
        ended.update(done)
    figures: Figures = {"readers.sequence.false": wrong}
    for name in ("zxingcpp", "alone", "memory"):
        figures[f"readers.sequence.frames_{name}"] = read[name] / frames
        figures[f"readers.sequence.within_1s_{name}"] = ended[name] / _SEQUENCES
    return figures


def _shots() -> list[Shot]:
    return [
        Shot(number, kind, severity, size)
        for number in range(_EACH)
        for severity in range(1, SEVERITIES + 1)
        for kind in _KINDS
        for size in SIZES
    ]


def _truth(number: int) -> str:
    return card_number((number * 104_729 + 17) % 99_999_999).digits
