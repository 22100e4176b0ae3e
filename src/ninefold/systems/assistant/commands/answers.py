"""The fields that the command reads from the API's responses and from the live feed."""

import msgspec

from ninefold.systems.assistant.model import ResponseStatus


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Why a response has failed."""

    code: str
    message: str


class ResponseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A response."""

    response_id: str
    status: ResponseStatus
    text: str
    live_channel: str


class MessageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message; an answer has a response."""

    message_id: str
    parent_id: str | None
    text: str
    response: ResponseAnswer | None = None


class AnswerMessage(MessageAnswer, frozen=True, kw_only=True):
    """A message that is an answer."""

    response: ResponseAnswer


class ConversationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation; only its own request shows its messages."""

    conversation_id: str
    title: str
    current_message_id: str | None
    messages: list[MessageAnswer] = []

    def message(self, message_id: str | None) -> MessageAnswer | None:
        """Return one of the messages, if it is there."""
        return next((message for message in self.messages if message.message_id == message_id), None)


class SentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was sent, and its answer."""

    answer: AnswerMessage


class FinalState(msgspec.Struct, frozen=True, kw_only=True):
    """How a response has ended."""

    error: ErrorAnswer | None = None


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a response's log; each type has only some of the fields."""

    type: str
    sequence_number: int
    delta: str = ""
    position: int = 0
    reason: str = ""
    response: FinalState = FinalState()
