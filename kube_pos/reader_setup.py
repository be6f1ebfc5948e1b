"""Setting up scanners and the camera while the till runs: what is found, learnt and chosen, kept in the settings.

Part of the composition root. Whatever can take seconds runs on a thread of its own and answers by callback.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import msgspec

from kube_pos.devices.camera_names import FoundCamera, find_cameras
from kube_pos.devices.code128_table import bars_of
from kube_pos.devices.ports import KEYBOARD_SCANNER
from kube_pos.devices.registry import DeviceContext, DeviceSettings, DeviceSettingWrong, build_readers
from kube_pos.devices.serial_port import list_ports_by_name, usb_spec
from kube_pos.devices.supervisor import Supervisor
from kube_pos.devices.wedge import Key, WedgeSettings
from kube_pos.devices.wedge_calibration import TEST_CODE, Calibration, CalibrationFault, learn
from kube_pos.errors import KubePosError
from kube_pos.printing import Printing
from kube_pos.settings import Settings

Learnt = Calibration | CalibrationFault


class KeyTap(Protocol):
    """The place where a scanner's keys come by: `ui/wedge_filter.py`."""

    def record(self, on_recorded: Callable[[tuple[Key, ...]], None] | None) -> None:
        """Give the keys of the next scan to a callback; None: no more."""
        ...

    def use(self, settings: WedgeSettings) -> None:
        """Go by other settings."""
        ...


class ReaderSetup:
    """The readers as their wizards need them."""

    def __init__(self, supervisor: Supervisor, context: DeviceContext, printing: Printing) -> None:
        """Read the settings as they are; nothing is opened here."""
        self._supervisor = supervisor
        self._context = context
        self._printing = printing
        self._tap: KeyTap | None = None
        self._busy = threading.Lock()

    @property
    def test_code(self) -> str:
        """Return the code whose scan teaches a scanner."""
        return TEST_CODE

    @property
    def test_bars(self) -> tuple[bool, ...]:
        """Return the test code's bars as Code 128, module by module."""
        return bars_of(TEST_CODE)

    @property
    def scanner_port(self) -> str:
        """Return the serial scanner that is chosen; empty for one that types."""
        return self._printing.settings.scanner_port

    @property
    def camera(self) -> str:
        """Return the camera that is chosen; empty for none."""
        return self._printing.settings.camera

    def attach(self, tap: KeyTap) -> None:
        """Hear a scanner's keys there, and let it go by what was learnt before. On the main thread."""
        self._tap = tap
        tap.use(learnt_settings(self._printing.settings))

    def learn(self, said: Callable[[Learnt], None]) -> None:
        """Learn from the next scan of the test code; `said` is called on the main thread."""
        if self._tap is not None:
            self._tap.record(lambda keys: said(learn(keys)))

    def stop_learning(self) -> None:
        """Wait for no test scan any more."""
        if self._tap is not None:
            self._tap.record(None)

    def use_learnt(self, calibration: Calibration, said: Callable[[KubePosError | None], None]) -> None:
        """Go by what was learnt from now on, and keep it. The scanner is one that types from now on."""
        if self._tap is not None:
            self._tap.use(calibration.settings)
        kept = msgspec.json.encode(calibration.settings).decode()

        def change(settings: Settings) -> Settings:
            return msgspec.structs.replace(settings, scanner_keys=kept, scanner_port="")

        self._in_background(lambda: said(self._change(change)))

    def serial_ports(self, said: Callable[[tuple[tuple[str, str], ...]], None]) -> None:
        """Look for serial ports; `said` gets what the settings keep of each, and its name, on another thread."""
        self._in_background(lambda: said(tuple((usb_spec(path), name or path) for path, name in list_ports_by_name())))

    def choose_serial(self, port: str, said: Callable[[KubePosError | None], None]) -> None:
        """Take a serial scanner into use; an empty port: only one that types."""
        self._in_background(lambda: said(self._change(lambda old: msgspec.structs.replace(old, scanner_port=port))))

    def cameras(self, said: Callable[[tuple[FoundCamera, ...]], None]) -> None:
        """Look for cameras; `said` is called on another thread."""
        self._in_background(lambda: said(find_cameras()))

    def choose_camera(self, spec: str, said: Callable[[KubePosError | None], None]) -> None:
        """Take a camera into use; empty: none."""
        self._in_background(lambda: said(self._change(lambda old: msgspec.structs.replace(old, camera=spec))))

    def tell_keyboard(self) -> None:
        """Tell the lamp of a scanner that types: there is nothing to open, it is ready whenever the window is."""
        if not self.scanner_port:
            self._supervisor.told(KEYBOARD_SCANNER)

    def _change(self, change: Callable[[Settings], Settings]) -> KubePosError | None:
        with self._busy:
            before = self._printing.settings
            try:
                readers = build_readers(reader_settings(change(before)), self._context)
            except DeviceSettingWrong as wrong:
                return wrong
            failed = self._printing.keep(change)
            if failed is not None:
                return failed
            self._supervisor.take_readers(readers)
            self.tell_keyboard()
        return None

    def _in_background(self, act: Callable[[], None]) -> None:
        threading.Thread(target=act, name="reader-set-up", daemon=True).start()


def reader_settings(settings: Settings) -> DeviceSettings:
    """Return the readers' part of the settings."""
    return DeviceSettings(scanner_port=settings.scanner_port or None, camera=settings.camera or None)


def learnt_settings(settings: Settings) -> WedgeSettings:
    """Return what was learnt of the scanner that types; the usual when nothing was, or when it can't be read."""
    try:
        return msgspec.json.decode(settings.scanner_keys or "{}", type=WedgeSettings)
    except msgspec.DecodeError:
        return WedgeSettings()
