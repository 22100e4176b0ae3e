"""The function `format`: `{0}` is replaced by the first argument, `{{` and `}}` are braces."""

import re
from collections.abc import Callable
from typing import Final

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions.memory import TextBuilder

_ARGUMENT_MAX: Final = 255

_PIECE: Final = re.compile(
    r"(?P<plain>[^{}]+)|(?P<brace>\{\{|\}\})|\{(?P<index>[0-9]+)(?::(?P<specifiers>(?:[^}]|\}\})*))?\}", re.DOTALL
)


def format_text(template: str, count: int, read: Callable[[int], str], text: TextBuilder) -> None:
    """Append a template with its arguments.

    Args:
        template: the first argument of `format`.
        count: of the arguments that follow it.
        read: returns one of them, by its number in braces.
        text: what the result is appended to.

    Raises:
        ExpressionError: the template is invalid, or the text would be too long.
    """
    # All pieces are checked before an argument is evaluated, as in the runner.
    for piece in _pieces(template, count):
        if piece["index"] is None:
            text.add(piece["plain"] or piece["brace"][0])
        elif piece["specifiers"]:
            message = f"The format specifiers '{piece['specifiers']}' are not valid"
            raise ExpressionError("evaluation", message)
        else:
            text.add(read(int(piece["index"])))


def _pieces(template: str, count: int) -> list["re.Match[str]"]:
    pieces = []
    offset = 0
    while offset < len(template):
        piece = _PIECE.match(template, offset)
        if piece is None or (piece["index"] is not None and not _is_argument(piece["index"])):
            raise ExpressionError("evaluation", f"The following format string is invalid: {template}")
        if piece["index"] is not None and int(piece["index"]) >= count:
            message = f"The following format string references more arguments than were supplied: {template}"
            raise ExpressionError("evaluation", message)
        pieces.append(piece)
        offset = piece.end()
    return pieces


def _is_argument(digits: str) -> bool:
    return len(digits.lstrip("0")) <= len(str(_ARGUMENT_MAX)) and int(digits) <= _ARGUMENT_MAX
