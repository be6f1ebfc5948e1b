"""Builds the devices that the settings name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kube_pos.clock import Clock
from kube_pos.devices.camera import CameraCallbacks, CameraReader, CameraSettings
from kube_pos.devices.capture import CaptureSettings
from kube_pos.devices.document import WIDTHS, PrintDocument
from kube_pos.devices.escpos_printer import EscposPrinter
from kube_pos.devices.evidence import nothing_checks_itself
from kube_pos.devices.ports import Printer, Reader
from kube_pos.devices.printer_models import MODELS, PrinterModel, find_model, model_for, model_names
from kube_pos.devices.screen_printer import ScreenPrinter
from kube_pos.devices.serial_scanner import SerialScanner, SerialScannerSettings
from kube_pos.devices.transport_usb import UsbTransport
from kube_pos.devices.transports import FileTransport, NetworkTransport, SerialTransport, Transport
from kube_pos.devices.transports_system import LpTransport, WindowsTransport
from kube_pos.errors import KubePosError

_PRINTER_FORMS = (
    "screen, network:HOST:PORT, file:PATH, serial:PATH, serial:PATH@BAUD, usb:VID:PID, lp:NAME, windows:NAME"
)


FORM_WRONG = "printer_form"
"""The detail of a printer that can't even be tried, since nobody understands what it is called."""


class DeviceSettingWrong(KubePosError):
    """A device setting holds a value that is not allowed. Facts: field, value, allowed."""

    code = "device_setting_wrong"


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """Which devices the till has, as text in the settings file."""

    scanner_port: str | None = None
    """A serial port, or `VID:PID` or `VID:PID:SERIAL`; None for a keyboard-wedge scanner or none."""
    camera: str | None = None
    """A camera's number, or the path of a video file."""
    printer: str = "screen"
    columns: int = 32
    model: str = ""
    """A name of `printer_models.MODELS`; empty for the usual one of the width."""


@dataclass(frozen=True, slots=True)
class DeviceContext:
    """What devices need of the program: its clock, its callbacks, a private folder, and what is known of codes."""

    clock: Clock
    callbacks: CameraCallbacks
    on_document: Callable[[PrintDocument], None]
    cache_folder: Path
    is_self_checking: Callable[[str], bool] = nothing_checks_itself


def build_readers(settings: DeviceSettings, context: DeviceContext) -> list[Reader]:
    """Return the readers that the settings name; raises DeviceSettingWrong."""
    readers: list[Reader] = []
    callbacks = context.callbacks
    if settings.scanner_port is not None:
        if not settings.scanner_port.strip():
            raise _wrong("scanner_port", settings.scanner_port, "/dev/ttyACM0, COM3, VID:PID, VID:PID:SERIAL")
        scanner = SerialScannerSettings(settings.scanner_port)
        readers.append(SerialScanner(scanner, callbacks.on_scan, callbacks.on_status, context.clock))
    if settings.camera is not None:
        if not settings.camera.strip():
            raise _wrong("camera", settings.camera, "0, 1, 2, PATH")
        camera = CameraSettings(CaptureSettings(settings.camera))
        readers.append(CameraReader(camera, callbacks, context.clock, context.is_self_checking))
    return readers


def build_printer(settings: DeviceSettings, context: DeviceContext) -> Printer:
    """Return the printer that the settings name; raises DeviceSettingWrong."""
    model = _model(settings)
    if settings.printer == "screen":
        return ScreenPrinter(model.columns, context.on_document)
    return EscposPrinter(_transport(settings.printer), model, context.cache_folder)


def trial_printer(settings: DeviceSettings, context: DeviceContext) -> Printer:
    """Return a printer whose width is not known yet, for the test page; raises DeviceSettingWrong.

    Lines may be as long as any paper's, so that it shows where they break; pictures are as narrow as the narrowest.
    """
    if settings.printer == "screen":
        return build_printer(settings, context)
    usual = _model(settings)
    narrowest = min(model.dots for model in MODELS)
    return EscposPrinter(
        _transport(settings.printer), replace(usual, columns=max(WIDTHS), dots=narrowest), context.cache_folder
    )


def _model(settings: DeviceSettings) -> PrinterModel:
    usual = model_for(settings.columns)
    if usual is None:
        raise _wrong("columns", str(settings.columns), ", ".join(str(width) for width in WIDTHS))
    if not settings.model:
        return usual
    model = find_model(settings.model)
    if model is None:
        raise _wrong("model", settings.model, ", ".join(model_names()))
    if model.columns != settings.columns:
        raise _wrong("columns", str(settings.columns), str(model.columns))
    return model


def _transport(printer: str) -> Transport:
    kind, _, rest = printer.partition(":")
    makers: dict[str, Callable[[str], Transport | None]] = {
        "network": _network,
        "file": lambda path: FileTransport(Path(path)),
        "serial": _serial,
        "usb": _usb,
        "lp": LpTransport,
        "windows": WindowsTransport,
    }
    transport = makers[kind](rest) if rest and kind in makers else None
    if transport is None:
        raise _wrong("printer", printer, _PRINTER_FORMS)
    return transport


def _network(rest: str) -> Transport | None:
    host, _, port = rest.rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 65536):
        return None
    return NetworkTransport(host.strip("[]"), int(port))


def _serial(rest: str) -> Transport | None:
    path, at, baud = rest.rpartition("@")
    if not at:
        return SerialTransport(rest)
    return SerialTransport(path, int(baud)) if path and baud.isdecimal() and int(baud) > 0 else None


def _usb(rest: str) -> Transport | None:
    ids = re.fullmatch(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})", rest)
    return None if ids is None else UsbTransport(int(ids[1], 16), int(ids[2], 16))


def _wrong(field: str, value: str, allowed: str) -> DeviceSettingWrong:
    return DeviceSettingWrong(field=field, value=value, allowed=allowed)
