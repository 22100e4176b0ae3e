"""Estimates of tokens, for limits: what exactly a token is, only the model knows."""

from collections.abc import Iterable, Sequence
from typing import Final

from ninefold.systems.assistant.model import PromptMessage

CHARACTERS_PER_TOKEN: Final = 4
"""Of English text; other languages need more tokens."""

TOKENS_PER_MESSAGE: Final = 4
"""What marks the beginning and the end of a message."""


def estimate_tokens(messages: Iterable[PromptMessage]) -> int:
    """Return about how many tokens messages have."""
    return sum(_tokens_of(message) for message in messages)


def fit_history(messages: Sequence[PromptMessage], *, tokens_max: int) -> list[PromptMessage]:
    """Return the system messages and the latest other ones that fit; always the last message.

    Args:
        messages: oldest first.
        tokens_max: about how many tokens all of them may have.
    """
    room = tokens_max - estimate_tokens(message for message in messages if message.role == "system")
    kept: list[PromptMessage] = []
    is_full = False
    for place, message in enumerate(reversed(messages)):
        if message.role == "system":
            kept.append(message)
            continue
        room -= _tokens_of(message)
        is_full = is_full or (room < 0 and place > 0)
        if not is_full:
            kept.append(message)
    kept.reverse()
    return kept


def _tokens_of(message: PromptMessage) -> int:
    calls = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    return TOKENS_PER_MESSAGE + (len(message.text) + calls) // CHARACTERS_PER_TOKEN
