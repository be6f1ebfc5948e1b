"""Ways to a printer through the system: CUPS (`lp`), the Windows spooler, and USB without a driver.

The last two were written from manuals and error reports: no such printer and no Windows was at hand.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys

from kube_pos.devices.ports import PrinterError

_USB_CHUNK = 4096
_PRINTER_CLASS = 7


class LpTransport:
    """A printer queue of CUPS, given the bytes raw by the `lp` command."""

    def __init__(self, name: str, command: tuple[str, ...] = ("lp",), timeout_s: float = 30.0) -> None:
        """Keep the name of the queue."""
        self._arguments = [*command, "-d", name, "-o", "raw", "-s"]
        self._timeout_s = timeout_s

    def send(self, data: bytes) -> bool:
        """Hand the job to CUPS. Never confirmed: CUPS knows of the queue, not of the paper."""
        try:
            done = subprocess.run(  # noqa: S603 -- our own words and a queue's name, no shell
                self._arguments,
                input=data,
                timeout=self._timeout_s,
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except FileNotFoundError as cause:
            raise PrinterError("printer_no_cups", clean=True) from cause
        except subprocess.TimeoutExpired as cause:
            raise PrinterError("printer_stalled", clean=False) from cause
        except OSError as cause:
            raise PrinterError("printer_broke_off", clean=False) from cause
        if done.returncode != 0:
            # `lp` takes a job as a whole or not at all.
            raise PrinterError("printer_queue_refused", clean=True)
        return False


class _DocInfo(ctypes.Structure):
    """The structure DOC_INFO_1W of the Windows spooler."""

    _fields_ = (
        ("pDocName", ctypes.c_wchar_p),
        ("pOutputFile", ctypes.c_wchar_p),
        ("pDatatype", ctypes.c_wchar_p),
    )


class WindowsTransport:
    """A printer of the Windows spooler, given the bytes RAW."""

    def __init__(self, name: str) -> None:
        """Keep the printer's name as Windows shows it."""
        self._name = name

    def send(self, data: bytes) -> bool:
        """Hand the job to the spooler. Never confirmed."""
        _spool(self._name, data)
        return False


if sys.platform == "win32":

    def _spool(name: str, data: bytes) -> None:
        spooler = ctypes.WinDLL("winspool.drv")
        handle = ctypes.c_void_p()
        if not spooler.OpenPrinterW(name, ctypes.byref(handle), None):
            raise PrinterError("printer_not_found", clean=True)
        try:
            info = _DocInfo("kube-pos", None, "RAW")
            if not spooler.StartDocPrinterW(handle, 1, ctypes.byref(info)):
                raise PrinterError("printer_queue_refused", clean=True)
            written = ctypes.c_ulong()
            took = spooler.WritePrinter(handle, data, len(data), ctypes.byref(written))
            spooler.EndDocPrinter(handle)
            if not took or written.value != len(data):
                raise PrinterError("printer_broke_off", clean=written.value == 0)
        finally:
            spooler.ClosePrinter(handle)

else:

    def _spool(name: str, data: bytes) -> None:  # noqa: ARG001 -- the same words as on Windows
        raise PrinterError("printer_windows_only", clean=True)


class UsbTransport:
    """A USB printer without a driver in between, by its vendor and product number."""

    def __init__(self, vendor: int, product: int, timeout_s: float = 15.0, backend: object = None) -> None:
        """Keep the numbers; the endpoints are read from the device. `backend` is pyusb's, None for libusb."""
        self._backend = backend
        self._vendor = vendor
        self._product = product
        self._timeout_ms = int(timeout_s * 1000)  # the library counts milliseconds

    def send(self, data: bytes) -> bool:
        """Claim the printer, write all, release it. Never confirmed."""
        import usb.core  # noqa: PLC0415
        import usb.util  # noqa: PLC0415

        try:
            device = usb.core.find(idVendor=self._vendor, idProduct=self._product, backend=self._backend)
        except usb.core.NoBackendError as cause:
            raise PrinterError("printer_no_libusb", clean=True) from cause
        if device is None:
            raise PrinterError("printer_not_found", clean=True)
        written, begun = 0, False
        try:
            interface = usb.util.find_descriptor(
                device.get_active_configuration(), bInterfaceClass=_PRINTER_CLASS
            ) or next(iter(device.get_active_configuration()))
            number = interface.bInterfaceNumber
            if sys.platform != "win32" and device.is_kernel_driver_active(number):
                device.detach_kernel_driver(number)
            out = usb.util.find_descriptor(
                interface,
                custom_match=lambda end: usb.util.endpoint_direction(end.bEndpointAddress) == usb.util.ENDPOINT_OUT,
            )
            while written < len(data):
                begun = True
                written += out.write(data[written : written + _USB_CHUNK], self._timeout_ms)
        except (usb.core.USBError, NotImplementedError, AttributeError) as cause:
            denied = isinstance(cause, usb.core.USBError) and cause.errno == 13
            raise PrinterError("printer_denied" if denied else "printer_broke_off", clean=not begun) from cause
        finally:
            usb.util.dispose_resources(device)
        return False
