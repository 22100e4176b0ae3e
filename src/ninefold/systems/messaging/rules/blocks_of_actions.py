"""Finds the elements that members click or fill in within blocks (Block Kit)."""

from collections.abc import Iterator, Sequence
from typing import Any


def find_element(
    blocks: Sequence[dict[str, Any]], *, block_id: object, action_id: object
) -> tuple[str, dict[str, Any]] | None:
    """Return the id of the block and the element of an action; None if there is none.

    Args:
        blocks: of a message or of a view.
        block_id: the id of the block; None finds the element in any block.
        action_id: the id of the element.
    """
    for block in blocks:
        own_id = block.get("block_id", "")
        if block_id is not None and block_id != own_id:
            continue
        for element in _elements(block):
            if element.get("action_id") == action_id is not None:
                return own_id, element
    return None


def _elements(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    found = [block.get("accessory"), block.get("element")]
    elements = block.get("elements")
    if isinstance(elements, list):
        found += elements
    yield from (each for each in found if isinstance(each, dict))
