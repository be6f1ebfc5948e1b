"""The only home of pyzbar: the last resort and a witness independent of zxing-cpp."""

from __future__ import annotations

from types import ModuleType

from kube_pos.devices.opencv import Picture
from kube_pos.devices.symbols import Decoded, Symbology, is_plausible

_NAMES = {"CODE128": Symbology.CODE128, "QRCODE": Symbology.QR, "EAN13": Symbology.EAN13, "EAN8": Symbology.EAN8}


class Zbar:
    """Reads codes by pyzbar."""

    def __init__(self, module: ModuleType) -> None:
        """Take the loaded module `pyzbar.pyzbar`."""
        self._module = module
        # The kinds are named, else the library asserts about kinds that it only half knows, on standard error.
        self._symbols = [getattr(module.ZBarSymbol, name) for name in _NAMES]

    def read(self, gray: Picture) -> list[Decoded]:
        """Return the codes of a gray picture."""
        found: list[Decoded] = []
        for result in self._module.decode(gray, symbols=self._symbols):
            symbology = _NAMES.get(result.type)
            payload = result.data.decode("utf-8", errors="replace")
            if symbology is None or "\ufffd" in payload or not is_plausible(payload, symbology):
                continue
            left, top, width, height = result.rect
            right, bottom = left + width, top + height
            found.append(Decoded(payload, symbology, ((left, top), (right, top), (right, bottom), (left, bottom))))
        return found


def load_zbar() -> Zbar | None:
    """Import pyzbar, or return None when the system library libzbar is not there."""
    try:
        from pyzbar import pyzbar  # noqa: PLC0415
    except (ImportError, OSError):
        return None
    return Zbar(pyzbar)
