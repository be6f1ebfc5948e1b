"""Finds printers that are plugged in or known to the system, and tells what a computer needs to let us use them."""

from __future__ import annotations

import sys
from pathlib import Path

from kube_pos.devices.ports import FoundPrinter
from kube_pos.devices.serial_port import list_ports_by_name
from kube_pos.devices.transport_usb import find_usb_printers
from kube_pos.devices.transports_system import find_queues

_NODES = Path("/dev/usb")


def find_printers() -> tuple[FoundPrinter, ...]:
    """Return what may be a printer, the best way to each first. Takes seconds; never fails."""
    queues, usb, serial = find_queues(), find_usb_printers(), _serial()
    if sys.platform == "win32":
        # Direct USB would need another driver, which takes the printer away from Windows.
        return (*queues, *serial, *usb)
    return (*usb, *_nodes(), *serial, *queues)


def _nodes() -> list[FoundPrinter]:
    return [FoundPrinter("node", f"file:{path}", path.name) for path in sorted(_NODES.glob("lp*"))]


def _serial() -> list[FoundPrinter]:
    return [FoundPrinter("serial", f"serial:{path}", name) for path, name in list_ports_by_name()]


def udev_rule(spec: str) -> str:
    """Return the line that lets this computer's users print on a USB printer; empty for any other kind."""
    kind, _, numbers = spec.partition(":")
    vendor, _, product = numbers.partition(":")
    if kind != "usb" or not (vendor and product):
        return ""
    return (
        f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor.lower()}", ATTR{{idProduct}}=="{product.lower()}", '
        'MODE="0660", GROUP="lp", TAG+="uaccess"'
    )
