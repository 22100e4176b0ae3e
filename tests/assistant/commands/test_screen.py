import pytest

from ninefold.systems.assistant.commands.answers import LogEntry
from ninefold.systems.assistant.commands.screen import describe_state


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (LogEntry(type="ninefold.response.queued", sequence_number=1, position=3), "third in the queue"),
        (LogEntry(type="ninefold.response.queued", sequence_number=1, position=42), "number 42 in the queue"),
        (LogEntry(type="response.in_progress", sequence_number=1), "waiting for the first token"),
        (
            LogEntry(type="ninefold.response.continued", sequence_number=1, reason="worker_lost"),
            "continuing after a restart",
        ),
        (LogEntry(type="response.output_text.delta", sequence_number=1, delta="a"), ""),
        (LogEntry(type="response.output_item.added", sequence_number=1), None),
    ],
)
def test_states_are_described_in_words(entry: LogEntry, words: str | None) -> None:
    assert describe_state(entry) == words
