"""Where a field stands, as it is told."""

import pytest

from ninefold.core.web.json_errors import join_path


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
def test_paths_are_joined_as_they_are_written(parts: tuple[str, ...], joined: str) -> None:
    assert join_path(*parts) == joined
