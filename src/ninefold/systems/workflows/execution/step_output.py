"""What a step writes: workflow commands are carried out, problem matchers find errors, the rest goes into the log."""

import re
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.command_handlers import CommandHandler
from ninefold.systems.workflows.execution.commands import parse_command
from ninefold.systems.workflows.execution.lines import LinePart
from ninefold.systems.workflows.execution.matchers import Matcher, MatcherConfig, Problem
from ninefold.systems.workflows.execution.report import Level
from ninefold.systems.workflows.execution.step_log import LongLine, StepLog
from ninefold.systems.workflows.execution.step_state import StepState

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m?")

_TIMEOUTS_MAX: Final = 3
"""Lines for which a matcher can take too long before it is removed."""

_LEVELS: Final[dict[str, Level]] = {"": "error", "error": "error", "warning": "warning", "notice": "notice"}


class StepOutput:
    """One of the two output streams of a step's process."""

    def __init__(self, state: StepState, log: StepLog, commands: CommandHandler, *, workspace: str) -> None:
        self._state = state
        self._log = log
        self._commands = commands
        self._workspace = Path(workspace)
        self._matchers = _MatcherSet()
        self._long_line: LongLine | None = None

    async def take(self, part: LinePart) -> None:
        """Take a line, or a part of a long one."""
        if part.is_whole:
            self._take_line(part.text)
        else:
            self._take_part(part)
        await self._log.flush()

    def _take_part(self, part: LinePart) -> None:
        if self._long_line is None:
            self._long_line = self._log.long_line()
        self._long_line.part(part.text, is_last=part.is_last)
        if part.is_last:
            self._long_line = None

    def _take_line(self, line: str) -> None:
        command = parse_command(line, names=self._commands.names)
        if command is not None and self._commands.handle(line, command):
            return
        if self._state.job.matchers and self._find_problem(_COLOUR.sub("", line)):
            return
        self._log.write(line)

    def _find_problem(self, line: str) -> bool:
        """Make the line an annotation if a matcher finds a problem in it."""
        self._matchers.use(self._state.job.matchers)
        found = self._matchers.match(line)
        for config, error in self._matchers.take_failed():
            self._log.write_warning(f"Removing issue matcher '{config.owner}'. {error}")
            self._state.job.remove_matchers([config.owner])
        if found is None or not (found.message or "").strip():
            return False
        level = _LEVELS.get((found.severity or "").lower())
        if level is None:
            self._log.write_debug(f"Skipped a problem, because the severity '{found.severity}' is not supported.")
            return False
        properties = {"file": self._file(found), "line": found.line or "", "col": found.column or ""}
        self._log.annotate(level, found.message or "", properties=properties, line_text=line)
        return True

    def _file(self, problem: Problem) -> str:
        """Return the path of the file that a problem is in, or nothing if it isn't a file of the workspace."""
        if not problem.file:
            return ""
        folder = Path(problem.from_path).parent if problem.from_path else Path()
        file = (self._workspace / folder / problem.file).resolve()
        is_here = file.is_relative_to(self._workspace.resolve()) and file.exists()
        return str(file.relative_to(self._workspace.resolve())) if is_here else ""


class _MatcherSet:
    """The matchers of a stream, each with the lines that it remembers."""

    def __init__(self) -> None:
        self._matchers: dict[int, tuple[MatcherConfig, Matcher]] = {}
        self._timeouts: dict[int, int] = {}
        self._failed: list[tuple[MatcherConfig, str]] = []

    def use(self, configs: list[MatcherConfig]) -> None:
        """Use these matchers; those that were used before remember their lines."""
        self._matchers = {id(config): self._matchers.get(id(config)) or (config, Matcher(config)) for config in configs}

    def match(self, line: str) -> Problem | None:
        """Return the problem that the first matcher finds; then the others forget their lines."""
        for key, (config, matcher) in self._matchers.items():
            try:
                problem = matcher.match(line)
            except TimeoutError as error:
                self._count_timeout(key, config, error)
                continue
            if problem is not None:
                for other_key, (_, other) in self._matchers.items():
                    if other_key != key:
                        other.reset()
                return problem
        return None

    def take_failed(self) -> list[tuple[MatcherConfig, str]]:
        """Return the matchers that have to be removed, each with why."""
        failed, self._failed = self._failed, []
        return failed

    def _count_timeout(self, key: int, config: MatcherConfig, error: TimeoutError) -> None:
        self._timeouts[key] = self._timeouts.get(key, 0) + 1
        if self._timeouts[key] >= _TIMEOUTS_MAX:
            self._failed.append((config, f"Matcher failed {_TIMEOUTS_MAX} times. Error: {error}"))
