"""The ids of jobs and steps: which are valid, and those of steps that have none."""

from ninefold.systems.workflows.expressions.tokens import is_name
from ninefold.systems.workflows.model.values import fold

ID_LENGTH_MAX = 100
"""Ids must be shorter."""

RESERVED_PREFIX = "__"


def wrong_id(text: str) -> str | None:
    """Return what is wrong with an id, or None if it is valid."""
    if not is_name(text) or len(text) >= ID_LENGTH_MAX:
        return (
            f"The identifier '{text}' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. "
            f"IDs must start with a letter or '_' and and must be less than {ID_LENGTH_MAX} characters."
        )
    if text.startswith(RESERVED_PREFIX):
        return f"The identifier '{text}' is invalid. IDs starting with '{RESERVED_PREFIX}' are reserved."
    return None


class StepIds:
    """The ids of the steps of one job, which are different even if the case is ignored."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, text: str) -> str | None:
        """Add an id that was written; return what is wrong with it, or None."""
        if wrong := wrong_id(text):
            return wrong
        if fold(text) in self._known:
            return f"The identifier '{text}' may not be used more than once within the same scope."
        self._known.add(fold(text))
        return None

    def make(self, name: str) -> str:
        """Return a new id for a step without one: `__run`, and then `__run_2`."""
        base = RESERVED_PREFIX + "".join(each if each.isascii() and is_name(f"_{each}") else "_" for each in name)
        number = 1
        while True:
            suffix = "" if number == 1 else f"_{number}"
            candidate = base[: ID_LENGTH_MAX - len(suffix)] + suffix
            if fold(candidate) not in self._known:
                self._known.add(fold(candidate))
                return candidate
            number += 1
