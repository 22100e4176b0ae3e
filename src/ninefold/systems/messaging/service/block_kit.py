"""The blocks of messages and views: checked, and with the ids that clicks and inputs name."""

from typing import Any, Final

from ninefold.core.tenancy.kinds import random_text
from ninefold.systems.messaging.errors import InvalidBlocksError
from ninefold.systems.messaging.model import Block
from ninefold.systems.messaging.rules.blocks import fill_ids, find_problem
from ninefold.systems.messaging.rules.limits import BLOCKS_MAX

_ID_LENGTH: Final = 5
"""Characters of an id; it has to be unique among the blocks of one message or view."""


def complete_blocks(blocks: list[Any] | None, *, blocks_max: int = BLOCKS_MAX) -> list[Block] | None:
    """Return blocks as they are stored: each has a `block_id`, and each element that members use an `action_id`.

    Args:
        blocks: as they were sent; None or an empty list for none.
        blocks_max: how many there can be.

    Raises:
        InvalidBlocksError: one isn't as Block Kit says; names the place.
    """
    if not blocks:
        return None
    if (problem := find_problem(blocks, blocks_max=blocks_max)) is not None:
        raise InvalidBlocksError(problem.reason, field=problem.field, pointer=problem.pointer)
    return fill_ids(blocks, new_id=lambda: random_text(_ID_LENGTH))
