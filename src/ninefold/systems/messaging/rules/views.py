"""What a view must have: a modal or a home tab, as apps send it (Block Kit)."""

import hashlib
import itertools
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ninefold.systems.messaging.errors import InvalidViewError
from ninefold.systems.messaging.model import ViewKind
from ninefold.systems.messaging.rules.blocks import fill_ids, find_problem

BLOCKS_MAX: Final = 100
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
    """Return what is kept of a view that an app has sent; blocks get the ids that they lack.

    Raises:
        InvalidViewError: it can't be shown.
    """
    if content.get("type") != kind:
        raise InvalidViewError(f"this view has to be of the type {kind!r}", pointer="/view/type")
    if len(msgspec.json.encode(content)) > VIEW_BYTES_MAX:
        raise InvalidViewError(f"no more than {VIEW_BYTES_MAX:,} bytes allowed", pointer="/view")
    blocks = _check_blocks(content.get("blocks"))
    if kind == "modal":
        _check_texts(content, has_input=any(block["type"] == "input" for block in blocks))
    for name, length_max in (("callback_id", _CALLBACK_LENGTH_MAX), ("private_metadata", _METADATA_LENGTH_MAX)):
        value = content.get(name) or ""
        if not isinstance(value, str) or len(value) > length_max:
            raise InvalidViewError(f"must be less than {length_max + 1} characters", pointer=f"/view/{name}")
    return {**{name: content[name] for name in _KEPT if name in content}, "blocks": blocks}


def new_hash(content: Mapping[str, Any], *, moment: str) -> str:
    """Return what an app sends with an update, so that it doesn't overwrite another one."""
    digest = hashlib.sha256(msgspec.json.encode(content) + moment.encode()).hexdigest()
    return f"{moment}.{digest[:8]}"


def _check_blocks(blocks: Any) -> list[dict[str, Any]]:
    """Return blocks with the ids by which input is sent back: the same ones each time the blocks are sent."""
    if not isinstance(blocks, list):
        raise InvalidViewError("missing required field: blocks", pointer="/view")
    if (problem := find_problem(blocks, blocks_max=BLOCKS_MAX)) is not None:
        raise InvalidViewError(problem.reason, pointer=f"/view{problem.pointer}")
    named = [
        block if block.get("block_id") else {**block, "block_id": f"b{number}"} for number, block in enumerate(blocks)
    ]
    numbers = itertools.count()
    return fill_ids(named, new_id=lambda: f"a{next(numbers)}")


def _check_texts(content: Mapping[str, Any], *, has_input: bool) -> None:
    """Check the title of a modal, and the words on its buttons."""
    if has_input and content.get("submit") is None:
        raise InvalidViewError("must define `submit` to use an `input` block in modals", pointer="/view")
    for name in ("title", "submit", "close"):
        value = content.get(name)
        if value is None and name != "title":
            continue
        text = value.get("text") if isinstance(value, dict) and value.get("type") == "plain_text" else None
        if not isinstance(text, str) or not 1 <= len(text) <= _TITLE_LENGTH_MAX:
            raise InvalidViewError(
                f"has to be a plain_text of 1 to {_TITLE_LENGTH_MAX} characters", pointer=f"/view/{name}"
            )
