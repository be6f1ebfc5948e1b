"""The only home of zxing-cpp, the library that reads most codes fastest; it also draws codes for tests and the demo."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from kube_pos.devices.opencv import OpenCv, Picture
from kube_pos.devices.symbols import Box, Decoded, Symbology, is_plausible

_FORMATS = {
    Symbology.CODE128: "Code128",
    Symbology.QR: "QRCode",
    Symbology.EAN13: "EAN13",
    Symbology.EAN8: "EAN8",
    Symbology.UPCA: "UPCA",
}


class Zxing:
    """Reads and draws codes by zxing-cpp."""

    def __init__(self, module: ModuleType) -> None:
        """Take the loaded module."""
        self._module = module
        self._formats = tuple(getattr(module.BarcodeFormat, name) for name in _FORMATS.values())
        self._names = {getattr(module.BarcodeFormat, name).name: symbology for symbology, name in _FORMATS.items()} | {
            "QRCodeModel2": Symbology.QR,
            "QRCodeModel1": Symbology.QR,
        }

    def read(self, gray: Picture, *, thorough: bool) -> list[Decoded]:
        """Return the codes of a gray picture; `thorough` also tries other turns, sizes and light on dark."""
        results = self._module.read_barcodes(
            gray, formats=self._formats, try_rotate=thorough, try_downscale=thorough, try_invert=thorough
        )
        found: list[Decoded] = []
        for result in results:
            symbology = self._names.get(result.format.name)
            if symbology is not None and is_plausible(result.text, symbology):
                found.append(Decoded(result.text, symbology, _box(result.position)))
        return found

    def draw(self, opencv: OpenCv, payload: str, symbology: Symbology, module_px: int) -> Picture:
        """Return a code drawn with its quiet zones, black on white."""
        code = self._module.create_barcode(payload, getattr(self._module.BarcodeFormat, _FORMATS[symbology]))
        picture: Picture = opencv.numpy.array(code.to_image(scale=module_px), dtype=opencv.numpy.uint8)
        return picture


def qr_modules(payload: str) -> tuple[tuple[bool, ...], ...]:
    """Return the dark modules of a QR code, row by row, without a margin; nothing where zxing-cpp can't be loaded."""
    try:
        import zxingcpp  # noqa: PLC0415
    except ImportError:
        return ()
    code = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = code.to_image(scale=1, add_quiet_zones=False)
    rows: Any = memoryview(image).tolist()
    return tuple(tuple(value < 128 for value in row) for row in rows)


def load_zxing() -> Zxing | None:
    """Import zxing-cpp, or return None where it can't be loaded."""
    try:
        import zxingcpp  # noqa: PLC0415
    except ImportError:
        return None
    return Zxing(zxingcpp)


def _box(position: object) -> Box:
    corners = [getattr(position, name) for name in ("top_left", "top_right", "bottom_right", "bottom_left")]
    first, second, third, fourth = [(int(corner.x), int(corner.y)) for corner in corners]
    return (first, second, third, fourth)
