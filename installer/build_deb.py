#!/usr/bin/env python3
"""Build the Debian package: `python3 installer/build_deb.py` → dist/kube-pos_VERSION_amd64.deb.

Needs Debian 12 or newer with python3-venv, libzbar0, libusb-1.0-0 and dpkg-deb. The same commit gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import bundle
import sbom

DEB = bundle.HERE / "deb"
DIST = bundle.ROOT / "dist"
# Libraries that every Debian and Ubuntu keeps itself; alternatives are the names since the 64-bit time change.
DEPENDS = (
    "libc6 (>= 2.35)", "libstdc++6", "libgcc-s1", "libglib2.0-0 | libglib2.0-0t64", "libegl1", "libgl1",
    "libfontconfig1",
    "libfreetype6", "libxkbcommon0", "libxkbcommon-x11-0", "libdbus-1-3", "libx11-6", "libx11-xcb1", "libbrotli1",
    "libgssapi-krb5-2", "libxcb1", "libxcb-cursor0", "libxcb-icccm4", "libxcb-image0", "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render0", "libxcb-render-util0", "libxcb-shape0", "libxcb-shm0", "libxcb-sync1", "libxcb-util1",
    "libxcb-xfixes0", "libxcb-xkb1", "libwayland-client0", "libwayland-cursor0", "libudev1", "libcups2 | libcups2t64",
)  # fmt: skip
_ABOUT = """ The till reads a family's card, shows what it may still take, hands goods out against that
 balance, prints a receipt and passes every transaction on when there is a network. It works
 for weeks without one."""


def main() -> int:
    """Build the package and say its size and digest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update-key", type=Path, help="public key (32 raw bytes) of those who may publish updates")
    asked = parser.parse_args()
    date = bundle.source_date()
    program, shipped = bundle.build(date)
    root = bundle.BUILD / "deb"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(program, root / "opt" / "kube-pos", symlinks=True)
    _add_names_of_modules(shipped)
    if asked.update_key:
        (root / "opt" / "kube-pos" / "update.pub").write_bytes(asked.update_key.read_bytes())
    _lay_out(root)
    _document(root, shipped, date)
    _control(root)
    _settle(root, date)
    target = DIST / f"kube-pos_{bundle.version()}_amd64.deb"
    DIST.mkdir(exist_ok=True)
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z10", "-b", str(root), str(target)],
        check=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(date)},
        stdout=subprocess.DEVNULL,
    )
    size = target.stat().st_size
    print(f"{target.relative_to(bundle.ROOT)}  {size / 1e6:.1f} MB  sha256 {_digest(target)}")
    return 0


def _add_names_of_modules(shipped: list[tuple[str, str]]) -> None:
    """Add what is inside the archive of pure modules to the list of what is shipped, for the list of parts."""
    found = bundle.BUILD / "work" / "kube_pos" / "PYZ-00.toc"
    for line in found.read_text(encoding="utf-8").splitlines():
        words = line.strip(" [(").split("'")
        if len(words) > 1:
            shipped.append((words[1].partition(".")[0], ""))


def _lay_out(root: Path) -> None:
    places = {
        "kube-pos.desktop": "usr/share/applications/kube-pos.desktop",
        "kube-pos.svg": "usr/share/icons/hicolor/scalable/apps/kube-pos.svg",
        "70-kube-pos.rules": "usr/lib/udev/rules.d/70-kube-pos.rules",
    }
    for name, place in places.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DEB / name, root / place)
    manual = root / "usr/share/man/man1/kube-pos.1.gz"
    manual.parent.mkdir(parents=True)
    manual.write_bytes(gzip.compress((DEB / "kube-pos.1").read_bytes(), mtime=0))
    (root / "usr/bin").mkdir()
    (root / "usr/bin/kube-pos").symlink_to("/opt/kube-pos/kube-pos")


def _document(root: Path, shipped: list[tuple[str, str]], date: int) -> None:
    place = root / "usr/share/doc/kube-pos"
    place.mkdir(parents=True)
    site = next((bundle.BUILD / "venv" / "lib").glob("python3*")) / "site-packages"
    parts = [*sbom.python_parts(site, shipped, bundle.LOCKS[0]), *sbom.system_parts(shipped)]
    sbom.write(place / "sbom.cdx.json", bundle.version(), parts, bundle.LOCKS[0], date)
    sbom.copy_licences(place / "licences", parts)
    fonts = bundle.ROOT / "kube_pos/ui/assets/fonts/OFL.txt"
    (place / "licences" / "Inter").mkdir(parents=True)
    shutil.copyfile(fonts, place / "licences" / "Inter" / "OFL.txt")
    shutil.copyfile(bundle.ROOT / "LICENSE", place / "LICENSE")
    listed = "".join(f"  {part.name} {part.version}: {part.licence}\n" for part in parts)
    head = "kube-pos is under GPL-3.0-or-later (LICENSE). It carries, each with its texts under licences/:\n\n"
    (place / "copyright").write_text(f"{head}{listed}  Inter: OFL-1.1\n", encoding="utf-8")
    change = bundle.HERE / "CHANGELOG.md"
    (place / "changelog.gz").write_bytes(gzip.compress(change.read_bytes(), mtime=0))


def _control(root: Path) -> None:
    place = root / "DEBIAN"
    place.mkdir()
    size = sum(path.lstat().st_size for path in root.rglob("*") if path.is_file()) // 1024
    rows = {
        "Package": "kube-pos",
        "Version": bundle.version(),
        "Architecture": "amd64",
        "Maintainer": "kube-pos maintainers <kube-pos@localhost>",
        "Installed-Size": size,
        "Depends": ", ".join(DEPENDS),
        "Recommends": "gnome-keyring | kwalletmanager",
        "Section": "misc",
        "Priority": "optional",
        "Description": f"offline-first till for food aid outlets\n{_ABOUT}",
    }
    (place / "control").write_text("".join(f"{name}: {value}\n" for name, value in rows.items()), encoding="utf-8")
    for script in ("postinst", "prerm", "postrm"):
        shutil.copyfile(DEB / script, place / script)
    files = sorted(
        path for path in root.rglob("*") if path.is_file() and not path.is_symlink() and place not in path.parents
    )
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files)  # noqa: S324 -- dpkg's format
    (place / "md5sums").write_text("".join(sums), encoding="utf-8")


def _settle(root: Path, date: int) -> None:
    """Give every file one date and one of two modes."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.name in {"kube-pos", "postinst", "prerm", "postrm"}
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (date, date), follow_symlinks=False)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
