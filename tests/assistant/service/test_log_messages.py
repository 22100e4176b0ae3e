"""Messages that say which logs have grown."""

import pytest

from ninefold.core.ids import new_id
from ninefold.core.queue.notifier import MESSAGE_BYTES_MAX
from ninefold.systems.assistant.model import LogEvent
from ninefold.systems.assistant.service.log_messages import Grown, grown_message, parse_grown


@pytest.mark.parametrize("payload", [b"{}", b'{"delta":"two\\nlines \\u0007 \xc3\xa4"}'])
def test_a_message_has_the_events_as_the_log_has_them(payload: bytes) -> None:
    grown = Grown(new_id(), [LogEvent(4, "response.output_text.delta", payload), LogEvent(5, "other", b"{}")])

    message = grown_message(grown)

    assert "\n" not in message
    assert parse_grown(message) == grown


def test_events_that_are_too_long_for_a_message_are_left_to_the_log() -> None:
    grown = Grown(new_id(), [LogEvent(0, "response.output_text.delta", b'"%b"' % (b"x" * MESSAGE_BYTES_MAX))])

    assert parse_grown(grown_message(grown)) == Grown(grown.response_id, [])
