"""Turns a document into ESC/POS bytes. The only home of python-escpos, which is loaded late and only computes here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

from kube_pos.devices.conversation import Terms
from kube_pos.devices.document import Align, Cut, PrintDocument, QrCode, Text
from kube_pos.devices.plain_text import to_ascii
from kube_pos.devices.ports import Printed, PrinterError, PrintTerms
from kube_pos.devices.printer_models import PrinterModel
from kube_pos.devices.printer_talk import TROUBLES
from kube_pos.devices.transports import Transport
from kube_pos.devices.zxing import qr_modules
from kube_pos.errors import KubePosError

_STRIP_ROWS = 80
"""Rows of a picture per command: small buffers overflow above 100, and some firmware fails at multiples of 48."""
_RESET = b"\x1b@"
_SAFE_MODE = b"\x1b! "
_ASK_AGAIN_AFTER = 8
_QR_MODULE_DOTS = (6, 5, 4, 3)
_QR_QUIET_MODULES = 4


class LineTooLong(KubePosError):
    """A line of a document is wider than the paper. Facts: columns, length."""

    code = "line_too_long"


class CodeTooLarge(KubePosError):
    """A QR code holds more than the paper's width can show. Facts: dots, length."""

    code = "code_too_large"


class _Encoder(Protocol):
    """The part of the library's `Dummy` printer that is used."""

    output: bytes

    def hw(self, hw: str) -> None: ...

    def set(self, **kwargs: object) -> None: ...

    def textln(self, txt: str) -> None: ...

    def print_and_feed(self, n: int) -> None: ...

    def cut(self) -> None: ...

    def qr(self, content: str, **kwargs: object) -> None: ...

    def clear(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Library:
    printer: ModuleType
    capabilities: ModuleType
    qrcode: ModuleType
    image: ModuleType


def to_bytes(document: PrintDocument, model: PrinterModel, cache_folder: Path | None = None) -> bytes:
    """Return the bytes that print a document; raises LineTooLong and CodeTooLarge rather than spoil the layout.

    The library keeps its table of printers in `cache_folder`, a directory that only we can write.
    """
    library = _load(cache_folder)
    encoder = _encoder(library, model)
    # Each job starts from a known state, whatever the one before left half done.
    encoder.hw("INIT")
    parts: list[bytes] = []
    for block in document.blocks:
        if isinstance(block, Text):
            _text(encoder, block, min(document.columns, model.columns))
        elif isinstance(block, QrCode):
            parts.append(_qr(library, encoder, block, model))
        elif isinstance(block, Cut):
            _cut(encoder, model)
    return b"".join((*parts, encoder.output))


class EscposPrinter:
    """A `Printer`: encodes for a model and sends through a transport, and learns whether it talks back."""

    def __init__(self, transport: Transport, model: PrinterModel, cache_folder: Path | None = None) -> None:
        """Keep the transport and the model; nothing is loaded or opened yet."""
        self._transport = transport
        self._model = model
        self._cache_folder = cache_folder
        self._answers: bool | None = None
        """Whether it answers when asked for its state; None while that is not known."""
        self._knows_barrier = True
        self._looks = 0

    @property
    def columns(self) -> int:
        """Return the columns of font A."""
        return self._model.columns

    def print(self, document: PrintDocument, terms: PrintTerms) -> Printed:
        """Send a document to the end; raises PrinterError."""
        try:
            data = to_bytes(document, self._model, self._cache_folder)
        except KubePosError as error:
            raise PrinterError("printer_document", clean=True) from error
        if terms.after_break:
            data = clearing(self._model) + data
        asks = self._answers is not False
        # The answer that a broken job did not get may come yet, and would pass for this one's.
        barrier = self._knows_barrier and not terms.after_break
        order = Terms(asks, barrier, lines=len(document.blocks), goes_on=terms.goes_on)
        delivery = self._transport.send(data, order)
        self._answers = delivery.answered
        if delivery.barrier_ignored:
            self._knows_barrier = False
        return Printed(delivery.confirmed, delivery.warning)

    def look(self) -> str:
        """Find out whether a print would work now; return a warning's code. Raises PrinterError, clean."""
        self._looks += 1
        # One that was silent once may have been busy.
        asks = self._answers is not False or self._looks % _ASK_AGAIN_AFTER == 0
        try:
            seen = self._transport.look(asks=asks)
        except PrinterError as error:
            self._answers = True if error.detail in TROUBLES else None
            raise
        if asks:
            self._answers = seen.answered
        return seen.warning


def clearing(model: PrinterModel) -> bytes:
    """Return the bytes that end what a job left half done in a printer: a line, or a picture that waits for its rest.

    A printer in the middle of a picture takes the next bytes for dots. So a command without effect comes first, as
    often as a strip has room for; what is left of one is printable and is dropped by the reset.
    """
    strip = _SAFE_MODE * (model.dots // 8 * _STRIP_ROWS // len(_SAFE_MODE) + 1)
    cut = b"\x1dV\x00" if model.has_cutter else b""
    return _RESET + strip + _RESET + b"\n" * model.feed_lines + cut


def _load(cache_folder: Path | None) -> _Library:
    if cache_folder is not None:
        cache_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Read once, at the library's import; without it every start of the till leaves a table in the temporary folder.
        os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"] = str(cache_folder)
    import qrcode  # type: ignore[import-untyped]  # noqa: PLC0415
    from escpos import capabilities, printer  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    return _Library(printer, capabilities, qrcode, Image)


def _encoder(library: _Library, model: PrinterModel) -> _Encoder:
    features = {"paperFullCut": model.has_cutter, "qrCode": model.native_qr}
    profile = library.capabilities.Profile(columns=model.columns, features=features)
    # With the width known the library checks it, and does not print a warning on standard output.
    profile.profile_data = {**profile.profile_data, "media": {"width": {"pixels": model.dots}}, "features": features}
    # Changing code pages as it goes prints other letters on printers that number them otherwise.
    encoder: _Encoder = library.printer.Dummy(
        profile=profile, magic_encode_args={"disabled": True, "encoding": "CP437"}
    )
    return encoder


def _text(encoder: _Encoder, block: Text, columns: int) -> None:
    width = columns // 2 if block.double else columns
    text = to_ascii(block.text).rstrip()
    if len(text) > width:
        raise LineTooLong(columns=width, length=len(text))
    if block.align is Align.CENTER:
        text = text.center(width).rstrip()
    if block.double:
        encoder.set(double_width=True, double_height=True)
    if block.bold:
        encoder.set(bold=True)
    encoder.textln(text)
    if block.bold:
        encoder.set(bold=False)
    if block.double:
        encoder.set(normal_textsize=True)


def _cut(encoder: _Encoder, model: PrinterModel) -> None:
    if model.has_cutter:
        encoder.cut()
    else:
        encoder.print_and_feed(model.feed_lines)


def _qr(library: _Library, encoder: _Encoder, block: QrCode, model: PrinterModel) -> bytes:
    """Return the bytes of all so far with the code, or none when the code stays with the encoder."""
    if model.native_qr:
        encoder.set(align="center")
        encoder.qr(block.payload, native=True, size=6, ec=1)
        encoder.set(align="left")
        return b""
    rows = _modules(library, block.payload)
    size = next((dots for dots in _QR_MODULE_DOTS if len(rows) * dots <= model.dots), None)
    if size is None:
        raise CodeTooLarge(dots=model.dots, length=len(block.payload))
    # The library converts a picture pixel by pixel, for longer than all the rest takes; text before it goes first.
    before = encoder.output
    encoder.clear()
    return before + _strips(library, rows, size, model.dots)


def _modules(library: _Library, payload: str) -> list[list[bool]]:
    """Return a QR code row by row, dark as True, with its quiet zone."""
    inner: Sequence[Sequence[bool]] = qr_modules(payload)
    if not inner:
        code = library.qrcode.QRCode(border=0, error_correction=library.qrcode.ERROR_CORRECT_M, mask_pattern=0)
        code.add_data(payload)
        inner = code.get_matrix()
    quiet = [False] * _QR_QUIET_MODULES
    white = [[False] * (len(inner) + 2 * _QR_QUIET_MODULES)] * _QR_QUIET_MODULES
    return [*white, *([*quiet, *row, *quiet] for row in inner), *white]


def _strips(library: _Library, rows: list[list[bool]], size: int, dots: int) -> bytes:
    """Return GS v 0 commands that draw a code in the middle of the paper, in strips that all firmware takes."""
    side = len(rows) * size
    small = library.image.new("1", (len(rows), len(rows)), 0)
    small.putdata([1 if dark else 0 for row in rows for dark in row])
    height = side + (8 - side % 24) % 24
    last = height % _STRIP_ROWS
    if last and last % 48 == 0:
        height += 8
    wide = dots // 8
    picture = library.image.new("1", (wide * 8, height), 0)
    picture.paste(small.resize((side, side)), ((dots - side) // 2, 0))
    data: bytes = picture.tobytes()
    strips = []
    for top in range(0, height, _STRIP_ROWS):
        high = min(_STRIP_ROWS, height - top)
        head = b"\x1dv0\x00" + wide.to_bytes(2, "little") + high.to_bytes(2, "little")
        strips.append(head + data[top * wide : (top + high) * wide])
    return b"".join(strips)
