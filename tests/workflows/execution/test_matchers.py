import json
import re
import time
from typing import Any

import pytest

from ninefold.systems.workflows.execution.errors import MatcherError
from ninefold.systems.workflows.execution.matchers import Matcher, Problem, read_matchers

GCC = {
    "regexp": r"^(.+):(\d+):(\d+): (warning|error): (.+)$",
    "file": 1,
    "line": 2,
    "column": 3,
    "severity": 4,
    "message": 5,
}
ESLINT = [
    {"regexp": r"^([^\s].*)$", "file": 1},
    {
        "regexp": r"^\s+(\d+):(\d+)\s+(error|warning)\s+(.*)$",
        "line": 1,
        "column": 2,
        "severity": 3,
        "message": 4,
        "loop": True,
    },
]


def matcher_of(*patterns: dict[str, Any], **properties: str) -> Matcher:
    content = {"problemMatcher": [{"owner": "test", "pattern": patterns, **properties}]}
    return Matcher(read_matchers(json.dumps(content).encode())[0])


def test_a_single_pattern_finds_a_problem() -> None:
    assert matcher_of(GCC).match("a.c:3:14: error: expected ;") == Problem(
        "a.c", "3", "14", "error", None, "expected ;", ""
    )


def test_a_loop_repeats_its_last_pattern() -> None:
    matcher = matcher_of(*ESLINT)
    lines = [
        "src/a.js",
        "  1:2  error  one",
        "  3:4  warning  two",
        "done",
        "  5:6  error  three",
        "",
        " 7:8  error  no",
    ]
    found = [matcher.match(line) for line in lines]
    assert [(each.file, each.line, each.message) if each else None for each in found] == [
        None,
        ("src/a.js", "1", "one"),
        ("src/a.js", "3", "two"),
        None,
        ("done", "5", "three"),
        None,
        None,
    ]


def test_lines_of_several_patterns_must_follow_each_other() -> None:
    matcher = matcher_of(
        {"regexp": "^in (.+)$", "file": 1}, {"regexp": "^at (.+)$", "line": 1}, {"regexp": "^(E.+)$", "message": 1}
    )
    assert [matcher.match(line) for line in ["in a", "at 1", "other", "E1"]] == [None] * 4
    assert [matcher.match(line) for line in ["in a", "at 1"]] == [None] * 2
    assert matcher.match("E2") == Problem("a", "1", None, "", None, "E2", "")


def test_defaults_are_used_where_no_group_has_a_value() -> None:
    found = matcher_of({"regexp": "^W: (.+)$", "message": 1}, severity="warning", fromPath="app/build.log").match(
        "W: x"
    )
    assert found is not None
    assert (found.severity, found.from_path) == ("warning", "app/build.log")


def test_a_pattern_that_takes_too_long_is_given_up() -> None:
    matcher = matcher_of({"regexp": r"^((a|aa)+)$", "message": 1})
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        matcher.match("a" * 60 + "!")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("matcher", "message"),
    [
        ({"pattern": [GCC]}, "Owner must not be empty"),
        ({"owner": "a", "severity": "fatal", "pattern": [GCC]}, "unexpected default severity 'fatal'"),
        ({"owner": "a"}, "does not contain any patterns"),
        ({"owner": "a", "pattern": [{"regexp": "x"}]}, "At least one pattern must set 'message'"),
        ({"owner": "a", "pattern": [{"regexp": "(x)", "message": 2}]}, "'message' is set to 2 which is out of range"),
        (
            {"owner": "a", "pattern": [{"regexp": "x", "message": 0, "loop": True}]},
            "Only the last pattern in a multiline",
        ),
        ({"owner": "a", "pattern": [GCC, GCC]}, "The property 'file' is set twice"),
        ({"owner": "a", "pattern": [{"regexp": "(", "message": 0}]}, "Invalid regular expression"),
        ({"owner": 3}, "isn't a list of problem matchers"),
    ],
)
def test_invalid_matchers_are_refused(matcher: dict[str, Any], message: str) -> None:
    with pytest.raises(MatcherError, match=re.escape(message)):
        read_matchers(json.dumps({"problemMatcher": [matcher]}).encode())


def test_an_owner_is_there_only_once() -> None:
    both = [{"owner": owner, "pattern": [GCC]} for owner in ("gcc", "GCC")]
    with pytest.raises(MatcherError, match="Duplicate owner name 'GCC'"):
        read_matchers(json.dumps({"problemMatcher": both}).encode())
