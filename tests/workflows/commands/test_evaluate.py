import io
import json
from typing import Any

import pytest

from ninefold.edge.cli import run
from ninefold.systems.workflows.commands import evaluate


class Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def answers(content: bytes, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> list[Any]:
    monkeypatch.setattr("sys.stdin", Stdin(content))

    assert run(["workflows", "evaluate", "--ndjson"]) == 0

    return [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]


def test_each_line_gets_a_line_with_its_value(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    lines = [
        {"expr": "1"},
        {"expr": "matrix.OS", "contexts": {"Matrix": {"os": ["a", 1.5, None]}}},
        {"expr": "github", "contexts": {"github": {"b": True, "a": {}}}},
        {"expr": "0 / 0"},
        {"expr": "NaN"},
        {"expr": "failure()", "status": "failure"},
        {"expr": "secrets.x", "contexts": {"github": {}}},
    ]
    content = b"\n\n".join(json.dumps(line).encode() for line in lines)

    assert answers(content, monkeypatch, capfdbinary) == [
        {"result": {"kind": "Number", "value": 1}},
        {"result": {"kind": "Array", "value": ["a", 1.5, None]}},
        {"result": {"kind": "Object", "value": {"b": True, "a": {}}}},
        {
            "error": {
                "kind": "lexing",
                "message": "Unexpected symbol: '/'. Located at position 3 within expression: 0 / 0",
            }
        },
        {"result": {"kind": "Number", "value": None}},
        {"result": {"kind": "Boolean", "value": True}},
        {
            "error": {
                "kind": "parsing",
                "message": "Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.x",
            }
        },
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"expr": 1}',
        b'{"contexts": {}}',
        b'{"expr": "a", "contexts": []}',
        b"\xff\xfe",
        b'{"expr": "1", "contexts": {"a": ' + b"[" * 100_000,
        b'{"expr": "' + b"x" * 300 + b'"}',
    ],
)
def test_a_line_that_is_not_valid_gets_an_error_and_the_next_one_its_value(
    line: bytes, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(evaluate, "LINE_BYTES_MAX", 200_000 if len(line) > 1_000 else 200)

    first, second = answers(line + b'\n{"expr": "true"}\n', monkeypatch, capfdbinary)

    assert first["error"]["kind"] == "input"
    assert second == {"result": {"kind": "Boolean", "value": True}}


def test_contexts_that_are_nested_deeply_get_an_answer(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    nested = b"[" * 900 + b"]" * 900
    line = b'{"expr": "toJSON(a)", "contexts": {"a": ' + nested + b"}}"

    (answer,) = answers(line, monkeypatch, capfdbinary)

    assert set(answer) <= {"result", "error"}


def test_one_expression_is_evaluated_without_contexts(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["workflows", "evaluate", "format('{0}', 1e20)"]) == 0

    assert json.loads(capfdbinary.readouterr().out) == {"result": {"kind": "String", "value": "1E+20"}}


@pytest.mark.parametrize("arguments", [[], ["1", "--ndjson"]])
def test_an_expression_and_a_stream_exclude_each_other(
    arguments: list[str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["workflows", "evaluate", *arguments]) == 1

    assert b"either an expression or --ndjson" in capfdbinary.readouterr().err
