"""What the package is made of: a CycloneDX list, and the licence texts of everything in it."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_LICENCE_NAME = re.compile(r"(licen[cs]e|copying|notice|authors|ofl)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is shipped: a Python package, or a library of the build machine."""

    name: str
    version: str
    purl: str
    licence: str
    texts: tuple[Path, ...]


def python_parts(site: Path, shipped: Iterable[tuple[str, str]], lock: Path) -> list[Part]:
    """Return the locked packages of which a file or a module is in the bundle."""
    pins = {_plain(name): version for name, version in _PIN.findall(lock.read_text(encoding="utf-8"))}
    names = {Path(name).parts[0].partition(".")[0] for name, _ in shipped}
    parts = []
    for info in sorted(site.glob("*.dist-info")):
        facts = _metadata(info / "METADATA")
        name = facts.get("name", "")
        if _plain(name) in pins and _modules(info) & names:
            texts = tuple(
                path for path in sorted(info.rglob("*")) if path.is_file() and _LICENCE_NAME.search(path.name)
            )
            licence = facts.get("license-expression") or facts.get("license", "")
            version = facts["version"]
            parts.append(Part(name, version, f"pkg:pypi/{_plain(name)}@{version}", licence[:80] or "see text", texts))
    return parts


def system_parts(shipped: Iterable[tuple[str, str]]) -> list[Part]:
    """Return the Debian packages whose libraries are in the bundle."""
    owners = set()
    for _, source in shipped:
        if source.startswith(("/usr/lib/", "/lib/")):
            said = ""
            for path in (source, str(Path(source).resolve()), source.removeprefix("/usr")):
                said = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True, check=False).stdout
                if said:
                    break
            if said:
                owners.add(said.partition(":")[0])
    parts = []
    for owner in sorted(owners):
        asked = ["dpkg-query", "-W", "-f", "${Version}\n", owner]
        version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()[0]
        text = Path("/usr/share/doc") / owner / "copyright"
        texts = (text,) if text.exists() else ()
        parts.append(Part(owner, version, f"pkg:deb/debian/{owner}@{version}", "see text", texts))
    return parts


def write(target: Path, version: str, parts: Iterable[Part], lock: Path, date: int) -> None:
    """Write the list as CycloneDX 1.5 JSON; the hashes are those of the lock, which the build was held to."""
    hashes = _locked_hashes(lock.read_text(encoding="utf-8"))
    components = [
        {
            "type": "library",
            "bom-ref": part.purl,
            "name": part.name,
            "version": part.version,
            "purl": part.purl,
            "licenses": [{"license": {"name": part.licence}}],
            "properties": [
                {"name": "kube-pos:locked-sha256", "value": digest} for digest in hashes.get(_plain(part.name), [])
            ],
        }
        for part in parts
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'kube-pos {version} {json.dumps(components)}')}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(date, UTC).isoformat(),
            "component": {
                "type": "application",
                "name": "kube-pos",
                "version": version,
                "licenses": [{"license": {"id": "GPL-3.0-or-later"}}],
            },
        },
        "components": components,
    }
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def copy_licences(target: Path, parts: Iterable[Part]) -> None:
    """Copy every licence text into a folder for each part."""
    for part in parts:
        for text in part.texts:
            place = target / part.name / text.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.read_bytes())


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _metadata(path: Path) -> dict[str, str]:
    head = path.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
    rows = (line.partition(":") for line in head.splitlines() if not line.startswith(" "))
    return {name.lower(): value.strip() for name, _, value in rows}


def _modules(info: Path) -> set[str]:
    record = info / "RECORD"
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    return {line.partition(",")[0].partition("/")[0].partition(".")[0] for line in lines} - {info.name, ""}


def _locked_hashes(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if match := _PIN.match(line):
            current = found.setdefault(_plain(match[1]), [])
        current += _HASH.findall(line)
    return found
