"""The till's settings: one TOML file in the data folder, read once at start, written whole."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from kube_pos.errors import SettingsUnreadable

FILE_NAME = "settings.toml"
_SECOND_PRINTER = (("printer_2_columns", (32, 42, 48)), ("printer_2_use", ("slips", "spare")))


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a technician may choose; every value has a default that works."""

    language: str = "id"
    """`id` or `en`."""
    scanner_port: str = ""
    """A serial scanner: a path, a COM port, `VID:PID` or `VID:PID:SERIAL`; empty: only a scanner that types."""
    scanner_keys: str = ""
    """What was learnt of a scanner that types, as JSON; empty: the usual pace, nothing before or after the code."""
    camera: str = ""
    """A camera: `name:NAME`, its number or a video file; empty: off."""
    printer: str = "screen"
    """`screen`, `network:HOST:PORT`, `file:PATH`, `serial:PATH`, `usb:VID:PID`, `lp:NAME`, `windows:NAME`."""
    printer_columns: int = 32
    """32, 42 or 48."""
    printer_model: str = ""
    """A model that the program knows; empty: the usual one of the width."""
    printer_2: str = ""
    """A second printer, in the same forms; empty: none."""
    printer_2_columns: int = 32
    printer_2_model: str = ""
    printer_2_use: str = "slips"
    """`slips`: slips and reports come out there; `spare`: everything, while the first printer can't print."""
    sync_interval_s: int = 60
    """Seconds between two looks at upstream when nothing is waiting."""
    ca_file: str = ""
    """The office's own certificate authority (PEM); empty: the authorities that the program ships with."""
    key_file: str = ""
    """Where the data's key lies on a machine without a keyring; empty: the keyring."""
    backup_folder: str = ""
    """Where backups go once a day and at day close, best on a stick or another disk; empty: nowhere."""


def authority(settings: Settings) -> Path | None:
    """Return the file of the only authority to trust, if the office has one of its own."""
    return Path(settings.ca_file) if settings.ca_file else None


def load(path: Path) -> Settings:
    """Return the settings in a file, or the defaults when there is none. Raises SettingsUnreadable."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsUnreadable(path=str(path), reason=error.strerror or "") from error
    try:
        settings = msgspec.toml.decode(text, type=Settings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsUnreadable(path=str(path), reason=str(error)) from error
    for name, allowed in (("language", ("id", "en")), ("printer_columns", (32, 42, 48)), *_SECOND_PRINTER):
        if getattr(settings, name) not in allowed:
            raise SettingsUnreadable(path=str(path), reason=f"{name}: {', '.join(map(str, allowed))}")
    if settings.sync_interval_s < 1:
        raise SettingsUnreadable(path=str(path), reason="sync_interval_s: 1, 2, 3 …")
    return settings


def save(path: Path, settings: Settings) -> None:
    """Write the settings so that a power cut leaves either the old file or the new one."""
    lines = []
    for name, value in msgspec.structs.asdict(settings).items():
        # TOML's strings are JSON's, but for one character that TOML wants escaped.
        text = str(value) if isinstance(value, int) else msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
        lines.append(f"{name} = {text}\n")
    write_durably(path, "".join(lines).encode())


def write_durably(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a small file whole: beside its place first, flushed, then moved over the old one."""
    beside = path.with_suffix(path.suffix + ".new")
    # What a power cut left there may be readable by others.
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
