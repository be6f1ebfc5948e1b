"""A strict interpreter of ESC/POS: what a roll of paper would show after some bytes.

It knows only the commands that a till of ours may send, each with the arguments that it may have. Anything else raises
NotEscPos, and so does a line that the paper is too narrow for, or a picture that is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import zxingcpp

_STATE_QUESTIONS = (1, 2, 4)
_LEAST_QUIET_DOTS = 4


class NotEscPos(AssertionError):
    """A byte that no printer of ours is to be sent, and where it stands."""


@dataclass(frozen=True)
class Line:
    """One printed line and its looks."""

    text: str
    bold: bool = False
    double: bool = False


@dataclass
class Roll:
    """What came out: lines, codes read from the picture they were drawn as, cuts, feeds; and what is half done."""

    lines: list[Line] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    cuts: int = 0
    fed: int = 0
    resets: int = 0
    questions: int = 0
    is_open: bool = False
    """A line or a command waits for its rest."""
    order: list[str] = field(default_factory=list)
    """What came after what: `line`, `picture`, `cut`."""

    def text(self) -> str:
        """Return the lines as one text."""
        return "\n".join(line.text for line in self.lines) + "\n"


class _Interpreter:
    def __init__(self, data: bytes, columns: int, dots: int) -> None:
        self._data = data
        self._place = 0
        self._columns = columns
        self._dots = dots
        self._roll = Roll()
        self._line = ""
        self._bold = self._double = False
        self._line_looks: tuple[bool, bool] | None = None
        self._strips: list[np.ndarray] = []

    def run(self) -> Roll:
        while self._place < len(self._data):
            begun = self._place
            try:
                self._step()
            except IndexError:
                self._place = begun
                break
        self._end_picture()
        self._roll.is_open = self._place < len(self._data) or bool(self._line)
        return self._roll

    def _step(self) -> None:
        byte = self._take()
        if byte == 0x0A:
            self._end_line()
        elif byte == 0x1B:
            self._escape(self._take())
        elif byte == 0x1D:
            self._group(self._take())
        elif byte == 0x10:
            self._expect(self._take() == 4 and self._take() in _STATE_QUESTIONS, "DLE")
            self._roll.questions += 1
        else:
            self._expect(0x20 <= byte < 0x7F, f"byte {byte:#04x}")
            self._end_picture()
            self._print(chr(byte))

    def _escape(self, command: int) -> None:
        if command == 0x40:
            # Drops what lies in the line's buffer, as printers do.
            self._line, self._line_looks, self._bold, self._double = "", None, False, False
            self._roll.resets += 1
        elif command == 0x21:
            looks = self._take()
            self._expect(not looks & ~0x38, f"ESC ! {looks:#04x}")
            self._bold, self._double = bool(looks & 8), looks & 0x30 == 0x30
        elif command == 0x45:
            self._bold = self._one_of(0, 1) == 1
        elif command == 0x61:
            self._one_of(0, 1)
        elif command == 0x64:
            self._expect(not self._line, "a feed within a line")
            self._end_picture()
            self._roll.fed += self._take()
        elif command == 0x74:
            self._one_of(0)
        else:
            self._expect(False, f"ESC {command:#04x}")

    def _group(self, command: int) -> None:
        if command == 0x56:
            self._one_of(0, 1, 48, 49)
            self._expect(not self._line, "a cut through a line")
            self._end_picture()
            self._roll.cuts += 1
            self._roll.order.append("cut")
        elif command == 0x72:
            self._one_of(1)
            self._roll.questions += 1
        elif command == 0x76:
            self._picture()
        else:
            self._expect(False, f"GS {command:#04x}")

    def _picture(self) -> None:
        self._expect(not self._line, "a picture within a line")
        self._expect(self._take() == 0x30, "GS v")
        self._one_of(0)
        wide, high = self._short(), self._short()
        self._expect(0 < wide * 8 <= self._dots, f"a picture of {wide * 8} dots on paper of {self._dots}")
        self._expect(0 < high <= 100, f"a strip of {high} rows")
        self._expect(high % 48 != 0, f"a strip of {high} rows, at which some printers fail")
        rows = bytes(self._take() for _ in range(wide * high))
        dark = np.unpackbits(np.frombuffer(rows, np.uint8).reshape(high, wide), axis=1)
        if self._strips and self._strips[-1].shape[1] != dark.shape[1]:
            self._end_picture()
        self._strips.append(dark)

    def _end_picture(self) -> None:
        if not self._strips:
            return
        dark, self._strips = np.vstack(self._strips), []
        paper = np.zeros((dark.shape[0] + 2 * _LEAST_QUIET_DOTS, self._dots), np.uint8)
        paper[_LEAST_QUIET_DOTS:-_LEAST_QUIET_DOTS, : dark.shape[1]] = dark
        found = zxingcpp.read_barcodes(np.ascontiguousarray(255 - paper * 255), formats=zxingcpp.BarcodeFormat.QRCode)
        self._roll.codes.extend(code.text for code in found)
        self._roll.order.append("picture")
        if not found:
            self._roll.codes.append("")

    def _print(self, character: str) -> None:
        if self._line_looks is None:
            self._line_looks = (self._bold, self._double)
        self._expect(self._line_looks == (self._bold, self._double), "a change of looks within a line")
        self._line += character
        room = self._columns // 2 if self._double else self._columns
        self._expect(len(self._line) <= room, f"a line of more than {room} characters")

    def _end_line(self) -> None:
        self._end_picture()
        bold, double = self._line_looks or (self._bold, self._double)
        self._roll.lines.append(Line(self._line, bold, double))
        self._roll.order.append("line")
        self._line, self._line_looks = "", None

    def _take(self) -> int:
        byte = self._data[self._place]
        self._place += 1
        return byte

    def _short(self) -> int:
        return self._take() + 256 * self._take()

    def _one_of(self, *allowed: int) -> int:
        value = self._take()
        self._expect(value in allowed, f"argument {value}")
        return value

    def _expect(self, holds: bool, what: str) -> None:  # noqa: FBT001
        if not holds:
            raise NotEscPos(f"{what} at {self._place}")


def run(data: bytes, columns: int, dots: int) -> Roll:
    """Return what a printer of so many columns and dots prints; a picture without a readable code gives code «»."""
    return _Interpreter(data, columns, dots).run()
