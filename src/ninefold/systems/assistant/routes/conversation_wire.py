"""The wire types of conversations and messages."""

from typing import Annotated, Literal

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.assistant.model import CONVERSATION_PREFIX, MESSAGE_PREFIX, Conversation, Message
from ninefold.systems.assistant.routes.response_wire import (
    ConversationIdText,
    Generating,
    MessageIdText,
    ResponseView,
    show_response,
)
from ninefold.systems.assistant.rules.titles import TITLE_LENGTH_MAX
from ninefold.systems.assistant.service.channels import conversation_channel, owner_channel
from ninefold.systems.assistant.service.conversations import ShownConversation
from ninefold.systems.assistant.service.messages import MESSAGE_LENGTH_MAX, Sent
from ninefold.systems.assistant.service.responses import text_of

Title = Annotated[
    str,
    msgspec.Meta(max_length=TITLE_LENGTH_MAX, description="A name for people.", examples=["Refunds"]),
]
MessageText = Annotated[
    str,
    msgspec.Meta(
        description="What to say.",
        examples=["How long is the refund window?"],
        min_length=1,
        max_length=MESSAGE_LENGTH_MAX,
    ),
]
OptionalMessageId = Annotated[str | None, msgspec.Meta(examples=[f"{MESSAGE_PREFIX}_{EXAMPLE_ID}"])]


class ConversationId(PathId):
    """A conversation's id in a path."""

    prefix = CONVERSATION_PREFIX


class MessageId(PathId):
    """A message's id in a path."""

    prefix = MESSAGE_PREFIX


class CreateConversation(RequestBody, frozen=True, kw_only=True):
    """A conversation to create."""

    title: Annotated[
        str,
        msgspec.Meta(
            max_length=TITLE_LENGTH_MAX,
            description="A name for people; without one, the first message gives it.",
            examples=["Refunds"],
        ),
    ] = ""


class UpdateConversation(RequestBody, frozen=True, kw_only=True):
    """What to change; what is omitted stays."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    current_message_id: (
        Annotated[
            str,
            msgspec.Meta(description="A message of the branch to show; the branch is followed to its newest end."),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class SendMessage(Generating, frozen=True, kw_only=True):
    """A message to send."""

    text: MessageText
    parent_id: (
        Annotated[
            str | None,
            msgspec.Meta(
                description="The answer that it follows: by default the last one of the branch that is shown. null "
                "begins again from the start.",
                examples=[None],
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class EditMessage(Generating, frozen=True, kw_only=True):
    """Another text for a message."""

    text: MessageText


class ConversationView(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation, without its messages."""

    conversation_id: ConversationIdText
    title: Title
    current_message_id: Annotated[
        str | None,
        msgspec.Meta(
            description="The last message of the branch that is shown.", examples=[f"{MESSAGE_PREFIX}_{EXAMPLE_ID}"]
        ),
    ]
    live_channel: Annotated[
        str,
        msgspec.Meta(
            description="The live channel of its changes.",
            examples=[f"assistant.conversation:{CONVERSATION_PREFIX}_{EXAMPLE_ID}"],
        ),
    ]
    list_live_channel: Annotated[
        str,
        msgspec.Meta(
            description="The live channel of the changes of all conversations with the same owner.",
            examples=[f"assistant.conversations:own_{EXAMPLE_ID}"],
        ),
    ]
    created_at: Timestamp
    updated_at: Timestamp


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a conversation."""

    message_id: MessageIdText
    parent_id: Annotated[
        OptionalMessageId,
        msgspec.Meta(description="The message before it. Messages with the same parent are branches."),
    ]
    role: Literal["user", "assistant"]
    text: Annotated[str, msgspec.Meta(examples=["How long is the refund window?"])]
    response: ResponseView | None
    """Where an answer comes from."""
    created_at: Timestamp


class ConversationWithMessages(ConversationView, frozen=True, kw_only=True):
    """A conversation with the messages of all its branches, oldest first."""

    messages: list[MessageView]


class SentView(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was sent, and its answer, which is being generated."""

    conversation: ConversationView
    message: MessageView
    answer: MessageView


def show_conversation(conversation: Conversation) -> ConversationView:
    """Return a conversation as the API shows it."""
    return ConversationView(
        conversation_id=format_id(CONVERSATION_PREFIX, conversation.conversation_id),
        title=conversation.title,
        current_message_id=None
        if conversation.current_message_id is None
        else format_id(MESSAGE_PREFIX, conversation.current_message_id),
        live_channel=conversation_channel(conversation.conversation_id),
        list_live_channel=owner_channel(conversation.owner_id),
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
    )


def show_whole_conversation(shown: ShownConversation) -> ConversationWithMessages:
    """Return a conversation with its messages as the API shows it."""
    responses = {
        response_id: show_response(response, text=shown.texts.get(response_id) or text_of(response))
        for response_id, response in shown.responses.items()
    }
    head = show_conversation(shown.conversation)
    return ConversationWithMessages(
        **msgspec.structs.asdict(head),
        messages=[
            _show_message(each, response=None if each.response_id is None else responses.get(each.response_id))
            for each in shown.messages
        ],
    )


def show_sent(sent: Sent) -> SentView:
    """Return a message that was sent, and its answer, as the API shows them."""
    return SentView(
        conversation=show_conversation(sent.conversation),
        message=_show_message(sent.message, response=None),
        answer=_show_message(sent.answer, response=show_response(sent.response, text="")),
    )


def _show_message(message: Message, *, response: ResponseView | None) -> MessageView:
    return MessageView(
        message_id=format_id(MESSAGE_PREFIX, message.message_id),
        parent_id=None if message.parent_id is None else format_id(MESSAGE_PREFIX, message.parent_id),
        role=message.role,
        text=message.text if response is None else response.text,
        response=response,
        created_at=message.created_at,
    )
