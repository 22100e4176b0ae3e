"""Reading the files through which a step sets outputs, variables and state: `name=value` and `name<<delimiter`.

Follows actions/runner, `EnvFileKeyValuePairs` in `Runner.Worker/FileCommandManager.cs`, with its messages.
"""

from collections.abc import Iterator

from ninefold.systems.workflows.execution.errors import FileCommandError


def read_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield names and values in the order of the file.

    Raises:
        FileCommandError: a line is neither form, or the end of a value is missing. The pairs before it were yielded.
    """
    lines = _Lines(text)
    while (line := lines.next()) is not None:
        if line:
            yield _read_pair(line, lines)


def _read_pair(line: str, lines: "_Lines") -> tuple[str, str]:
    equals, heredoc = line.find("="), line.find("<<")
    if equals >= 0 and (heredoc < 0 or equals < heredoc):
        return line[:equals], line[equals + 1 :]
    if heredoc < 0:
        raise FileCommandError(f"Invalid format '{line}'")
    name, delimiter = line[:heredoc], line[heredoc + 2 :]
    if not name or not delimiter:
        raise FileCommandError(f"Invalid format '{line}'. Name must not be empty and delimiter must not be empty")
    return name, lines.until(delimiter)


class _Lines:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._has_end = False

    def next(self) -> str | None:
        """Return the next line without its end, or None after the last."""
        if self._position >= len(self._text):
            return None
        start = self._position
        end = self._text.find("\n", start)
        self._has_end = end >= 0
        self._position = end + 1 if self._has_end else len(self._text)
        return self._text[start : end if self._has_end else None]

    def until(self, delimiter: str) -> str:
        """Return the text up to the line that is the delimiter, without the line feed before it."""
        start = end = self._position
        while (line := self.next()) != delimiter:
            if line is None:
                raise FileCommandError(f"Invalid value. Matching delimiter not found '{delimiter}'")
            if not self._has_end:
                raise FileCommandError("Invalid value. EOF marker missing new line.")
            end = self._position - 1
        return self._text[start:end]
