from pathlib import Path

import pytest

from tidy.log_events import find_undocumented_events, find_unknown_events, list_log_events
from tidy.tree import OPERATIONS, SOURCE, python_files

DOCUMENT = "## Logs\n\n| event | says |\n|---|---|\n| `a.b.c`, `.d` | x |\n| `e.f` | x |\n\n## More\n\n| `g.h` | x |\n"


def test_every_log_event_is_documented_and_every_documented_event_is_logged() -> None:
    events = list_log_events(python_files(SOURCE))
    document = OPERATIONS.read_text(encoding="utf-8")

    assert {"queue.worker.expired", "jobs.job.*", "web.request.answered"} <= events
    assert list(find_undocumented_events(events, document)) == []
    assert list(find_unknown_events(events, document)) == []


@pytest.mark.parametrize(
    ("code", "events"),
    [
        ('log.info("a.b.c", x=1)', {"a.b.c"}),
        ('log.exception("a.b_c.d")', {"a.b_c.d"}),
        ('write = log.info\nwrite(f"a.b.{x}", each=[])', {"a.b.*"}),
        ('file.write("a.b.c")', set()),
        ('log.info("Some words.")', set()),
    ],
)
def test_events_are_read_from_code(tmp_path: Path, code: str, events: set[str]) -> None:
    file = tmp_path / "code.py"
    file.write_text(code)

    assert list_log_events([file]) == events


def test_an_event_without_its_row_is_found() -> None:
    assert list(find_undocumented_events({"a.b.c", "a.b.d", "a.b.*", "e.f"}, DOCUMENT)) == []

    assert list(find_undocumented_events({"a.b.x", "g.h", "x.*"}, DOCUMENT)) == [
        "a.b.x has no row",
        "g.h has no row",
        "x.* has no row",
    ]


def test_a_row_of_an_event_that_nothing_logs_is_found() -> None:
    assert list(find_unknown_events({"a.b.*", "e.f"}, DOCUMENT)) == []
    assert list(find_unknown_events({"a.b.c", "e.f"}, DOCUMENT)) == ["nothing logs a.b.d"]
