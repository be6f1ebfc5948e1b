"""A USB printer without a driver in between. The only home of pyusb.

Tried with a bus of our own, not with a device: none was at hand.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from types import ModuleType
from typing import Any

from kube_pos.devices.conversation import Patience, Wire
from kube_pos.devices.ports import FoundPrinter, PrinterError
from kube_pos.devices.printer_talk import QUESTION_START
from kube_pos.devices.transports import WireTransport

_PRINTER_CLASS = 7
_READ = 64
_NOT_ALLOWED = 13


class UsbTransport(WireTransport):
    """A printer by its vendor and product number."""

    def __init__(self, vendor: int, product: int, patience: Patience | None = None, backend: object = None) -> None:
        """Keep the numbers; the endpoints are read from the device. `backend` is pyusb's, None for libusb."""
        super().__init__(patience)
        self._backend = backend
        self._vendor = vendor
        self._product = product

    def _open(self) -> Wire:
        core, util = _load()
        try:
            device = core.find(idVendor=self._vendor, idProduct=self._product, backend=self._backend)
        except core.NoBackendError as cause:
            raise PrinterError("printer_no_libusb", clean=True) from cause
        if device is None:
            raise PrinterError("printer_not_found", clean=True)
        try:
            return _claim(core, util, device, self._patience.write_s)
        except (core.USBError, NotImplementedError) as cause:
            util.dispose_resources(device)
            denied = isinstance(cause, core.USBError) and cause.errno == _NOT_ALLOWED
            raise PrinterError("printer_denied" if denied else "printer_busy", clean=True) from cause


def find_usb_printers(backend: object = None) -> list[FoundPrinter]:
    """Return the USB devices that say that they are printers; none without libusb."""
    core, util = _load()
    found = []
    try:
        for device in core.find(find_all=True, backend=backend):
            if _is_printer(core, util, device):
                name = _name(core, device)
                found.append(FoundPrinter("usb", f"usb:{device.idVendor:04x}:{device.idProduct:04x}", name))
    except (core.NoBackendError, core.USBError):
        return found
    return found


def _load() -> tuple[ModuleType, ModuleType]:
    import usb.core  # noqa: PLC0415
    import usb.util  # noqa: PLC0415

    return usb.core, usb.util


def _is_printer(core: ModuleType, util: ModuleType, device: Any) -> bool:
    if device.bDeviceClass == _PRINTER_CLASS:
        return True
    with suppress(core.USBError, NotImplementedError):
        return any(
            util.find_descriptor(configuration, bInterfaceClass=_PRINTER_CLASS) is not None for configuration in device
        )
    return False


def _name(core: ModuleType, device: Any) -> str:
    # Reading the names needs the right to open the device; without it the numbers must do.
    try:
        return " ".join(filter(None, (device.manufacturer, device.product)))
    except (core.USBError, ValueError, NotImplementedError):
        return ""


def _claim(core: ModuleType, util: ModuleType, device: Any, write_s: float) -> Wire:
    configuration = device.get_active_configuration()
    interface = util.find_descriptor(configuration, bInterfaceClass=_PRINTER_CLASS) or next(iter(configuration))
    number = interface.bInterfaceNumber
    if sys.platform != "win32" and device.is_kernel_driver_active(number):
        device.detach_kernel_driver(number)

    def end(direction: int) -> Any:
        return util.find_descriptor(
            interface, custom_match=lambda found: util.endpoint_direction(found.bEndpointAddress) == direction
        )

    out, back = end(util.ENDPOINT_OUT), end(util.ENDPOINT_IN)
    if out is None:
        raise NotImplementedError
    util.claim_interface(device, number)
    return _UsbWire(core, util, device, (out, back), write_s)


class _UsbWire:
    counts = False

    def __init__(self, core: ModuleType, util: ModuleType, device: Any, ends: tuple[Any, Any], write_s: float) -> None:
        self._write_s = write_s
        self._core, self._util, self._device = core, util, device
        self._out, self._back = ends
        self.hears = self._back is not None

    def write_some(self, data: bytes, wait_s: float) -> int:
        # A transfer that is broken off after a short wait can lose bytes: a piece of a job is given all the time.
        seconds = wait_s if data[:1] == QUESTION_START else self._write_s
        try:
            return int(self._out.write(data, _milliseconds(seconds)))
        except self._core.USBTimeoutError:
            # The library tells of a part that left; this was none.
            return 0
        except self._core.USBError as cause:
            raise OSError(cause.errno or 5, "usb") from cause

    def read_some(self, wait_s: float) -> bytes | None:
        try:
            return bytes(self._back.read(_READ, _milliseconds(wait_s)))
        except self._core.USBError as cause:
            if isinstance(cause, self._core.USBTimeoutError):
                return b""
            raise OSError(cause.errno or 5, "usb") from cause

    def unsent(self) -> int:
        return 0

    def finish(self) -> bool:
        return False

    def part(self, wait_s: float) -> None:
        """A USB printer needs no farewell."""

    def close(self, *, discard: bool) -> bool:
        del discard  # what left the computer has left it
        with suppress(self._core.USBError):
            self._util.dispose_resources(self._device)
        return False


def _milliseconds(seconds: float) -> int:
    # The library counts milliseconds, and takes 0 for ever.
    return max(1, int(seconds * 1000))
