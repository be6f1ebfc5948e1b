"""What a printer that talks back says: its state when asked, and that it came to the end of a job. Pure.

A printer's bytes come unasked, late and mixed: automatic status (ASB), flow control, answers to the question before.
Each kind has fixed bits, and only a byte with the bits of an answer, to a question that is open, is one.
"""

from __future__ import annotations

BARRIER = b"\x1dr\x01"
"""GS r 1 is carried out in its turn: its answer says that all before it was printed."""
QUESTIONS = (1, 2, 4)
"""DLE EOT: state, why it is off line, paper. Carried out at once, whatever waits in the printer."""

TROUBLES = frozenset({"printer_cover_open", "printer_paper_out", "printer_error", "printer_offline"})
"""What a printer says of itself that keeps it from printing."""
PAPER_LOW = "printer_paper_low"

QUESTION_START = b"\x10"
_AUTOMATIC_BYTES = 4


def question(number: int) -> bytes:
    """Return the bytes that ask for a state at once."""
    return bytes((0x10, 0x04, number))


class AnswerSorter:
    """Tells apart what comes back from a printer, in whatever pieces it comes."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.states: list[int] = []
        """Answers to DLE EOT, in order."""
        self.barriers: list[int] = []
        """Answers to GS r, in order."""
        self._automatic_left = 0

    def feed(self, data: bytes) -> None:
        """Take bytes in as they come."""
        for byte in data:
            self._take(byte)

    def _take(self, byte: int) -> None:
        if self._automatic_left and not byte & 0x90:
            self._automatic_left -= 1
            return
        self._automatic_left = 0
        if byte & 0x93 == 0x12:
            self.states.append(byte)
        elif byte & 0x93 == 0x10:
            # Automatic status: this byte and three more, of which each would pass for an answer to GS r.
            self._automatic_left = _AUTOMATIC_BYTES - 1
        elif not byte & 0xF0:
            self.barriers.append(byte)


def trouble_of(states: tuple[int, int, int]) -> str:
    """Return the code of what keeps a printer from printing, by its answers to QUESTIONS; empty when nothing does."""
    state, cause, paper = states
    if cause & 0x04:
        return "printer_cover_open"
    if paper & 0x60 or cause & 0x20:
        return "printer_paper_out"
    if cause & 0x40:
        return "printer_error"
    return "printer_offline" if state & 0x08 else ""


def warning_of(states: tuple[int, int, int]) -> str:
    """Return the code of what will soon stop a printer; empty when nothing will."""
    return PAPER_LOW if states[2] & 0x0C else ""
