"""The office's own log of who did what; it holds ids, never names or numbers of people."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from kube_pos.upstream.tables import audit


def note(connection: Connection, now_ms: int, actor: str, action: str, detail: str) -> None:
    """Write one line of the log, in the transaction of the deed itself."""
    connection.execute(insert(audit), {"at": now_ms, "actor": actor, "action": action, "detail": detail})
