"""What a program of an action needs: inputs, outputs, state, messages for the log, and how it fails."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_INTERRUPTED: Final = 130


class ActionFailedError(Exception):
    """The action fails with this message."""


def run_program(**stages: Callable[[], None]) -> None:
    """Run the stage that the command line names, `main` or `post`, and end with its exit code."""
    try:
        stages[sys.argv[1]]()
    except ActionFailedError as error:
        say(f"::error::{_escape(str(error))}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def text_input(name: str) -> str:
    """Return an input without the white space around it; an empty text if it isn't given."""
    return os.environ.get(f"INPUT_{name.upper()}", "").strip()


def flag_input(name: str) -> bool:
    """Return an input that is true or false; an empty one is false.

    Raises:
        ActionFailedError: it is neither.
    """
    text = text_input(name)
    if text and text not in _TRUE | _FALSE:
        raise ActionFailedError(f"The input {name} is '{text}', but must be true or false.")
    return text in _TRUE


def number_input(name: str, *, least: int, most: int) -> int | None:
    """Return an input that is a whole number, or None if it is empty.

    Raises:
        ActionFailedError: it isn't a number from `least` to `most`.
    """
    text = text_input(name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ActionFailedError(f"The input {name} is '{text}', but must be a number from {least:,} to {most:,}.")
    return int(text)


def variable(name: str) -> str:
    """Return a variable that the runner sets.

    Raises:
        ActionFailedError: it isn't set.
    """
    value = os.environ.get(name, "")
    if not value:
        raise ActionFailedError(f"The variable {name} isn't set: this action only works in a job.")
    return value


def set_output(name: str, value: str) -> None:
    """Set an output of the step."""
    _append("GITHUB_OUTPUT", name, value)


def save_state(values: Mapping[str, str]) -> None:
    """Keep values for the stage `post`, which gets them by `saved_state`."""
    for name, value in values.items():
        _append("GITHUB_STATE", name, value)


def saved_state(name: str) -> str:
    """Return what the stage `main` has saved, or an empty text."""
    return os.environ.get(f"STATE_{name}", "")


def say(line: str) -> None:
    """Write a line into the log."""
    print(line, flush=True)  # noqa: T201 - standard output is the log of a step.


def warn(message: str) -> None:
    """Write a warning into the log, which people also see as an annotation."""
    say(f"::warning::{_escape(message)}")


def mask(secret: str) -> None:
    """Hide a text in all that the job says from now on."""
    say(f"::add-mask::{_escape(secret)}")


def _append(file: str, name: str, value: str) -> None:
    if "\n" in value or "\r" in value:
        raise ActionFailedError(f"The value of {name} has more than one line.")
    with Path(variable(file)).open("a", encoding="utf-8") as stream:
        stream.write(f"{name}={value}\n")


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
