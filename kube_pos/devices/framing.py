"""Cuts the bytes of a serial scanner into codes. Pure: the caller gives the bytes and the time.

Scanners end a code by CR, LF, both, Tab or ETX, some begin it with STX, and a cable cuts it into fragments anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

_STX = 0x02
_ENDS = frozenset({0x03, 0x09, 0x0A, 0x0D})
_GROUP_SEPARATOR = 0x1D
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class FramingSettings:
    """The bounds of a code on the line."""

    max_length: int = 512
    min_unended: int = 4
    """A code that ends by silence alone has at least so many characters; less is noise of the plug."""
    idle_ms: int = 150


class Framer:
    """Collects bytes until a code is complete. Used on one thread."""

    def __init__(self, settings: FramingSettings | None = None) -> None:
        """Start with an empty line."""
        self._settings = settings or FramingSettings()
        self._bytes = bytearray()
        self._needs_end = False
        self._too_long = False
        self._last_ms = 0

    def feed(self, data: bytes, now_ms: int) -> list[str]:
        """Take bytes and return the codes that they complete; what is damaged or too long is dropped."""
        frames = self.expire(now_ms)
        for byte in data:
            if byte == _STX:
                self.reset()
                self._needs_end = True
            elif byte in _ENDS:
                frames += self._end()
            elif byte:
                self._add(byte)
        self._last_ms = now_ms
        return frames

    def expire(self, now_ms: int) -> list[str]:
        """Return the code that silence completed, if any; half a frame that began with STX is dropped."""
        if not (self._bytes or self._needs_end or self._too_long):
            return []
        if now_ms - self._last_ms < self._settings.idle_ms:
            return []
        if self._needs_end or len(self._bytes) < self._settings.min_unended:
            self.reset()
            return []
        return self._end()

    def reset(self) -> None:
        """Forget the fragment at hand (the line was lost)."""
        self._bytes.clear()
        self._needs_end = False
        self._too_long = False

    def _add(self, byte: int) -> None:
        if len(self._bytes) >= self._settings.max_length:
            self._too_long = True
        else:
            self._bytes.append(byte)

    def _end(self) -> list[str]:
        frame = bytes(self._bytes).replace(_BYTE_ORDER_MARK, b"")
        usable = not self._too_long and not any(byte < 0x20 and byte != _GROUP_SEPARATOR for byte in frame)
        self.reset()
        if not usable:
            return []
        try:
            text = frame.decode("utf-8").strip(" ")
        except UnicodeDecodeError:
            return []
        return [text] if text and text.replace("\x1d", "").isprintable() else []
