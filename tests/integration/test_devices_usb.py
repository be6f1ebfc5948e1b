"""USB printers over pyusb with a hand-written bus: odd endpoints, a driver in the way, a pulled cable."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import usb.core
from usb.backend import IBackend

from kube_pos.devices.conversation import Delivery, Patience, Terms
from kube_pos.devices.ports import FoundPrinter, PrinterError
from kube_pos.devices.transport_usb import UsbTransport, find_usb_printers

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
    states: bytes = b""
    said: bytearray = field(default_factory=bytearray)

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
        if bytes(data)[:2] == b"\x10\x04":
            self.said += self.states[(1, 2, 4).index(data[2]) :][:1]
            return len(data)
        if bytes(data) == b"\x1dr\x01" and self.states:
            self.said += b"\x00"
            return len(data)
        self.timeouts.append(timeout)
        if self.pulled_after is not None and len(self.paper) >= self.pulled_after:
            raise usb.core.USBError("No such device", -4, 19)
        took = bytes(data)[:3000]
        self.paper.extend(took)
        return len(took)

    def bulk_read(self, dev_handle: object, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        assert (ep, intf) == (0x85, 0)
        if not self.said:
            raise usb.core.USBTimeoutError("Operation timed out", -7, 110)
        said, self.said = bytes(self.said), bytearray()
        buff[: len(said)] = array("B", said)
        return len(said)


def test_a_job_goes_to_the_endpoint_that_the_printer_names_and_the_printer_is_released() -> None:
    bus = Bus()
    assert UsbTransport(0x0416, 0x5011, backend=bus).send(JOB, Terms()) == Delivery()
    assert bytes(bus.paper) == JOB
    assert set(bus.timeouts) == {15_000}
    assert bus.claimed == []


def test_a_cable_pulled_half_way_is_not_clean() -> None:
    bus = Bus(pulled_after=3000)
    with pytest.raises(PrinterError) as caught:
        UsbTransport(0x0416, 0x5011, backend=bus).send(JOB, Terms())
    assert (caught.value.detail, caught.value.clean) == ("printer_broke_off", False)
    assert bus.claimed == []


def test_a_printer_that_may_not_be_opened_is_denied_and_clean() -> None:
    with pytest.raises(PrinterError) as caught:
        UsbTransport(0x0416, 0x5011, backend=Bus(denied=True)).send(JOB, Terms())
    assert (caught.value.detail, caught.value.clean) == ("printer_denied", True)


def test_another_printer_than_the_one_plugged_in_is_not_found() -> None:
    with pytest.raises(PrinterError) as caught:
        UsbTransport(0x0416, 0x9999, backend=Bus()).send(JOB, Terms())
    assert (caught.value.detail, caught.value.clean) == ("printer_not_found", True)


QUICK = Patience(answer_s=0.05, barrier_s=0.2)


def test_a_printer_that_answers_is_asked_first_and_confirms_the_end() -> None:
    bus = Bus(states=b"\x12\x12\x12")
    delivery = UsbTransport(0x0416, 0x5011, QUICK, bus).send(JOB, Terms(asks=True))
    assert delivery == Delivery(confirmed=True, answered=True)
    assert bytes(bus.paper) == JOB


def test_a_printer_without_paper_is_given_nothing_and_a_silent_one_everything() -> None:
    empty = Bus(states=b"\x1a\x32\x72")
    with pytest.raises(PrinterError) as caught:
        UsbTransport(0x0416, 0x5011, QUICK, empty).send(JOB, Terms(asks=True))
    assert (caught.value.detail, caught.value.clean) == ("printer_paper_out", True)
    assert empty.paper == b""
    silent = Bus()
    assert UsbTransport(0x0416, 0x5011, QUICK, silent).send(JOB, Terms(asks=True)) == Delivery()
    assert bytes(silent.paper) == JOB


def test_what_says_that_it_is_a_printer_is_found() -> None:
    assert find_usb_printers(Bus()) == [FoundPrinter("usb", "usb:0416:5011", "")]
