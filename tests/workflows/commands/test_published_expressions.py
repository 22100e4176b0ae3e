"""The cases that GitHub publishes for its own implementations (actions/languageservices, expressions/testdata, MIT).

As there, an error must contain the text of the case.
"""

import io
import json
from pathlib import Path
from typing import Any, Final

import pytest

from ninefold.edge.cli import run

CASES: Final = Path(__file__).parents[2] / "data" / "expressions"
CASES_COUNT: Final = 1_020


class Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_all_published_expressions_have_the_published_values_and_errors(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    cases = [
        case
        for path in sorted(CASES.glob("*.json"))
        for group in json.loads(path.read_text()).values()
        for case in group
    ]
    lines = [json.dumps({"expr": case["expr"], "contexts": case.get("contexts", {})}) for case in cases]
    monkeypatch.setattr("sys.stdin", Stdin("\n".join(lines).encode()))

    assert run(["workflows", "evaluate", "--ndjson"]) == 0

    answers = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert len(answers) == len(cases) == CASES_COUNT
    assert [
        (case, answer) for case, answer in zip(cases, answers, strict=True) if not is_as_published(case, answer)
    ] == []


def is_as_published(case: Any, answer: Any) -> bool:
    expected = case.get("err")
    if expected is None:
        return canonical(answer.get("result")) == canonical(case["result"])
    error = answer.get("error", {})
    return error.get("kind") == expected["kind"] and expected["value"] in error.get("message", "")


def canonical(data: Any) -> str:
    """Return JSON in which numbers are written in one way; as a text, since Python's 1 equals True."""
    return json.dumps(json.loads(json.dumps(data), parse_int=number, parse_float=number), sort_keys=True)


def number(text: str) -> float:
    """Return a number; -0 is written as 0, as JavaScript's JSON does."""
    return float(text) + 0.0
