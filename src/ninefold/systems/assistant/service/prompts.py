"""What an engine gets to answer: the messages of a request, and what came before them."""

from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.model import PromptMessage, Response, ToolCall
from ninefold.systems.assistant.rules.tokens import fit_history
from ninefold.systems.assistant.service.responses import text_of
from ninefold.systems.assistant.settings import AssistantSettings
from ninefold.systems.assistant.store.conversations import message_list_path
from ninefold.systems.assistant.store.responses import response_list_chain

PATH_LENGTH_MAX: Final = 500
"""Messages of a branch that are read; earlier ones wouldn't fit into any prompt."""

CHAIN_LENGTH_MAX: Final = 200
"""Responses that continue each other."""


async def load_prompt(
    connection: Connection, response: Response, *, settings: AssistantSettings
) -> list[PromptMessage]:
    """Return the messages for a response, oldest first.

    Of a conversation, these are the latest ones of its branch that fit. A chain of responses is always whole.
    """
    instructions = response.parameters.instructions
    first = [] if instructions is None else [PromptMessage(role="system", text=instructions)]
    if response.conversation_id is not None:
        branch = await _read_branch(connection, response.message_id)
        return fit_history([*first, *branch], tokens_max=settings.history_tokens_max)
    if response.previous_response_id is None:
        return [*first, *response.messages]
    earlier = await response_list_chain(
        connection, asker=response.asker, response_id=response.previous_response_id, limit=CHAIN_LENGTH_MAX
    )
    history = [message for each in reversed(earlier) for message in [*each.messages, *answer_of(each)]]
    return [*first, *history, *response.messages]


def answer_of(response: Response) -> list[PromptMessage]:
    """Return the output of a response as a message of the assistant; nothing if it has none."""
    text = text_of(response)
    calls = [
        ToolCall(call_id=item["call_id"], name=item["name"], arguments=item["arguments"])
        for item in response.output_items
        if item["type"] == "function_call"
    ]
    if not text and not calls:
        return []
    return [PromptMessage(role="assistant", text=text, tool_calls=calls)]


async def _read_branch(connection: Connection, message_id: UUID) -> list[PromptMessage]:
    path = await message_list_path(connection, message_id=message_id, limit=PATH_LENGTH_MAX)
    # The first one is the answer itself. Answers without text, such as failed ones, say nothing.
    return [PromptMessage(role=each.role, text=each.text) for each in reversed(path[1:]) if each.text]
