"""The support bundle: a zip that tells a technician how a till is, without anything that names a person.

What goes in is chosen, not filtered: versions, settings without addresses and paths, counts, and the log, whose lines
never carry names. Every text passes a last guard that strikes out names of the staff and families' longer digit runs.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from kube_pos import logs
from kube_pos.errors import StorageFailed
from kube_pos.settings import Settings

_DIGITS = re.compile(r"\d(?:[ .-]?\d){7,}")
_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)[^/\\\s\"']+")
_TOLD = ("language", "printer_columns", "printer_model", "printer_2_columns", "printer_2_use", "sync_interval_s")
"""The settings that go in as they are; of the others only whether they are set."""


def write_bundle(
    target: Path, folder: Path, facts: Mapping[str, object], settings: Settings, names: Iterable[str]
) -> Path:
    """Write the bundle of a data folder and return its path. Raises StorageFailed; an old bundle stays whole then."""
    words = sorted({part for name in names for part in (name, *name.split()) if len(part) > 2}, key=len, reverse=True)
    told = {
        name: getattr(settings, name) if name in _TOLD else bool(getattr(settings, name))
        for name in type(settings).__struct_fields__
    }
    beside = target.with_suffix(".new")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, content in (("facts.json", facts), ("settings.json", told)):
                bundle.writestr(name, without_people(json.dumps(content, indent=1, default=str), words))
            for log in sorted(folder.glob(f"{logs.FILE_NAME}*")):
                text = log.read_text(encoding="utf-8", errors="replace")
                bundle.writestr(log.name, without_people(text, words))
        beside.replace(target)
    except OSError as error:
        raise StorageFailed(path=str(target), reason=error.strerror or "") from error
    return target


def without_people(text: str, names: Iterable[str]) -> str:
    """Return a text with digit runs of eight or more, home folders and the given names struck out."""
    text = _DIGITS.sub("########", _HOME.sub("~", text))
    for name in names:
        text = re.sub(re.escape(name), "***", text, flags=re.IGNORECASE)
    return text
