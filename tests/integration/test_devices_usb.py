"""USB printers over pyusb with a hand-written bus: odd endpoints, a driver in the way, a pulled cable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import usb.core
from usb.backend import IBackend

from kube_pos.devices.ports import PrinterError
from kube_pos.devices.transports_system import UsbTransport

JOB = b"\x1b@" + b"Struk\n" * 2000


@dataclass
class Bus(IBackend):
    """One printer with its bulk endpoints at 0x03 and 0x85, not where the usual ones have them."""

    paper: bytearray = field(default_factory=bytearray)
    driver_holds: bool = True
    claimed: list[int] = field(default_factory=list)
    denied: bool = False
    pulled_after: int | None = None
    timeouts: list[int] = field(default_factory=list)

    def enumerate_devices(self) -> Iterator[object]:
        yield "printer"

    def get_device_descriptor(self, dev: object) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=0x0416, idProduct=0x5011, bcdDevice=0x100, iManufacturer=0, iProduct=0,
            iSerialNumber=0, bNumConfigurations=1, address=1, bus=1, port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: object, config: int) -> SimpleNamespace:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0x80, bMaxPower=50, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: object, intf: int, alt: int, config: int) -> SimpleNamespace:
        if intf or alt:
            raise IndexError(intf)
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=2, bInterfaceClass=7,
            bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: object, ep: int, intf: int, alt: int, config: int) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(0x85, 0x03)[ep], bmAttributes=2, wMaxPacketSize=64,
            bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev: object) -> object:
        if self.denied:
            raise usb.core.USBError("Access denied", -3, 13)
        return dev

    def close_device(self, dev_handle: object) -> None:
        assert dev_handle == "printer"

    def get_configuration(self, dev_handle: object) -> int:
        return 1

    def set_interface_altsetting(self, dev_handle: object, intf: int, altsetting: int) -> None:
        assert (intf, altsetting) == (0, 0)

    def is_kernel_driver_active(self, dev_handle: object, intf: int) -> bool:
        return self.driver_holds

    def detach_kernel_driver(self, dev_handle: object, intf: int) -> None:
        self.driver_holds = False

    def claim_interface(self, dev_handle: object, intf: int) -> None:
        if self.driver_holds:
            raise usb.core.USBError("Resource busy", -6, 16)
        self.claimed.append(intf)

    def release_interface(self, dev_handle: object, intf: int) -> None:
        self.claimed.remove(intf)

    def bulk_write(self, dev_handle: object, ep: int, intf: int, data: bytes, timeout: int) -> int:
        assert (ep, intf) == (0x03, 0)
        self.timeouts.append(timeout)
        if self.pulled_after is not None and len(self.paper) >= self.pulled_after:
            raise usb.core.USBError("No such device", -4, 19)
        took = bytes(data)[:3000]
        self.paper.extend(took)
        return len(took)


def test_a_job_goes_to_the_endpoint_that_the_printer_names_and_the_printer_is_released() -> None:
    bus = Bus()
    assert UsbTransport(0x0416, 0x5011, backend=bus).send(JOB) is False
    assert bytes(bus.paper) == JOB
    assert set(bus.timeouts) == {15_000}
    assert bus.claimed == []


def test_a_cable_pulled_half_way_is_not_clean() -> None:
    bus = Bus(pulled_after=3000)
    with pytest.raises(PrinterError) as caught:
        UsbTransport(0x0416, 0x5011, backend=bus).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_broke_off", False)
    assert bus.claimed == []


def test_a_printer_that_may_not_be_opened_is_denied_and_clean() -> None:
    with pytest.raises(PrinterError) as caught:
        UsbTransport(0x0416, 0x5011, backend=Bus(denied=True)).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_denied", True)


def test_another_printer_than_the_one_plugged_in_is_not_found() -> None:
    with pytest.raises(PrinterError) as caught:
        UsbTransport(0x0416, 0x9999, backend=Bus()).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_not_found", True)
