"""Collects what is wrong in a file, so that several problems are reported at once."""

from typing import Final, Literal

from ninefold.systems.workflows.errors import InvalidFileError, Problem
from ninefold.systems.workflows.model.templates import Position

PROBLEMS_MAX: Final = 10
"""Problems that are reported of a file."""

MESSAGE_LENGTH_MAX: Final = 500
"""Characters of a message."""


class StopReadingError(Exception):
    """The rest of the file can't be read, because of what `Problems` has already."""


class Problems:
    """The problems of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Problem] = []
        self._warnings: list[Problem] = []

    def add(self, message: str, position: Position | None = None, *, remedy: str | None = None) -> None:
        """Add a problem; those after the tenth are dropped."""
        if len(self._found) < PROBLEMS_MAX:
            self._found.append(self._problem(message, position, remedy, "error"))

    def warn(self, message: str, position: Position, *, remedy: str) -> None:
        """Add a warning, which doesn't keep the file from being read; those after the tenth are dropped."""
        if len(self._warnings) < PROBLEMS_MAX:
            self._warnings.append(self._problem(message, position, remedy, "warning"))

    def _problem(
        self, message: str, position: Position | None, remedy: str | None, severity: Literal["error", "warning"]
    ) -> Problem:
        if len(message) > MESSAGE_LENGTH_MAX:
            message = f"{message[:MESSAGE_LENGTH_MAX]}[...]"
        return Problem(
            file=self.file if position is None else position.file,
            line=None if position is None else position.line,
            column=None if position is None else position.column,
            message=message,
            remedy=remedy,
            severity=severity,
        )

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """All warnings."""
        return tuple(self._warnings)

    def stop(self, message: str, position: Position | None = None, *, remedy: str | None = None) -> StopReadingError:
        """Add a problem, and return the error to raise because the rest can't be read."""
        self.add(message, position, remedy=remedy)
        return StopReadingError()

    def check(self) -> None:
        """Raise an `InvalidFileError` if there are problems."""
        if self._found:
            raise InvalidFileError(self._found)
