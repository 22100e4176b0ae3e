"""The command `ninefold workflows evaluate`: evaluates expressions, for tests and for other programs."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions import (
    Conclusion,
    Status,
    allow_contexts,
    evaluate,
    hash_files_in,
    make_scope,
    parse,
)
from ninefold.systems.workflows.model.values import kind_of, to_json_data

LINE_BYTES_MAX: Final = 10 * 1024 * 1024
"""Bytes of a line of the input."""

Ndjson = Annotated[bool, Parameter(negative="", show_default=False)]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the input."""

    expr: str
    # Contexts are any JSON.
    contexts: Mapping[str, Any] | None = None
    status: Conclusion = "success"


def evaluate_expressions(expression: str | None = None, /, *, ndjson: Ndjson = False) -> None:
    """Evaluate an expression without contexts, or many with theirs, and print the results as JSON.

    Args:
        expression: what is written between `${{` and `}}`.
        ndjson: read lines `{"expr": "…", "contexts": {…}}` from standard input, and write a line for each:
            `{"result": {"kind": "Number", "value": 3}}` or `{"error": {"kind": "parsing", "message": "…"}}`.
    """
    if ndjson is (expression is not None):
        raise InvalidInputError("Give either an expression or --ndjson.")
    if expression is not None:
        _write(sys.stdout.buffer, answer(msgspec.json.encode({"expr": expression})))
        return
    for line in _lines(sys.stdin.buffer):
        _write(sys.stdout.buffer, answer(line))


def answer(line: bytes) -> bytes:
    """Return the answer to a line of the input, without a line break. A line that isn't valid gets an error."""
    try:
        question = msgspec.json.decode(line, type=Question)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _error("input", f"The line isn't valid: {error}")
    try:
        value = _evaluate(question)
    except ExpressionError as error:
        return _error(error.kind, error.message)
    except RecursionError:
        return _error("evaluation", "The contexts are nested too deeply")
    return msgspec.json.encode({"result": {"kind": kind_of(value), "value": to_json_data(value)}})


# The value is any kind of value.
def _evaluate(question: Question) -> Any:
    contexts = question.contexts or {}
    expression = parse(question.expr, allowed=allow_contexts(contexts))
    status = Status(conclusion=question.status)
    return evaluate(expression, make_scope(contexts, status=status, hash_files=hash_files_in(Path())))


def _error(kind: str, message: str) -> bytes:
    return msgspec.json.encode({"error": {"kind": kind, "message": message}})


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines that aren't blank; of a line that is too long, yield its beginning, which isn't valid JSON."""
    while line := stream.readline(LINE_BYTES_MAX + 1):
        if len(line) > LINE_BYTES_MAX:
            while not line.endswith(b"\n") and (rest := stream.readline(LINE_BYTES_MAX)):
                line = line[:LINE_BYTES_MAX] + rest[-1:]
        if line.strip():
            yield line[:LINE_BYTES_MAX]


def _write(stream: IO[bytes], line: bytes) -> None:
    stream.write(line + b"\n")
    stream.flush()
