"""What a view must have besides its blocks: a modal or a home tab, as apps send it (Block Kit)."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ninefold.systems.messaging.errors import InvalidViewError
from ninefold.systems.messaging.model import ViewKind

VIEW_BLOCKS_MAX: Final = 100
VIEW_BYTES_MAX: Final = 250_000
STACK_MAX: Final = 3
"""Modals on top of each other."""

_TITLE_LENGTH_MAX: Final = 24
_CALLBACK_LENGTH_MAX: Final = 255
_METADATA_LENGTH_MAX: Final = 3_000
_KEPT: Final = (
    "type",
    "title",
    "submit",
    "close",
    "blocks",
    "callback_id",
    "private_metadata",
    "clear_on_close",
    "notify_on_close",
    "submit_disabled",
)


def check_view(content: Mapping[str, Any], *, kind: ViewKind) -> dict[str, Any]:
    """Return what is kept of a view that an app has sent; its blocks are only checked to be a list of objects.

    Raises:
        InvalidViewError: it can't be shown.
    """
    if content.get("type") != kind:
        raise InvalidViewError(f"This view has to be of the type {kind!r}.", field="view.type")
    if len(msgspec.json.encode(content)) > VIEW_BYTES_MAX:
        raise InvalidViewError(f"The view has more than {VIEW_BYTES_MAX:,} bytes.", field="view")
    blocks = content.get("blocks")
    if not isinstance(blocks, list) or not all(isinstance(block, dict) and "type" in block for block in blocks):
        raise InvalidViewError("The view needs blocks, each with its type.", field="view.blocks")
    if kind == "modal":
        _check_text(content.get("title"), field="view.title")
        has_input = any(block["type"] == "input" for block in blocks)
        if has_input or content.get("submit") is not None:
            _check_text(content.get("submit"), field="view.submit")
    for name, length_max in (("callback_id", _CALLBACK_LENGTH_MAX), ("private_metadata", _METADATA_LENGTH_MAX)):
        value = content.get(name) or ""
        if not isinstance(value, str) or len(value) > length_max:
            raise InvalidViewError(f"`{name}` is longer than {length_max:,}.", field=f"view.{name}")
    return {name: content[name] for name in _KEPT if name in content}


def new_hash(content: Mapping[str, Any], *, moment: str) -> str:
    """Return what an app sends with an update, so that it doesn't overwrite another one."""
    digest = hashlib.sha256(msgspec.json.encode(content) + moment.encode()).hexdigest()
    return f"{moment}.{digest[:8]}"


def _check_text(value: Any, *, field: str) -> None:
    is_text = isinstance(value, dict) and value.get("type") == "plain_text" and isinstance(value.get("text"), str)
    if not is_text or not 1 <= len(value["text"]) <= _TITLE_LENGTH_MAX:
        raise InvalidViewError(f"This has to be a plain_text of 1 to {_TITLE_LENGTH_MAX} characters.", field=field)
