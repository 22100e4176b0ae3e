"""Parses expressions, by precedence: `!`, then `< <= > >=`, then `== !=`, then `&&`, then `||`."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions.allowed import ANYTHING, Allowed
from ninefold.systems.workflows.expressions.syntax import (
    DEPTH_MAX,
    Call,
    Comparison,
    Constant,
    Context,
    Expression,
    Index,
    Logical,
    Node,
    Not,
    children_of,
)
from ninefold.systems.workflows.expressions.tokens import Token, TokenKind, located_error, split_tokens
from ninefold.systems.workflows.model.values import fold

CACHED_MAX: Final = 2_048
"""Expressions that are kept parsed."""

CACHED_LENGTH_MAX: Final = 1_000
"""Characters of an expression that is kept; longer ones would take too much memory."""

_PRECEDENCES: Final[Mapping[str, int]] = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4}


def parse(text: str, *, allowed: Allowed = ANYTHING) -> Expression:
    """Parse an expression: what is written between `${{` and `}}`.

    Args:
        text: the expression.
        allowed: the contexts and functions that it may use.

    Raises:
        ExpressionError: it can't be parsed; the kind is `lexing` or `parsing`, the words are GitHub's.
    """
    return _parse_cached(text, allowed) if len(text) <= CACHED_LENGTH_MAX else _parse(text, allowed)


def _parse(text: str, allowed: Allowed) -> Expression:
    tokens = split_tokens(text)
    if not tokens:
        return Expression(text, None)
    root = _Parser(text, tokens, allowed).parse()
    _check_depth(root)
    return Expression(text, root)


_parse_cached = lru_cache(maxsize=CACHED_MAX)(_parse)


class _Parser:
    def __init__(self, text: str, tokens: list[Token], allowed: Allowed) -> None:
        self._text = text
        self._tokens = tokens
        self._allowed = allowed
        self._next = 0
        self._nesting = 0

    def parse(self) -> Node:
        node = self._expression()
        if self._next < len(self._tokens):
            raise self._unexpected(self._tokens[self._next])
        return node

    def _expression(self) -> Node:
        """Read an expression that ends where no operator follows; those in brackets count as nested."""
        self._nesting += 1
        if self._nesting > DEPTH_MAX:
            raise _too_deep()
        node = self._binary(self._unary(), precedence_min=1)
        self._nesting -= 1
        return node

    def _binary(self, left: Node, *, precedence_min: int) -> Node:
        """Read the operators of at least this precedence that follow an operand, with their right sides."""
        while (operator := self._peek_operator()) and (precedence := _PRECEDENCES[operator]) >= precedence_min:
            self._next += 1
            right = self._unary()
            while (other := self._peek_operator()) and _PRECEDENCES[other] > precedence:
                right = self._binary(right, precedence_min=precedence + 1)
            left = _joined(operator, left, right)
        return left

    def _peek_operator(self) -> str | None:
        if self._next >= len(self._tokens):
            return None
        token = self._tokens[self._next]
        return token.text if token.kind is TokenKind.OPERATOR and token.text != "!" else None

    def _unary(self) -> Node:
        negations = 0
        while self._accepts("!"):
            negations += 1
        node = self._postfix()
        for _ in range(negations):
            node = Not(node)
        return node

    def _postfix(self) -> Node:
        """Read an operand, and the `.name`, `.*` and `[key]` that follow it."""
        token = self._take()
        if token.kind is TokenKind.LITERAL:
            return Constant(token.value)
        node = self._primary(token)
        while True:
            if self._accepts("."):
                node = Index(node, self._property())
            elif self._accepts("["):
                node = Index(node, None if self._accepts("*") else self._expression())
                self._expect("]")
            else:
                return node

    def _primary(self, token: Token) -> Node:
        if token.kind is TokenKind.NAME:
            return self._call(token) if self._accepts("(") else self._context(token)
        if token.kind is TokenKind.PUNCTUATION and token.text == "(":
            node = self._expression()
            self._expect(")")
            return node
        raise self._unexpected(token)

    def _property(self) -> Node | None:
        token = self._take()
        if token.kind is TokenKind.PROPERTY:
            return Constant(token.text)
        if token.text == "*":
            return None
        raise self._unexpected(token)

    def _context(self, token: Token) -> Node:
        folded = fold(token.text)
        if self._allowed.contexts is not None and folded not in self._allowed.contexts:
            raise self._error("Unrecognized named-value", token)
        return Context(token.text, folded)

    def _call(self, token: Token) -> Node:
        name = token.text.lower()
        arity = self._allowed.arity(name)
        if arity is None:
            raise self._error("Unrecognized function", token)
        arguments = self._arguments()
        if len(arguments) < arity.least:
            raise self._error("Too few parameters supplied", token)
        if len(arguments) > arity.most:
            raise self._error("Too many parameters supplied", token)
        if name == "case" and len(arguments) % 2 == 0:
            raise self._error("Even number of parameters supplied, requires an odd number of parameters", token)
        return Call(name, tuple(arguments))

    def _arguments(self) -> list[Node]:
        if self._accepts(")"):
            return []
        arguments = [self._expression()]
        while self._accepts(","):
            arguments.append(self._expression())
        self._expect(")")
        return arguments

    def _accepts(self, text: str) -> bool:
        """Take the next token if it is this operator or punctuation; return whether it was."""
        if self._next < len(self._tokens) and self._is_next(text):
            self._next += 1
            return True
        return False

    def _is_next(self, text: str) -> bool:
        token = self._tokens[self._next]
        return token.text == text and token.kind in {TokenKind.PUNCTUATION, TokenKind.OPERATOR}

    def _expect(self, text: str) -> None:
        token = self._take()
        if token.text != text or token.kind is not TokenKind.PUNCTUATION:
            raise self._unexpected(token)

    def _take(self) -> Token:
        if self._next >= len(self._tokens):
            raise self._error("Unexpected end of expression", self._tokens[-1])
        self._next += 1
        return self._tokens[self._next - 1]

    def _unexpected(self, token: Token) -> ExpressionError:
        return self._error("Unexpected symbol", token)

    def _error(self, description: str, token: Token) -> ExpressionError:
        return located_error("parsing", description, self._text, token.text, token.offset)


def _joined(operator: str, left: Node, right: Node) -> Node:
    """Return a node of two operands; `a && b && c` is one node with three, as in GitHub's parser."""
    if operator not in {"&&", "||"}:
        return Comparison(operator, left, right)
    operands: list[Node] = []
    for side in (left, right):
        if isinstance(side, Logical) and side.operator == operator:
            operands.extend(side.operands)
        else:
            operands.append(side)
    return Logical(operator, tuple(operands))


def _check_depth(root: Node) -> None:
    waiting = [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEPTH_MAX:
            raise _too_deep()
        waiting.extend((child, depth + 1) for child in children_of(node))


def _too_deep() -> ExpressionError:
    return ExpressionError("parsing", f"Exceeded max expression depth {DEPTH_MAX}")
