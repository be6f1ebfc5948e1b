"""The few settings that live in the office's database."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from kube_pos.upstream.tables import setting

_DEMO = "is_demo"
_NEXT_CARD = "next_card_serial"


def is_demo(connection: Connection) -> bool:
    """Tell whether the database holds the demo city, whose tills mark everything as such."""
    return _get(connection, _DEMO) == "1"


def mark_demo(connection: Connection) -> None:
    """Mark the database as a demo, for good."""
    _set(connection, _DEMO, "1")


def next_card_serial(connection: Connection) -> int:
    """Return the serial of the next new card."""
    return int(_get(connection, _NEXT_CARD) or "1")


def set_next_card_serial(connection: Connection, serial: int) -> None:
    """Note the serial of the next new card; those below it are never given again."""
    _set(connection, _NEXT_CARD, str(serial))


def _get(connection: Connection, name: str) -> str | None:
    return connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar_one_or_none()


def _set(connection: Connection, name: str, value: str) -> None:
    if _get(connection, name) is None:
        connection.execute(insert(setting), {"name": name, "value": value})
    else:
        connection.execute(update(setting).where(setting.c.name == name).values(value=value))
