"""The program, its project file and its package say one version."""

from __future__ import annotations

import tomllib
from pathlib import Path

from kube_pos.enrolment import program_version


def test_one_version() -> None:
    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert program_version() == project["project"]["version"]
    assert f"## {program_version()}" in (root / "installer" / "CHANGELOG.md").read_text(encoding="utf-8")
