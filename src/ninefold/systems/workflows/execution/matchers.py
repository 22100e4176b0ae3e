"""Problem matchers: they find errors of compilers and linters in the output of a step.

Follows actions/runner, `Runner.Worker/IssueMatcher.cs`. A matcher has one pattern, or several for lines that follow
each other, of which the last can repeat (`loop`).
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import regex

from ninefold.systems.workflows.execution.errors import MatcherError

MATCH_TIMEOUT_S: Final = 1.0
"""How long one pattern may take for one line."""

FIELDS: Final = ("file", "line", "column", "severity", "code", "message", "from_path")

_SEVERITIES: Final = frozenset({"", "error", "warning", "notice"})


class Pattern(msgspec.Struct, frozen=True, rename="camel"):
    """A regular expression, and the number of the group that has each field."""

    regexp: str
    file: int | None = None
    line: int | None = None
    column: int | None = None
    severity: int | None = None
    code: int | None = None
    message: int | None = None
    from_path: int | None = None
    loop: bool = False


class MatcherConfig(msgspec.Struct, frozen=True, rename="camel"):
    """A matcher as it is in a file."""

    owner: str = ""
    severity: str = ""
    from_path: str = ""
    pattern: Sequence[Pattern] = ()


class _File(msgspec.Struct, frozen=True, rename="camel"):
    problem_matcher: Sequence[MatcherConfig] = ()


class Problem(msgspec.Struct, frozen=True):
    """What a matcher found; fields that no group had are None."""

    file: str | None = None
    line: str | None = None
    column: str | None = None
    severity: str | None = None
    code: str | None = None
    message: str | None = None
    from_path: str | None = None


def read_matchers(content: bytes) -> Sequence[MatcherConfig]:
    """Read and check a file of problem matchers.

    Raises:
        MatcherError: the content isn't JSON of this form, or a matcher contradicts itself.
    """
    try:
        configs = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=_File).problem_matcher
    except msgspec.MsgspecError as error:
        raise MatcherError(f"The file isn't a list of problem matchers: {error}") from error
    owners: set[str] = set()
    for config in configs:
        _check(config)
        if config.owner.lower() in owners:
            raise MatcherError(f"Duplicate owner name '{config.owner}'")
        owners.add(config.owner.lower())
    return configs


class Matcher:
    """A matcher at work on one stream of lines. A matcher has its own state for each stream."""

    def __init__(self, config: MatcherConfig) -> None:
        self.owner = config.owner
        self._config = config
        self._patterns = [(pattern, _compile(pattern)) for pattern in config.pattern]
        self._state: list[Problem | None] = []
        self.reset()

    def reset(self) -> None:
        """Forget the lines before."""
        self._state = [None] * (len(self._patterns) - 1)

    def match(self, line: str) -> Problem | None:
        """Return the problem that ends with this line.

        Raises:
            TimeoutError: a pattern took longer than `MATCH_TIMEOUT_S`.
        """
        last = len(self._patterns) - 1
        for index in range(last, -1, -1):
            before = self._state[index - 1] if index else Problem()
            if before is None:
                continue
            found = self._find(index, line, before)
            if index < last:
                self._state[index] = found
            elif found is not None:
                self._finish(before)
                return self._with_defaults(found)
            elif index:
                self._state[index - 1] = None
        return None

    def _find(self, index: int, line: str, before: Problem) -> Problem | None:
        pattern, expression = self._patterns[index]
        match = expression.search(line, timeout=MATCH_TIMEOUT_S)
        if match is None:
            return None
        fields = {field: _field(match, getattr(pattern, field), getattr(before, field)) for field in FIELDS}
        return Problem(**fields)

    def _finish(self, before: Problem) -> None:
        self.reset()
        if self._patterns[-1][0].loop:
            self._state[-1] = before

    def _with_defaults(self, problem: Problem) -> Problem:
        return msgspec.structs.replace(
            problem,
            severity=problem.severity or self._config.severity,
            from_path=problem.from_path or self._config.from_path,
        )


def _field(match: "regex.Match[str]", group: int | None, before: str | None) -> str | None:
    if before is not None or group is None:
        return before
    return match[group] or ""


def _check(config: MatcherConfig) -> None:
    if not config.owner:
        raise MatcherError("Owner must not be empty")
    if config.severity.lower() not in _SEVERITIES:
        raise MatcherError(f"Matcher '{config.owner}' contains unexpected default severity '{config.severity}'")
    if not config.pattern:
        raise MatcherError(f"Matcher '{config.owner}' does not contain any patterns")
    for index, pattern in enumerate(config.pattern):
        _check_loop(pattern, is_last_of_several=0 < index == len(config.pattern) - 1)
    _check_groups(config.pattern)


def _check_loop(pattern: Pattern, *, is_last_of_several: bool) -> None:
    if pattern.loop and not is_last_of_several:
        raise MatcherError("Only the last pattern in a multiline matcher may set 'loop'")
    if pattern.loop and pattern.message is None:
        raise MatcherError("The loop pattern must set 'message'")


def _check_groups(patterns: Sequence[Pattern]) -> None:
    seen: set[str] = set()
    for pattern in patterns:
        group_count = _compile(pattern).groups
        for field in FIELDS:
            group = getattr(pattern, field)
            if group is None:
                continue
            name = "fromPath" if field == "from_path" else field
            if field in seen:
                raise MatcherError(f"The property '{name}' is set twice")
            if not 0 <= group <= group_count:
                raise MatcherError(f"The property '{name}' is set to {group} which is out of range")
            seen.add(field)
    if "message" not in seen:
        raise MatcherError("At least one pattern must set 'message'")


def _compile(pattern: Pattern) -> "regex.Pattern[str]":
    try:
        return regex.compile(pattern.regexp, regex.ASCII)
    except regex.error as error:
        raise MatcherError(f"Invalid regular expression '{pattern.regexp}': {error}") from error
