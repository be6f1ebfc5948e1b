"""The health panel and the support file of a real engine."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from kube_pos.health import health, support_bundle
from tests.integration.test_engine_keeping import Running, city, joined
from tests.keeping_kit import City

__all__ = ["city"]  # The fixture.


def test_a_real_tills_support_file_holds_counts_and_no_path(city: City, tmp_path: Path) -> None:
    folder = joined(tmp_path / "till", city)
    running = Running(folder, city)
    try:
        lines = health(running.engine)
        path = support_bundle(running.engine, (("kube-pos", "1"),))
    finally:
        running.stop()
    assert [is_well for is_well, _ in lines] == [True, True]
    assert re.search(r": [1-9][0-9]* GB kosong\.$", lines[0][1])
    with zipfile.ZipFile(path) as bundle:
        facts = json.loads(bundle.read("facts.json"))

    assert facts["clock"] == "ok"
    assert facts["files"]["journal.db"] > 0
    assert str(tmp_path).casefold() not in json.dumps(facts).casefold()
