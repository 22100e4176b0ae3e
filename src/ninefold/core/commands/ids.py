"""Ids on the command line: checked before they are used in a URL or a query."""

from uuid import UUID

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import InvalidIdError, parse_id

_SHOWN_LENGTH_MAX = 80


def parse_argument_id(prefix: str, text: str, *, shown_by: str) -> UUID:
    """Return the id in an argument.

    Args:
        prefix: the prefix of the expected kind, such as `key`.
        text: the argument.
        shown_by: the command that shows such ids, for the remedy.

    Raises:
        InvalidInputError: the argument isn't an id of this kind.
    """
    try:
        return parse_id(prefix, text)
    except InvalidIdError as error:
        raise InvalidInputError(
            f"{text[:_SHOWN_LENGTH_MAX]!r} isn't an id of the form {prefix}_….",
            remedy=f"`{shown_by}` shows the ids.",
        ) from error
