import pytest

from ninefold.systems.assistant.model import PromptMessage, ToolCall
from ninefold.systems.assistant.rules.tokens import estimate_tokens, fit_history

SYSTEM = PromptMessage(role="system", text="s" * 40)
LONG = PromptMessage(role="user", text="l" * 400)
SHORT = PromptMessage(role="assistant", text="a" * 40)
LAST = PromptMessage(role="user", text="u" * 40)


def test_tokens_are_estimated_by_length() -> None:
    call = PromptMessage(role="assistant", tool_calls=[ToolCall(call_id="c", name="find", arguments="1234")])

    assert estimate_tokens([SHORT]) == 14
    assert estimate_tokens([call]) == 6
    assert estimate_tokens([]) == 0


@pytest.mark.parametrize(
    ("messages", "tokens_max", "kept"),
    [
        ([SYSTEM, LONG, SHORT, LAST], 1_000, [SYSTEM, LONG, SHORT, LAST]),
        ([SYSTEM, LONG, SHORT, LAST], 100, [SYSTEM, SHORT, LAST]),
        ([SYSTEM, SHORT, LONG, LAST], 100, [SYSTEM, LAST]),
        ([SYSTEM, SHORT, LAST], 30, [SYSTEM, LAST]),
        ([LONG], 10, [LONG]),
        ([], 10, []),
    ],
)
def test_the_latest_messages_that_fit_are_kept(
    messages: list[PromptMessage], tokens_max: int, kept: list[PromptMessage]
) -> None:
    assert fit_history(messages, tokens_max=tokens_max) == kept
