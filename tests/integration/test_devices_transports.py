"""Print jobs over real sockets, files, pipes, terminals and processes: what arrives, and which failures are clean."""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_pos.devices.ports import PrinterError
from kube_pos.devices.simulated import LoopbackPrinter, PrinterBehaviour, SimulationRefused
from kube_pos.devices.transports import FileTransport, NetworkTransport, Patience, SerialTransport
from kube_pos.devices.transports_system import LpTransport, UsbTransport, WindowsTransport

QUICK = Patience(connect_s=1.0, write_s=0.5, drain_s=1.0)
JOB = b"\x1b@" + b"Struk\n" * 200
LONG_JOB = b"x" * 20_000_000
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")


@pytest.fixture
def printer() -> Iterator[LoopbackPrinter]:
    loopback = LoopbackPrinter(allow=True)
    loopback.start()
    yield loopback
    loopback.stop()


def over(printer: LoopbackPrinter) -> NetworkTransport:
    return NetworkTransport("127.0.0.1", printer.port, QUICK)


def test_a_network_job_arrives_whole_and_is_never_called_confirmed(printer: LoopbackPrinter) -> None:
    assert over(printer).send(JOB) is False
    assert over(printer).send(b"second") is False
    assert printer.wait_for_jobs(2)
    assert printer.jobs == [JOB, b"second"]


def test_a_printer_that_is_off_fails_clean_and_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(PrinterError) as caught:
        NetworkTransport("127.0.0.1", port, QUICK).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_unreachable", True)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("after", [1, 500, 1100])
def test_a_connection_broken_off_after_some_bytes_is_not_clean(printer: LoopbackPrinter, after: int) -> None:
    printer.behaviour = PrinterBehaviour(reset_after=after)
    with pytest.raises(PrinterError) as caught:
        over(printer).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_broke_off", False)
    assert printer.wait_for_jobs(1)
    assert printer.jobs == [JOB[:after]]


def test_a_printer_that_stops_reading_is_given_up_after_the_time_out(printer: LoopbackPrinter) -> None:
    printer.behaviour = PrinterBehaviour(stall=True)
    begun = time.monotonic()
    with pytest.raises(PrinterError) as caught:
        over(printer).send(LONG_JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_stalled", False)
    assert time.monotonic() - begun < 3


def test_the_simulated_printer_refuses_to_serve_the_till_itself() -> None:
    with pytest.raises(SimulationRefused):
        LoopbackPrinter()


def test_a_file_collects_jobs_and_confirms_them(tmp_path: Path) -> None:
    transport = FileTransport(tmp_path / "paper.bin")
    assert transport.send(JOB) is True
    assert transport.send(b"second") is True
    assert (tmp_path / "paper.bin").read_bytes() == JOB + b"second"


@pytest.mark.parametrize("path", ["/dev/usb/no-such-printer", "/no-such-folder/paper.bin"])
def test_a_missing_device_node_or_folder_fails_clean(path: str) -> None:
    with pytest.raises(PrinterError) as caught:
        FileTransport(Path(path)).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_not_found", True)


@posix_only
def test_a_full_disk_is_told_and_nothing_was_written() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    with pytest.raises(PrinterError) as caught:
        FileTransport(Path("/dev/full"), QUICK).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_broke_off", True)


@posix_only
def test_a_device_node_that_takes_no_more_is_given_up(tmp_path: Path) -> None:
    pipe = tmp_path / "lp0"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert FileTransport(pipe, QUICK).send(b"short") is False
        with pytest.raises(PrinterError) as caught:
            FileTransport(pipe, QUICK).send(b"x" * 1_000_000)
        assert (caught.value.detail, caught.value.clean) == ("printer_stalled", False)
        with pytest.raises(PrinterError) as caught:
            FileTransport(pipe, QUICK).send(b"next")
        assert (caught.value.detail, caught.value.clean) == ("printer_stalled", True)
    finally:
        os.close(reader)


@posix_only
@pytest.mark.parametrize("slow", [False, True])
def test_a_serial_job_arrives_whole_also_at_a_printer_that_reads_late(*, slow: bool) -> None:
    master, slave = os.openpty()
    arrived = bytearray()
    sent = threading.Event()

    def collect() -> None:
        if slow:
            sent.wait(10)
        while len(arrived) < len(JOB) and select.select([master], [], [], 5)[0]:
            arrived.extend(os.read(master, 4096))

    collector = threading.Thread(target=collect, daemon=True)
    collector.start()
    assert SerialTransport(os.ttyname(slave), patience=QUICK).send(JOB) is False
    sent.set()
    collector.join(10)
    os.close(slave)
    os.close(master)
    assert bytes(arrived) == JOB


@posix_only
def test_a_serial_printer_that_takes_no_more_is_given_up() -> None:
    master, slave = os.openpty()
    try:
        with pytest.raises(PrinterError) as caught:
            SerialTransport(os.ttyname(slave), patience=QUICK).send(b"x" * 200_000)
        assert caught.value.detail in {"printer_stalled", "printer_broke_off"}
        assert not caught.value.clean
    finally:
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize("port", ["/dev/no-such-port", "FFFF:FFFE"])
def test_an_absent_serial_printer_fails_clean(port: str) -> None:
    with pytest.raises(PrinterError) as caught:
        SerialTransport(port).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_not_found", True)


def script(folder: Path, body: str) -> tuple[str, ...]:
    path = folder / "lp.sh"
    path.write_text(body, encoding="utf-8")
    return ("sh", str(path))


@posix_only
def test_lp_gets_the_queue_the_word_raw_and_the_bytes(tmp_path: Path) -> None:
    command = script(tmp_path, f'echo "$@" > {tmp_path}/words; cat > {tmp_path}/paper\n')
    assert LpTransport("KASIR", command).send(JOB) is False
    assert (tmp_path / "words").read_text(encoding="utf-8").split() == ["-d", "KASIR", "-o", "raw", "-s"]
    assert (tmp_path / "paper").read_bytes() == JOB


@posix_only
def test_lp_that_refuses_hangs_or_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PrinterError) as caught:
        LpTransport("KASIR", script(tmp_path, "exit 1\n")).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_queue_refused", True)
    with pytest.raises(PrinterError) as caught:
        LpTransport("KASIR", script(tmp_path, "exec sleep 30\n"), timeout_s=0.3).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_stalled", False)
    with pytest.raises(PrinterError) as caught:
        LpTransport("KASIR", (str(tmp_path / "nothing"),)).send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_no_cups", True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has a spooler")
def test_the_windows_spooler_is_refused_elsewhere() -> None:
    with pytest.raises(PrinterError) as caught:
        WindowsTransport("KASIR").send(JOB)
    assert (caught.value.detail, caught.value.clean) == ("printer_windows_only", True)


def test_an_absent_usb_printer_fails_clean() -> None:
    with pytest.raises(PrinterError) as caught:
        UsbTransport(0xFFFF, 0xFFFE).send(JOB)
    assert caught.value.detail in {"printer_not_found", "printer_no_libusb"}
    assert caught.value.clean
