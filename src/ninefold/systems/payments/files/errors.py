"""The error of a file that can't be read or written."""

from ninefold.core.errors import InvalidInputError


class BankFileError(InvalidInputError):
    """A bank's file doesn't follow its format, or contradicts itself.

    Args:
        detail: what is wrong, in one sentence.
        line: the number of the line, from 1; None if it concerns the whole file.
        name: the name of the field or element; None if it concerns the whole line.
        remedy: what to do about it, in one sentence.
    """

    code = "invalid_bank_file"
    title = "Invalid bank file"

    def __init__(
        self, detail: str, *, line: int | None = None, name: str | None = None, remedy: str | None = None
    ) -> None:
        place = ", ".join(filter(None, ("" if line is None else f"line {line}", name)))
        super().__init__(
            f"{place[0].upper()}{place[1:]}: {detail}" if place else detail, field=place or None, remedy=remedy
        )
        self.line = line
        self.name = name
