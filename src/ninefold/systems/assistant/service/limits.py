"""What accounts and API keys may ask for: how many responses can wait, and how many tokens per minute."""

from math import ceil
from typing import Final

from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.errors import TokenLimitError, TokenLimitTooLowError, TooManyResponsesError
from ninefold.systems.assistant.model import Asker, Response, Usage
from ninefold.systems.assistant.settings import PREFIX, AssistantSettings
from ninefold.systems.assistant.store.responses import response_count_unfinished
from ninefold.systems.assistant.store.usage import token_budget_reserve, token_budget_settle, usage_add

RETRY_AFTER_FULL_QUEUE_S: Final = 5


async def reserve_tokens(connection: Connection, *, asker: Asker, tokens: int, settings: AssistantSettings) -> int:
    """Set tokens aside for a response until it ends; return how many.

    Raises:
        TokenLimitTooLowError: the response may need more than the limit at once.
        TokenLimitError: so many aren't left for now; the error says when they will be.
    """
    capacity = settings.tokens_per_minute
    if capacity == 0:
        return 0
    if tokens > capacity:
        raise TokenLimitTooLowError(
            f"The request could use {tokens:,} tokens, and {capacity:,} tokens per minute are allowed.",
            field="max_output_tokens",
            remedy=f"Ask for fewer tokens, or raise {PREFIX}TOKENS_PER_MINUTE.",
        )
    left = await token_budget_reserve(connection, asker=asker, tokens=tokens, capacity=capacity)
    if left < 0:
        wait_s = max(1, ceil(-left * 60 / capacity))
        raise TokenLimitError(
            f"The limit of {capacity:,} tokens per minute is reached.",
            retry_after_s=wait_s,
            remedy=f"Wait {wait_s} s, or ask for fewer tokens.",
        )
    return tokens


async def place_in_queue(connection: Connection, *, asker: Asker, settings: AssistantSettings) -> int:
    """Return about which place in the queue a new response gets, from 1.

    Raises:
        TooManyResponsesError: too many of this asker, or of the organisation, are waiting.
    """
    waiting = await response_count_unfinished(connection, asker=asker)
    if waiting.of_asker >= settings.queued_max:
        raise _too_many(f"{waiting.of_asker:,} of your responses are waiting, which is the limit.")
    if waiting.of_organisation >= settings.organisation_queued_max:
        raise _too_many(f"{waiting.of_organisation:,} responses of the organisation are waiting, which is the limit.")
    return waiting.of_asker + waiting.other_askers + 1


async def settle(connection: Connection, *, response: Response, usage: Usage) -> None:
    """Count what a response has used, and give back what was reserved beyond that. Call it once, as it ends."""
    await usage_add(connection, response=response, usage=usage)
    if response.reserved_tokens:
        await token_budget_settle(
            connection, asker_id=response.asker_id, tokens=response.reserved_tokens - usage.total_tokens
        )


def _too_many(detail: str) -> TooManyResponsesError:
    return TooManyResponsesError(
        detail, retry_after_s=RETRY_AFTER_FULL_QUEUE_S, remedy="Wait until some have ended, or cancel some."
    )
