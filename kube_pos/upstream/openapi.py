"""How the messages look in the served OpenAPI description, made from the wire types themselves."""

from __future__ import annotations

from typing import Any

import msgspec

from kube_pos.sync.wire import Message, Problem
from kube_pos.upstream.problems import MEDIA_TYPE


def body_of(message: type[Message] | None) -> dict[str, Any]:
    """Return the description of a request's body; None stands for a compressed batch."""
    if message is None:
        content = {"application/zstd": {"schema": {"type": "string", "format": "binary"}}}
    else:
        content = {"application/json": {"schema": _schema(message)}}
    return {"requestBody": {"required": True, "content": content}}


def answers(message: type[Message], *problems: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of an answer and of the problems that may stand in its place."""
    found: dict[int | str, dict[str, Any]] = {
        200: {"description": "Done; signed.", "content": {"application/json": {"schema": _schema(message)}}}
    }
    for status in problems:
        content = {MEDIA_TYPE: {"schema": _schema(Problem)}}
        found[status] = {"description": "Not done; see `code`.", "content": content}
    return found


def _schema(message: type[Message]) -> dict[str, Any]:
    """Return the JSON schema of a message, whole in itself."""
    (schema,), parts = msgspec.json.schema_components([message], ref_template="{name}")
    whole: dict[str, Any] = _inlined(schema, parts)
    return whole


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(parts[schema["$ref"]], parts)
        return {name: _inlined(value, parts) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_inlined(value, parts) for value in schema]
    return schema
