"""Splits texts into what is literal and the expressions in `${{ }}`, and checks the expressions."""

from typing import Final, NamedTuple

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions import Allowed, parse
from ninefold.systems.workflows.expressions.syntax import Constant
from ninefold.systems.workflows.expressions.tokens import LENGTH_MAX
from ninefold.systems.workflows.model.templates import ExpressionPart, Insertion, Interpolation, Literal, Position
from ninefold.systems.workflows.reading.problems import Problems

OPENING: Final = "${{"
CLOSING: Final = "}}"
INSERT: Final = "insert"

_NOT_CLOSED: Final = (
    "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found."
)
_NOT_EMBEDDED: Final = (
    "The directive 'insert' is not allowed in this context. Directives are not supported for expressions that are "
    "embedded within a string. Directives are only supported when the entire value is an expression."
)


class _Piece(NamedTuple):
    """A piece of a text: literal, or the inside of `${{ }}`."""

    text: str
    is_expression: bool


def read_text(
    text: str, position: Position, *, allowed: Allowed, problems: Problems
) -> Literal | Interpolation | Insertion:
    """Return a text as a template. What is wrong in its expressions is added to `problems`."""
    if OPENING not in text:
        return Literal(text, position)
    pieces = _split(text)
    if pieces is None:
        problems.add(_NOT_CLOSED, position, remedy="Write ${{ '${{' }} for the text itself.")
        return Literal(text, position)
    if len(pieces) == 1 and pieces[0].text.strip() == INSERT:
        return Insertion(position)
    if _is_too_long(pieces):
        remedy = "Put the values of expressions into env, or the script into a file."
        problems.add(f"Exceeded max expression length {LENGTH_MAX}", position, remedy=remedy)
        return Literal(text, position)
    valid = [_is_valid(piece, position, allowed, problems) for piece in pieces]
    if not all(valid):
        return Literal(text, position)
    return _template(pieces, position)


def _split(text: str) -> list[_Piece] | None:
    """Return the pieces of a text, or None if an expression isn't closed."""
    pieces: list[_Piece] = []
    offset = 0
    while (start := text.find(OPENING, offset)) >= 0:
        end = _closing(text, start + len(OPENING))
        if end is None:
            return None
        if start > offset:
            pieces.append(_Piece(text[offset:start], is_expression=False))
        pieces.append(_Piece(text[start + len(OPENING) : end].strip(), is_expression=True))
        offset = end + len(CLOSING)
    if offset < len(text):
        pieces.append(_Piece(text[offset:], is_expression=False))
    return pieces


def _closing(text: str, offset: int) -> int | None:
    """Return the index of the next `}}` that isn't in a text of the expression."""
    while (end := text.find(CLOSING, offset)) >= 0:
        quote = text.find("'", offset, end)
        if quote < 0:
            return end
        closing_quote = text.find("'", quote + 1)
        if closing_quote < 0:
            return None
        offset = closing_quote + 1
    return None


def _is_valid(piece: _Piece, position: Position, allowed: Allowed, problems: Problems) -> bool:
    if not piece.is_expression:
        return True
    if piece.text == INSERT:
        problems.add(_NOT_EMBEDDED, position)
        return False
    return check_expression(piece.text, position, allowed=allowed, problems=problems)


def check_expression(text: str, position: Position, *, allowed: Allowed, problems: Problems) -> bool:
    """Return whether an expression can be parsed; if it can't, `problems` says why."""
    if not text:
        problems.add("An expression was expected", position, remedy="Write one between ${{ and }}.")
        return False
    try:
        parse(text, allowed=allowed)
    except ExpressionError as error:
        problems.add(error.message, position, remedy=_remedy(error, allowed))
        return False
    return True


def _remedy(error: ExpressionError, allowed: Allowed) -> str | None:
    if error.message.startswith("Unrecognized named-value") and allowed.contexts:
        names = ", ".join(sorted(name.lower() for name in allowed.contexts))
        return f"Available here: {names}."
    if error.message.startswith("Unexpected symbol: '\""):
        return "Texts are in single quotes."
    return None


def _is_too_long(pieces: list[_Piece]) -> bool:
    """Return whether a text would be too long as one call of `format`, which is what GitHub makes of it."""
    if len(pieces) == 1:
        return False
    escaped = sum(len(piece.text) + sum(map(piece.text.count, "'{}")) for piece in pieces if not piece.is_expression)
    arguments = sum(len(", ") + len(piece.text) + len("{0}") for piece in pieces if piece.is_expression)
    return len("format('')") + escaped + arguments > LENGTH_MAX


def _template(pieces: list[_Piece], position: Position) -> Literal | Interpolation:
    if len(pieces) == 1:
        root = parse(pieces[0].text).root
        if isinstance(root, Constant) and isinstance(root.value, str):
            return Literal(root.value, position)
    parts = (ExpressionPart(piece.text, position) if piece.is_expression else piece.text for piece in pieces)
    return Interpolation(tuple(parts), position)
