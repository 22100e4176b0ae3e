"""Errors: each class has a code for programs, and says what to do for people."""

import importlib
import pkgutil
import re

import ninefold
from ninefold.core.errors import NinefoldError, NotFoundError


def all_kinds() -> list[type[NinefoldError]]:
    """Return every error class of Ninefold."""
    for module in pkgutil.walk_packages(ninefold.__path__, "ninefold."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return [kind for kind in _below(NinefoldError) if kind.__module__.startswith("ninefold.")]


def _below(kind: type[NinefoldError]) -> list[type[NinefoldError]]:
    return [kind, *[below for child in kind.__subclasses__() for below in _below(child)]]


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = NotFoundError("There is no event.", field="event_id", remedy="List the events.")

    assert str(error) == "There is no event. List the events."
    assert (error.detail, error.field, error.remedy) == ("There is no event.", "event_id", "List the events.")
    assert str(NotFoundError("There is no event.")) == "There is no event."


def test_errors_with_the_same_code_have_the_same_title_status_and_is_retryable() -> None:
    meanings: dict[str, set[tuple[str, int, bool]]] = {}
    for kind in all_kinds():
        meanings.setdefault(kind.code, set()).add((kind.title, kind.http_status, kind.is_retryable))

    assert {code: found for code, found in meanings.items() if len(found) > 1} == {}


def test_every_error_has_a_code_for_programs_and_a_title_for_people() -> None:
    for kind in all_kinds():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code), kind
        assert re.fullmatch(r"[A-Z][A-Za-z' ]+", kind.title), kind
        assert 400 <= kind.http_status < 600, kind
        assert kind.__doc__, kind


def test_every_503_is_retryable() -> None:
    unavailable = [kind for kind in all_kinds() if kind.http_status == 503]

    assert unavailable
    assert [kind for kind in unavailable if not kind.is_retryable] == []
