"""Paths of fields in error messages."""

import pytest

from ninefold.core.web.bodies.json_errors import join_path


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (("events[3]", "payload"), "events[3].payload"),
        (("", "url"), "url"),
        (("events", "[3].url"), "events[3].url"),
        (("events[3]", ""), "events[3]"),
        (("events[3]", ".inner", "name"), "events[3].inner.name"),
    ],
)
def test_parts_of_a_path_are_joined(parts: tuple[str, ...], joined: str) -> None:
    assert join_path(*parts) == joined
