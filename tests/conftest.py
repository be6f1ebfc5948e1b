"""Fixtures that every room of the tests may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger_kit import Outlet

if "DISPLAY" not in os.environ and os.name == "posix":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def outlet(tmp_path: Path) -> Iterator[Outlet]:
    """An enrolled till with goods on the shelf and no family yet."""
    kit = Outlet(tmp_path)
    kit.stock_up()
    yield kit
    kit.close()
