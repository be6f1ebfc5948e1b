"""The only home of pyserial: finds a port, opens it, and turns all its ways to fail into OSError."""

from __future__ import annotations

import errno
import re
import sys
from contextlib import suppress

import serial
from serial.tools import list_ports

if sys.platform != "win32":
    from termios import error as _terminal_error
else:
    _terminal_error = OSError

_BY_USB_ID = re.compile(r"^([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?$")


class PortNotFound(OSError):
    """No port of that name, or no USB device with that number, is plugged in."""


class SerialLine:
    """An open port. Every failure is an OSError; closing never fails."""

    def __init__(self, path: str, baud: int, read_timeout_s: float, write_timeout_s: float = 5.0) -> None:
        """Open a port by its path; raises OSError."""
        try:
            self._port = serial.Serial(
                path,
                baudrate=baud,
                timeout=read_timeout_s,
                write_timeout=write_timeout_s,
                # One owner: a second till or a modem manager else takes half of the characters.
                exclusive=True if sys.platform != "win32" else None,
            )
        except (_terminal_error, ValueError) as cause:
            raise OSError(errno.EIO, str(cause)) from cause

    def read_some(self) -> bytes:
        """Return what is there, after waiting at most the time-out for the first byte; raises OSError when lost."""
        try:
            first = self._port.read(1)
            if not first:
                return b""
            return bytes(first) + bytes(self._port.read(self._port.in_waiting))
        except (_terminal_error, TypeError) as cause:
            raise OSError(errno.EIO, str(cause)) from cause

    def write_some(self, data: bytes) -> int:
        """Write and return how many bytes the port took; raises OSError, also after the write time-out."""
        try:
            return int(self._port.write(data) or 0)
        except (_terminal_error, TypeError) as cause:
            raise OSError(errno.EIO, str(cause)) from cause

    def unsent(self) -> int:
        """Return how many bytes still wait in the computer; 0 where the port can't tell."""
        try:
            return int(self._port.out_waiting)
        except (_terminal_error, TypeError) as cause:
            raise OSError(errno.EIO, str(cause)) from cause

    def close(self, *, discard: bool = False) -> None:
        """Close the port; an unplugged one complains, which is of no use to anyone.

        `discard` throws away what still waits to be sent, so that closing does not wait for it; without it nothing
        may be thrown away, for what the system counts as sent can still lie in the adapter.
        """
        if discard:
            with suppress(OSError, _terminal_error, TypeError):
                self._port.reset_output_buffer()
        with suppress(OSError, _terminal_error, TypeError):
            self._port.close()


def list_ports_by_name() -> list[tuple[str, str]]:
    """Return the path of each serial port that is plugged in, and what the system calls it; none when it can't tell."""
    try:
        ports = sorted(list_ports.comports(), key=lambda port: port.device)
    except (OSError, AttributeError):
        return []
    return [(str(port.device), "" if port.description in {None, "n/a"} else str(port.description)) for port in ports]


def usb_spec(path: str) -> str:
    """Return `VID:PID:SERIAL` or `VID:PID` of the USB device behind a path, which outlive a plug; else the path."""
    try:
        found = next((port for port in list_ports.comports() if port.device == path), None)
    except (OSError, AttributeError):
        found = None
    if found is None or found.vid is None or found.pid is None:
        return path
    return f"{found.vid:04X}:{found.pid:04X}" + (f":{found.serial_number}" if found.serial_number else "")


def find_port(spec: str) -> str:
    """Return the path for a path, or for `VID:PID` or `VID:PID:SERIAL`; raises PortNotFound."""
    wanted = _BY_USB_ID.match(spec)
    if wanted is None:
        return spec
    vendor, product = int(wanted[1], 16), int(wanted[2], 16)
    try:
        ports = sorted(list_ports.comports(), key=lambda port: port.device)
    except (OSError, AttributeError) as cause:
        raise PortNotFound(errno.ENOENT, "ports can't be listed") from cause
    for port in ports:
        if (port.vid, port.pid) == (vendor, product) and wanted[3] in {None, port.serial_number}:
            return str(port.device)
    raise PortNotFound(errno.ENOENT, "not plugged in")
