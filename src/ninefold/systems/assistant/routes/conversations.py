"""The HTTP routes for conversations and their messages."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.errors import InvalidInputError
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.idempotency import refuse_idempotency_key
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.assistant.model import MESSAGE_PREFIX
from ninefold.systems.assistant.routes.conversation_wire import (
    ConversationId,
    ConversationView,
    ConversationWithMessages,
    CreateConversation,
    EditMessage,
    MessageId,
    SendMessage,
    SentView,
    UpdateConversation,
    show_conversation,
    show_sent,
    show_whole_conversation,
)
from ninefold.systems.assistant.routes.response_wire import Generating, read_options
from ninefold.systems.assistant.service import conversations as service
from ninefold.systems.assistant.service import messages
from ninefold.systems.assistant.service.channels import notify_conversation, notify_queued, notify_stopped
from ninefold.systems.assistant.service.responses import asker_of
from ninefold.systems.assistant.settings import AssistantSettings

_CONVERSATIONS: Final = "/api/v1/assistant/conversations"
_CONVERSATION: Final = "/api/v1/assistant/conversations/{conversation_id:str}"
_MESSAGES: Final = f"{_CONVERSATION}/messages"
_MESSAGE: Final = f"{_MESSAGES}/{{message_id:str}}"
_TAGS: Final = ["assistant"]
SEARCH_LENGTH_MAX: Final = 200
MESSAGE_BODY_BYTES_MAX: Final = 640 * 1024
"""The longest message and the longest instructions, whatever their language."""


Search = Annotated[
    str,
    msgspec.Meta(
        max_length=SEARCH_LENGTH_MAX,
        description="Only those with this text in the title or in a message, in upper or lower case.",
    ),
]

_OWN: Final = access(not_audited="A conversation belongs to the person or the program that has it.")
_NO_IDEMPOTENCY_KEY: Final = refuse_idempotency_key(
    remedy="Remove the header. Show the conversation to see whether the message was sent."
)

_conversation_list = PagedList("conversations", tuple[datetime, UUID])


@post(
    _CONVERSATIONS,
    tags=_TAGS,
    opt=_OWN,
    guards=[refuse_idempotency_key(remedy="Remove the header. List the conversations to see whether it was created.")],
)
async def create_conversation(
    data: FromBody[CreateConversation],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ConversationView:
    """Create a conversation.

    It belongs to the account that creates it, and no other account can read it. If an API key creates it, it belongs to
    the organisation.
    """
    async with database.transaction() as connection:
        conversation = await service.create_conversation(connection, asker=asker_of(principal), title=data.title)
    notify_conversation(notifier, owner_id=conversation.owner_id, conversation_id=conversation.conversation_id)
    return show_conversation(conversation)


@get(_CONVERSATIONS, tags=_TAGS)
async def list_conversations(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    search: FromQuery[Search | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[ConversationView]:
    """List conversations.

    Those that changed last come first. A person gets their own; an API key gets those of the organisation.
    """
    if search is not None and len(search) > SEARCH_LENGTH_MAX:
        raise InvalidInputError(
            f"The text to search for is longer than {SEARCH_LENGTH_MAX} characters.",
            field="search",
            remedy="Search for fewer words.",
        )
    query = _conversation_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await service.list_conversations(
            connection, asker=asker_of(principal), search=search or None, before=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: (each.updated_at, each.conversation_id), show=show_conversation)


@get(_CONVERSATION, tags=_TAGS)
async def get_conversation(
    conversation_id: FromPath[ConversationId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> ConversationWithMessages:
    """Show a conversation.

    With the messages of all its branches. An answer that hasn't ended has the text that it has so far; its live channel
    continues after `last_sequence`.
    """
    async with database.snapshot() as connection:
        shown = await service.show_conversation(connection, asker=asker_of(principal), conversation_id=conversation_id)
    return show_whole_conversation(shown)


@patch(_CONVERSATION, tags=_TAGS, opt=_OWN)
async def update_conversation(
    conversation_id: FromPath[ConversationId],
    data: FromBody[UpdateConversation],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ConversationView:
    """Rename a conversation, or choose a branch.

    All devices then show this branch.
    """
    message_id = data.current_message_id
    async with database.transaction() as connection:
        conversation = await service.update_conversation(
            connection,
            asker=asker_of(principal),
            conversation_id=conversation_id,
            title=None if isinstance(data.title, msgspec.UnsetType) else data.title,
            message_id=None
            if isinstance(message_id, msgspec.UnsetType)
            else parse_body_id(MESSAGE_PREFIX, message_id, field="current_message_id"),
        )
    notify_conversation(notifier, owner_id=conversation.owner_id, conversation_id=conversation_id)
    return show_conversation(conversation)


@delete(_CONVERSATION, tags=_TAGS)
async def delete_conversation(
    conversation_id: FromPath[ConversationId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> None:
    """Delete a conversation.

    Answers that haven't ended are cancelled. Its messages are erased within two hours.
    """
    async with database.transaction() as connection:
        conversation, stopped = await service.delete_conversation(
            connection, asker=asker_of(principal), conversation_id=conversation_id
        )
    notify_stopped(notifier, stopped)
    notify_conversation(notifier, owner_id=conversation.owner_id, conversation_id=conversation_id)


@post(
    _MESSAGES,
    tags=_TAGS,
    request_max_body_size=MESSAGE_BODY_BYTES_MAX,
    status_code=202,
    opt=_OWN,
    guards=[_NO_IDEMPOTENCY_KEY],
    responses=problem_responses(409, 429),
)
async def send_message(
    *,
    conversation_id: FromPath[ConversationId],
    data: FromBody[SendMessage],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    assistant_settings: NamedDependency[AssistantSettings],
) -> SentView:
    """Send a message.

    A worker generates the answer, even if nobody waits for it. Follow it in the live channel of its response.
    """
    parent_id = data.parent_id
    async with database.transaction() as connection:
        sent = await messages.send_message(
            connection,
            asker=asker_of(principal),
            conversation_id=conversation_id,
            text=data.text,
            parent_id=parse_body_id(MESSAGE_PREFIX, parent_id, field="parent_id")
            if isinstance(parent_id, str)
            else parent_id,
            options=read_options(data),
            settings=assistant_settings,
        )
    return _show_sent(sent, notifier)


@post(
    f"{_MESSAGE}/edit",
    tags=_TAGS,
    request_max_body_size=MESSAGE_BODY_BYTES_MAX,
    status_code=202,
    opt=_OWN,
    guards=[_NO_IDEMPOTENCY_KEY],
    responses=problem_responses(409, 429),
)
async def edit_message(
    *,
    conversation_id: FromPath[ConversationId],
    message_id: FromPath[MessageId],
    data: FromBody[EditMessage],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    assistant_settings: NamedDependency[AssistantSettings],
) -> SentView:
    """Edit a message.

    The other text begins a new branch in the place of the message, and is answered. The earlier branch stays.
    """
    async with database.transaction() as connection:
        sent = await messages.edit_message(
            connection,
            asker=asker_of(principal),
            conversation_id=conversation_id,
            message_id=message_id,
            text=data.text,
            options=read_options(data),
            settings=assistant_settings,
        )
    return _show_sent(sent, notifier)


@post(
    f"{_MESSAGE}/regenerate",
    tags=_TAGS,
    request_max_body_size=MESSAGE_BODY_BYTES_MAX,
    status_code=202,
    opt=_OWN,
    guards=[_NO_IDEMPOTENCY_KEY],
    responses=problem_responses(409, 429),
)
async def regenerate_answer(
    *,
    conversation_id: FromPath[ConversationId],
    message_id: FromPath[MessageId],
    data: FromBody[Generating],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    assistant_settings: NamedDependency[AssistantSettings],
) -> SentView:
    """Generate another answer.

    `message_id` is the answer, or the message that it answers. The new answer is a new branch. The earlier one stays.
    """
    async with database.transaction() as connection:
        sent = await messages.regenerate_answer(
            connection,
            asker=asker_of(principal),
            conversation_id=conversation_id,
            message_id=message_id,
            options=read_options(data),
            settings=assistant_settings,
        )
    return _show_sent(sent, notifier)


CONVERSATION_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_conversation,
    list_conversations,
    get_conversation,
    update_conversation,
    delete_conversation,
    send_message,
    edit_message,
    regenerate_answer,
]


def _show_sent(sent: messages.Sent, notifier: Notifier) -> SentView:
    notify_queued(notifier, sent.response.response_id)
    notify_conversation(
        notifier, owner_id=sent.conversation.owner_id, conversation_id=sent.conversation.conversation_id
    )
    return show_sent(sent)
