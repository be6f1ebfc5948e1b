"""The page that a technician prints to see what a printer does: how wide its paper is, its letters, a picture, the cut.

Pure. It is laid out for the widest paper, so that on a narrower one its lines break where that one ends.
"""

from __future__ import annotations

from kube_pos.devices.document import WIDTHS, Align, Block, Cut, PrintDocument, QrCode, Text
from kube_pos.texts import Texts

_WIDEST = max(WIDTHS)
_NARROWEST = min(WIDTHS)
_LETTERS = "".join(chr(code) for code in range(0x21, 0x7F))


def trial_page(texts: Texts, terminal: str, at_ms: int) -> PrintDocument:
    """Return the page; its words fit on every paper, only its rulers don't."""
    blocks: list[Block] = [
        Text(texts.say("trial.title"), bold=True),
        Text(f"{terminal} {texts.moment(at_ms)}"),
        Text("-" * _NARROWEST),
        *_words(texts.say("trial.ruler")),
        *ruler(),
        Text("-" * _NARROWEST),
        *_words(texts.say("trial.letters")),
        *(Text(_LETTERS[start : start + _NARROWEST]) for start in range(0, len(_LETTERS), _NARROWEST)),
        Text(texts.say("trial.bold"), bold=True),
        Text(texts.say("trial.double"), double=True),
        Text("-" * _NARROWEST),
        *_words(texts.say("trial.code")),
        QrCode(f"KUBE-POS {terminal} {texts.moment(at_ms)}"),
        Text(texts.say("trial.end"), Align.LEFT),
        Cut(),
    ]
    return PrintDocument(_WIDEST, tuple(blocks))


def ruler() -> tuple[Text, ...]:
    """Return the columns 1 to 48 by number, and below a line for each width that just fits on it."""
    tens = "".join(f"{column:>10}" for column in range(10, _WIDEST + 1, 10))
    ones = "".join(str(column % 10) for column in range(1, _WIDEST + 1))
    fitting = (Text(f"{width} ".ljust(width - 1, "=") + "]") for width in WIDTHS)
    return (Text(tens), Text(ones), *fitting)


def _words(sentence: str) -> list[Text]:
    lines, line = [], ""
    for word in sentence.split():
        if len(line) + len(word) + 1 > _NARROWEST:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [Text(each) for each in (*lines, line)]
