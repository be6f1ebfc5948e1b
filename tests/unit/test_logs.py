"""The log: one rotating file, and no number of a person in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from kube_pos import logs

NIK = "6472014107900001"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    for handler in handlers:
        root.removeHandler(handler)
    logs.start(tmp_path)
    yield tmp_path / logs.FILE_NAME
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


def file_handlers() -> list[RotatingFileHandler]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, RotatingFileHandler)]


def test_long_numbers_are_struck_out_also_of_arguments(log: Path) -> None:
    logging.getLogger("kube_pos.x").warning("card %s, kk %d, receipt %s", NIK, int(NIK), "A01-000123")
    text = log.read_text(encoding="utf-8")
    assert NIK not in text
    assert "card ########, kk ########, receipt A01-000123" in text


def test_long_numbers_are_struck_out_of_tracebacks_too(log: Path) -> None:
    try:
        int(f"NIK {NIK}")
    except ValueError:
        logging.getLogger("kube_pos.x").exception("failed")
    text = log.read_text(encoding="utf-8")
    assert "ValueError: invalid literal for int() with base 10: 'NIK ########'" in text
    assert NIK not in text


def test_the_time_and_the_thread_are_told(log: Path) -> None:
    logging.getLogger("kube_pos.x").info("hello")
    line = log.read_text(encoding="utf-8").strip()
    assert line.endswith("INFO MainThread kube_pos.x hello")


def test_libraries_that_quote_addresses_are_quiet(log: Path) -> None:
    for name in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(name).info("GET https://example.test/secret")
    assert "secret" not in log.read_text(encoding="utf-8")


def test_starting_twice_writes_each_line_once_and_leaves_no_file_open(log: Path) -> None:
    (old,) = file_handlers()
    logs.start(log.parent)
    logging.getLogger("kube_pos.x").info("once")
    assert log.read_text(encoding="utf-8").count("once") == 1
    assert old.stream is None or old.stream.closed


def test_old_files_are_few(log: Path) -> None:
    (handler,) = file_handlers()
    handler.maxBytes = 2000
    for number in range(500):
        logging.getLogger("kube_pos.x").info("line %d", number)
    assert len(list(log.parent.iterdir())) == 6
