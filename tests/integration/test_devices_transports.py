"""Print jobs over real sockets, files, pipes, terminals and processes: what arrives, and which failures are clean."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_pos.devices.conversation import Delivery, Patience, Terms
from kube_pos.devices.ports import PrinterError
from kube_pos.devices.simulated import SimulationRefused
from kube_pos.devices.simulated_printer import LoopbackPrinter, PrinterBehaviour
from kube_pos.devices.transport_usb import UsbTransport
from kube_pos.devices.transports import FileTransport, NetworkTransport, SerialTransport
from kube_pos.devices.transports_system import LpTransport, WindowsTransport

QUICK = Patience(connect_s=1.0, answer_s=0.3, write_s=0.5, barrier_s=0.5, drain_s=1.0)
SILENT = Terms()
ASKING = Terms(asks=True)
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
    assert not over(printer).send(JOB, SILENT).confirmed
    assert not over(printer).send(b"second", SILENT).confirmed
    assert printer.wait_for_jobs(2)
    assert printer.jobs == [JOB, b"second"]


def test_a_printer_that_is_off_fails_clean_and_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(PrinterError) as caught:
        NetworkTransport("127.0.0.1", port, QUICK).send(JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_unreachable", True)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("after", [1, 500, 1100])
def test_a_connection_broken_off_after_some_bytes_is_not_clean(printer: LoopbackPrinter, after: int) -> None:
    printer.behaviour = PrinterBehaviour(reset_after=after)
    with pytest.raises(PrinterError) as caught:
        over(printer).send(JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_broke_off", False)
    assert printer.wait_for_jobs(1)
    assert printer.jobs == [JOB[:after]]


def test_a_printer_that_stops_reading_is_given_up_after_the_time_out(printer: LoopbackPrinter) -> None:
    printer.behaviour = PrinterBehaviour(stall=True)
    begun = time.monotonic()
    with pytest.raises(PrinterError) as caught:
        over(printer).send(LONG_JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_stalled", False)
    assert time.monotonic() - begun < 3


def test_the_simulated_printer_refuses_to_serve_the_till_itself() -> None:
    with pytest.raises(SimulationRefused):
        LoopbackPrinter()


def test_a_file_collects_jobs_and_confirms_them(tmp_path: Path) -> None:
    transport = FileTransport(tmp_path / "paper.bin")
    assert transport.send(JOB, SILENT).confirmed
    assert transport.send(b"second", SILENT).confirmed
    assert (tmp_path / "paper.bin").read_bytes() == JOB + b"second"


@pytest.mark.parametrize("path", ["/dev/usb/no-such-printer", "/no-such-folder/paper.bin"])
def test_a_missing_device_node_or_folder_fails_clean(path: str) -> None:
    with pytest.raises(PrinterError) as caught:
        FileTransport(Path(path)).send(JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_not_found", True)


@posix_only
def test_a_full_disk_is_told_and_nothing_was_written() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    with pytest.raises(PrinterError) as caught:
        FileTransport(Path("/dev/full"), QUICK).send(JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_disk_full", True)


@posix_only
def test_a_device_node_that_takes_no_more_is_given_up(tmp_path: Path) -> None:
    pipe = tmp_path / "lp0"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert not FileTransport(pipe, QUICK).send(b"short", SILENT).confirmed
        with pytest.raises(PrinterError) as caught:
            FileTransport(pipe, QUICK).send(b"x" * 1_000_000, SILENT)
        assert (caught.value.detail, caught.value.clean) == ("printer_stalled", False)
        with pytest.raises(PrinterError) as caught:
            FileTransport(pipe, QUICK).send(b"next", SILENT)
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
    assert not SerialTransport(os.ttyname(slave), patience=QUICK).send(JOB, SILENT).confirmed
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
            SerialTransport(os.ttyname(slave), patience=QUICK).send(b"x" * 200_000, SILENT)
        assert caught.value.detail in {"printer_stalled", "printer_broke_off"}
        assert not caught.value.clean
    finally:
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize("port", ["/dev/no-such-port", "FFFF:FFFE"])
def test_an_absent_serial_printer_fails_clean(port: str) -> None:
    with pytest.raises(PrinterError) as caught:
        SerialTransport(port).send(JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_not_found", True)


def script(folder: Path, body: str) -> tuple[str, ...]:
    path = folder / "lp.sh"
    path.write_text(body, encoding="utf-8")
    return ("sh", str(path))


@posix_only
def test_lp_gets_the_queue_the_word_raw_and_the_bytes(tmp_path: Path) -> None:
    command = script(tmp_path, f'echo "$@" > {tmp_path}/words; cat > {tmp_path}/paper\n')
    assert not LpTransport("KASIR", command).send(JOB, SILENT).confirmed
    assert (tmp_path / "words").read_text(encoding="utf-8").split() == ["-d", "KASIR", "-o", "raw", "-s"]
    assert (tmp_path / "paper").read_bytes() == JOB


@posix_only
def test_lp_that_refuses_hangs_or_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PrinterError) as caught:
        LpTransport("KASIR", script(tmp_path, "exit 1\n")).send(JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_queue_refused", True)
    with pytest.raises(PrinterError) as caught:
        LpTransport("KASIR", script(tmp_path, "exec sleep 30\n"), timeout_s=0.3).send(JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_stalled", False)
    with pytest.raises(PrinterError) as caught:
        LpTransport("KASIR", (str(tmp_path / "nothing"),)).send(JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_no_cups", True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has a spooler")
def test_the_windows_spooler_is_refused_elsewhere() -> None:
    with pytest.raises(PrinterError) as caught:
        WindowsTransport("KASIR").send(JOB, SILENT)
    assert (caught.value.detail, caught.value.clean) == ("printer_windows_only", True)


def test_an_absent_usb_printer_fails_clean() -> None:
    with pytest.raises(PrinterError) as caught:
        UsbTransport(0xFFFF, 0xFFFE).send(JOB, SILENT)
    assert caught.value.detail in {"printer_not_found", "printer_no_libusb"}
    assert caught.value.clean


ANSWERING = PrinterBehaviour(answers=True)


@pytest.mark.parametrize("automatic", [b"", b"\x14\x00\x00\x0f", b"\x11\x14\x00\x0c\x0f", b"\x10\x00\x00\x00" * 3])
def test_a_printer_that_answers_confirms_the_end(printer: LoopbackPrinter, automatic: bytes) -> None:
    printer.behaviour = PrinterBehaviour(answers=True, automatic=automatic)
    assert over(printer).send(JOB, ASKING) == Delivery(confirmed=True, answered=True)
    assert printer.wait_for_jobs(1)
    assert printer.jobs == [JOB]


@pytest.mark.parametrize(
    ("states", "detail"),
    [
        (b"\x1a\x16\x12", "printer_cover_open"),
        (b"\x1a\x32\x72", "printer_paper_out"),
        (b"\x1a\x52\x12", "printer_error"),
        (b"\x1a\x12\x12", "printer_offline"),
    ],
)
def test_a_printer_that_can_not_print_is_given_nothing(printer: LoopbackPrinter, states: bytes, detail: str) -> None:
    printer.behaviour = PrinterBehaviour(answers=True, states=states, automatic=b"\x14\x00\x00\x0f")
    for act in (lambda: over(printer).send(JOB, ASKING), lambda: over(printer).look(asks=True)):
        with pytest.raises(PrinterError) as caught:
            act()
        assert (caught.value.detail, caught.value.clean) == (detail, True)
    assert printer.jobs == []


def test_paper_that_is_low_is_a_warning(printer: LoopbackPrinter) -> None:
    printer.behaviour = PrinterBehaviour(answers=True, states=b"\x12\x12\x1e")
    assert over(printer).look(asks=True).warning == "printer_paper_low"
    delivery = over(printer).send(JOB, ASKING)
    assert (delivery.confirmed, delivery.warning) == (True, "printer_paper_low")


@pytest.mark.parametrize(
    "behaviour",
    [
        PrinterBehaviour(),
        PrinterBehaviour(automatic=b"\x14\x00\x00\x0f"),
        PrinterBehaviour(answers=True, states=b"\xff\xff\xff"),
        PrinterBehaviour(answers=True, answer_after_s=0.6),
    ],
)
def test_silence_rubbish_and_late_answers_are_no_answer_and_the_job_is_sent(
    printer: LoopbackPrinter, behaviour: PrinterBehaviour
) -> None:
    printer.behaviour = behaviour
    assert over(printer).send(JOB, ASKING) == Delivery()
    assert printer.wait_for_jobs(1)
    assert printer.jobs == [JOB]


def test_a_printer_that_is_well_and_never_tells_the_end_is_known_as_such(printer: LoopbackPrinter) -> None:
    printer.behaviour = PrinterBehaviour(answers=True, tells_end=False, automatic=b"\x14\x00\x00\x0f")
    delivery = over(printer).send(JOB, ASKING)
    assert delivery == Delivery(answered=True, barrier_ignored=True)


def test_an_end_that_is_told_too_late_does_not_confirm(printer: LoopbackPrinter) -> None:
    printer.behaviour = PrinterBehaviour(answers=True, end_after_s=1.2)
    with pytest.raises(PrinterError) as caught:
        over(printer).send(JOB, ASKING)
    assert (caught.value.detail, caught.value.clean) == ("printer_no_answer", False)


def test_paper_that_ends_within_a_job_is_told(printer: LoopbackPrinter) -> None:
    printer.behaviour = PrinterBehaviour(answers=True, paper_ends_after=600)
    with pytest.raises(PrinterError) as caught:
        over(printer).send(JOB, ASKING)
    assert (caught.value.detail, caught.value.clean) == ("printer_paper_out", False)


@pytest.mark.parametrize(("after", "detail"), [(1, "printer_no_answer"), (700, "printer_no_answer")])
def test_a_printer_whose_power_goes_in_a_job_does_not_confirm(
    printer: LoopbackPrinter, after: int, detail: str
) -> None:
    printer.behaviour = PrinterBehaviour(answers=True, mute_after=after)
    with pytest.raises(PrinterError) as caught:
        over(printer).send(JOB, ASKING)
    assert (caught.value.detail, caught.value.clean) == (detail, False)


@pytest.mark.parametrize("after", [1, 700])
def test_a_printer_that_closes_in_a_job_does_not_confirm(printer: LoopbackPrinter, after: int) -> None:
    printer.behaviour = PrinterBehaviour(answers=True, close_after=after)
    with pytest.raises(PrinterError) as caught:
        over(printer).send(JOB, ASKING)
    assert (caught.value.detail, caught.value.clean) == ("printer_broke_off", False)


def test_a_long_job_arrives_whole_at_a_slow_printer_that_talks(printer: LoopbackPrinter) -> None:
    printer.behaviour = PrinterBehaviour(bytes_per_s=400_000, automatic=b"\x14\x00\x00\x0f" * 20)
    job = bytes(range(0x20, 0x7F)) * 2105
    assert len(job) > 199_000
    assert not over(printer).send(job, SILENT).confirmed
    assert printer.wait_for_jobs(1)
    assert printer.jobs[0] == job


def test_a_job_that_was_given_up_sends_no_more(printer: LoopbackPrinter) -> None:
    printer.behaviour = PrinterBehaviour(bytes_per_s=20_000)
    signs: list[int] = []

    def goes_on() -> bool:
        signs.append(1)
        return len(signs) < 3

    with pytest.raises(PrinterError) as caught:
        over(printer).send(LONG_JOB, Terms(goes_on=goes_on))
    assert (caught.value.detail, caught.value.clean) == ("printer_hung", False)
    assert printer.wait_for_jobs(1)
    assert len(printer.jobs[0]) < len(LONG_JOB)


@posix_only
def test_a_disk_that_fills_up_within_a_job_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    paper = tmp_path / "paper.bin"
    paper.write_bytes(b"earlier")
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from kube_pos.devices.conversation import Terms\nfrom kube_pos.devices.ports import PrinterError\n"
        "from kube_pos.devices.transports import FileTransport\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n    FileTransport(Path(sys.argv[1])).send(b'x' * 20000, Terms())\n"
        "except PrinterError as error:\n    print(error.detail, error.clean)\n"
    )
    words = [sys.executable, "-c", code, str(paper)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["printer_disk_full", "True"]
    assert paper.read_bytes() == b"earlier"


@posix_only
@pytest.mark.parametrize("automatic", [b"", b"\x14\x00\x00\x0f"])
def test_a_serial_printer_that_answers_confirms_the_end(automatic: bytes) -> None:
    master, slave = os.openpty()
    arrived = bytearray()

    def answer() -> None:
        while select.select([master], [], [], 3)[0]:
            arrived.extend(os.read(master, 4096))
            tail = bytes(arrived)
            if tail[-3:-1] == b"\x10\x04":
                os.write(master, automatic + b"\x12")
            elif tail.endswith(b"\x1dr\x01"):
                os.write(master, automatic + b"\x00")
                return

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        delivery = SerialTransport(os.ttyname(slave), patience=QUICK).send(JOB, ASKING)
        thread.join(5)
    finally:
        os.close(slave)
        os.close(master)
    assert delivery == Delivery(confirmed=True, answered=True)
    assert JOB in bytes(arrived)
