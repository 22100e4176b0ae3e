"""Splits an expression into tokens, as GitHub's lexical analyser does."""

from enum import Enum, auto
from typing import Final, NamedTuple

from ninefold.systems.workflows.errors import ExpressionError, ExpressionErrorKind
from ninefold.systems.workflows.expressions.numbers import parse_number

LENGTH_MAX: Final = 21_000
"""Characters of an expression."""

_BOUNDARIES: Final = frozenset("([)],.!><=&|")
_PUNCTUATION: Final = frozenset("()[],*")
_OPERATORS: Final = frozenset({"!=", ">=", "<=", "==", "&&", "||", "!", ">", "<"})
_KEYWORDS: Final = {"null": None, "true": True, "false": False, "NaN": float("nan"), "Infinity": float("inf")}


class TokenKind(Enum):
    """The kind of a token."""

    PUNCTUATION = auto()
    OPERATOR = auto()
    LITERAL = auto()
    NAME = auto()
    """A context, or a function if `(` follows."""
    PROPERTY = auto()
    """A name after a dot."""


class Token(NamedTuple):
    """A token of an expression."""

    kind: TokenKind
    text: str
    """As it was written, with quotes."""
    offset: int
    """The index of its first character."""
    value: bool | float | str | None = None
    """Of a literal."""


def split_tokens(expression: str) -> list[Token]:
    """Return the tokens of an expression.

    Raises:
        ExpressionError: it is too long, or something in it is no token; the kind is `lexing`.
    """
    if len(expression) > LENGTH_MAX:
        raise ExpressionError("lexing", f"Exceeded max expression length {LENGTH_MAX}")
    tokens: list[Token] = []
    _Lexer(expression, tokens).split()
    return tokens


class _Lexer:
    """Appends the tokens of an expression to a list; what a dot is depends on the token before it."""

    def __init__(self, expression: str, tokens: list[Token]) -> None:
        self._expression = expression
        self._tokens = tokens

    def split(self) -> None:
        offset = 0
        while offset < len(self._expression):
            if self._expression[offset].isspace():
                offset += 1
                continue
            token = self._read(offset)
            self._tokens.append(token)
            offset += len(token.text)

    def _read(self, start: int) -> Token:
        first = self._expression[start]
        if first in _PUNCTUATION:
            return Token(TokenKind.PUNCTUATION, first, start)
        if first == "'":
            return self._read_string(start)
        if first in "!><=&|":
            return self._read_operator(start)
        if first == "." and not self._starts_operand():
            return Token(TokenKind.PUNCTUATION, first, start)
        if first in "+-." or "0" <= first <= "9":
            return self._read_number(start)
        return self._read_name(start)

    def _starts_operand(self) -> bool:
        """Return whether an operand can begin after the last token, so that a dot is that of a number."""
        if not self._tokens:
            return True
        last = self._tokens[-1]
        return last.kind is TokenKind.OPERATOR or (last.kind is TokenKind.PUNCTUATION and last.text in "([,")

    def _read_string(self, start: int) -> Token:
        end = start + 1
        while (end := self._expression.find("'", end)) >= 0:
            if not self._expression.startswith("''", end):
                text = self._expression[start : end + 1]
                return Token(TokenKind.LITERAL, text, start, text[1:-1].replace("''", "'"))
            end += 2
        raise self._unexpected(start, len(self._expression))

    def _read_operator(self, start: int) -> Token:
        for length in (2, 1):
            if (text := self._expression[start : start + length]) in _OPERATORS:
                return Token(TokenKind.OPERATOR, text, start)
        raise self._unexpected(start, self._end(start + 1))

    def _read_number(self, start: int) -> Token:
        end = self._end(start + 1)
        while end < len(self._expression) and self._expression[end] == ".":
            end = self._end(end + 1)
        text = self._expression[start:end]
        number = parse_number(text)
        if number is None:
            raise self._unexpected(start, end)
        return Token(TokenKind.LITERAL, text, start, number)

    def _read_name(self, start: int) -> Token:
        end = self._end(start + 1)
        text = self._expression[start:end]
        if not is_name(text):
            raise self._unexpected(start, end)
        if self._tokens and self._tokens[-1].text == "." and self._tokens[-1].kind is TokenKind.PUNCTUATION:
            return Token(TokenKind.PROPERTY, text, start)
        if text in _KEYWORDS:
            return Token(TokenKind.LITERAL, text, start, _KEYWORDS[text])
        return Token(TokenKind.NAME, text, start)

    def _end(self, offset: int) -> int:
        """Return the index of the next character that ends a number or a name."""
        expression = self._expression
        while offset < len(expression) and expression[offset] not in _BOUNDARIES and not expression[offset].isspace():
            offset += 1
        return offset

    def _unexpected(self, start: int, end: int) -> ExpressionError:
        return unexpected_symbol("lexing", self._expression, self._expression[start:end], start)


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a context, a function or a property."""
    if not text.isascii() or not (text[:1].isalpha() or text[:1] == "_"):
        return False
    return all(character.isalnum() or character in "_-" for character in text)


def unexpected_symbol(kind: ExpressionErrorKind, expression: str, text: str, offset: int) -> ExpressionError:
    """Return the error for a symbol that can't be where it is."""
    return located_error(kind, "Unexpected symbol", expression, text, offset)


def located_error(
    kind: ExpressionErrorKind, description: str, expression: str, text: str, offset: int
) -> ExpressionError:
    """Return an error that names a token and its position, which counts from 1."""
    message = f"{description}: '{text}'. Located at position {offset + 1} within expression: {expression}"
    return ExpressionError(kind, message, offset=offset)
