"""Fixtures that every room of the tests may use."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.ledger_kit import Outlet
from tests.postgres_kit import Cluster, OfficeIn, running_cluster

# A busy machine must not fail a property: time is measured by the benchmark command alone.
settings.register_profile("kube-pos", deadline=None)
settings.load_profile("kube-pos")

if "DISPLAY" not in os.environ and os.name == "posix":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def outlet(tmp_path: Path) -> Iterator[Outlet]:
    """An enrolled till with goods on the shelf and no family yet."""
    kit = Outlet(tmp_path)
    kit.stock_up()
    yield kit
    kit.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A real PostgreSQL for the whole run; started when the first test asks for it."""
    with tempfile.TemporaryDirectory(prefix="kube-pos-") as folder, running_cluster(Path(folder)) as cluster:
        yield cluster


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office_in(request: pytest.FixtureRequest) -> OfficeIn:
    """Where an office's database may be made: in a folder, or anew on PostgreSQL. A test with it runs on both."""
    if request.param == "sqlite":
        return lambda folder: str(folder / "office.db")
    cluster: Cluster = request.getfixturevalue("postgres")
    return lambda _folder: cluster.new()
