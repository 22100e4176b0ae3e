"""Which contexts and functions an expression may use; the grammar says it for each place in a file."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from ninefold.systems.workflows.model.values import fold

ARGUMENTS_MAX: Final = 255
"""Arguments of a call."""

_FUNCTION: Final = re.compile(r"([a-zA-Z0-9_]+)\(([0-9]+),([0-9]+|MAX)\)")


class Arity(NamedTuple):
    """How many arguments a function takes."""

    least: int
    most: int


BUILT_IN: Final[Mapping[str, Arity]] = {
    "case": Arity(3, ARGUMENTS_MAX),
    "contains": Arity(2, 2),
    "endswith": Arity(2, 2),
    "format": Arity(1, ARGUMENTS_MAX),
    "fromjson": Arity(1, 1),
    "join": Arity(1, 2),
    "startswith": Arity(2, 2),
    "tojson": Arity(1, 1),
}
"""The functions that can be used everywhere, by their names in lower case."""

STATUS_AND_FILES: Final[Mapping[str, Arity]] = {
    "always": Arity(0, 0),
    "cancelled": Arity(0, 0),
    "failure": Arity(0, ARGUMENTS_MAX),
    "success": Arity(0, ARGUMENTS_MAX),
    "hashfiles": Arity(1, ARGUMENTS_MAX),
}
"""The functions that can only be used where the grammar says so."""


class Allowed(NamedTuple):
    """The contexts and the functions that an expression may use."""

    contexts: frozenset[str] | None
    """Their names, folded; None if any name is allowed."""
    functions: tuple[tuple[str, Arity], ...]
    """Besides those that are built in."""

    def arity(self, function: str) -> Arity | None:
        """Return the arity of a function, by its name in lower case, or None if it isn't allowed."""
        return BUILT_IN.get(function) or dict(self.functions).get(function)


ANYTHING: Final = Allowed(contexts=None, functions=tuple(STATUS_AND_FILES.items()))
"""All contexts and all functions, for expressions that were checked when their file was read."""


def allow_contexts(names: Iterable[str]) -> Allowed:
    """Allow these contexts, and all functions."""
    return Allowed(contexts=frozenset(map(fold, names)), functions=ANYTHING.functions)


@lru_cache(maxsize=512)
def allowed_of_grammar(names: tuple[str, ...]) -> Allowed:
    """Return what a list of the grammar allows, such as `("github", "always(0,0)", "hashFiles(1,255)")`."""
    functions = {}
    contexts = set()
    for name in names:
        if match := _FUNCTION.fullmatch(name):
            most = ARGUMENTS_MAX if match[3] == "MAX" else int(match[3])
            functions[match[1].lower()] = Arity(int(match[2]), most)
        else:
            contexts.add(fold(name))
    return Allowed(contexts=frozenset(contexts), functions=tuple(functions.items()))
