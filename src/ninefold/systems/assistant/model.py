"""The data types of the assistant: immutable, without behaviour or I/O."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

CONVERSATION_PREFIX: Final = "conv"
MESSAGE_PREFIX: Final = "msg"
RESPONSE_PREFIX: Final = "resp"
FUNCTION_CALL_PREFIX: Final = "fc"
OWNER_PREFIX: Final = "own"
"""The prefix of the text that stands for an account or an organisation in the name of a channel."""

QUEUED_CHANNEL: Final = "assistant_queued"
"""The notifier's channel for responses that wait for a worker."""

STOPPED_CHANNEL: Final = "assistant_stopped"
"""The notifier's channel for responses that were cancelled or deleted; its messages are their ids."""

LOG_CHANNEL: Final = "assistant_log"
"""The notifier's channel for logs that have grown; its messages are those of `service/log_messages.py`."""

AskerKind: TypeAlias = Literal["account", "api_key"]
Role: TypeAlias = Literal["system", "user", "assistant", "tool"]

# JSON objects of the protocol, which the assistant stores and doesn't look into.
JsonObject: TypeAlias = Mapping[str, Any]


class ResponseStatus(StrEnum):
    """The status of a response; the words are those of OpenAI's Responses API."""

    QUEUED = "queued"
    """It is committed, and waits for a worker."""
    IN_PROGRESS = "in_progress"
    """A worker generates it, or another one is about to continue it."""
    COMPLETED = "completed"
    """The model has ended it."""
    INCOMPLETE = "incomplete"
    """It ended early, such as at its limit of tokens."""
    FAILED = "failed"
    """It ended with an error."""
    CANCELLED = "cancelled"
    """Somebody stopped it."""

    @property
    def is_final(self) -> bool:
        """Whether it can't change any more."""
        return self not in (ResponseStatus.QUEUED, ResponseStatus.IN_PROGRESS)


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf something is asked: an account or, for a program, its API key.

    What an account asks belongs to the account, and only it can read that. What an API key asks belongs to the
    organisation, because keys are replaced.
    """

    organisation_id: UUID
    asker_id: UUID
    asker_kind: AskerKind

    @property
    def owner_id(self) -> UUID:
        """To whom what is asked belongs."""
        return self.asker_id if self.asker_kind == "account" else self.organisation_id

    @property
    def owner_ids(self) -> Sequence[UUID]:
        """Of whom it can read everything: itself and the organisation, but no other account."""
        return list({self.owner_id, self.organisation_id})


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model wants to be called."""

    call_id: str
    name: str
    arguments: str
    """JSON, as the model wrote it."""


class PromptMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as an engine gets it."""

    role: Role
    text: str = ""
    tool_calls: Sequence[ToolCall] = ()
    """What the assistant wanted to be called in this message."""
    tool_call_id: str | None = None
    """The call whose result this message is; only of the role `tool`."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to generate a response."""

    max_output_tokens: int | None = None
    """None: as many as the settings allow."""
    instructions: str | None = None
    """What comes before all messages; it doesn't apply to responses that continue this one."""
    temperature: float | None = None
    top_p: float | None = None
    stop: Sequence[str] = ()
    seed: int | None = None
    response_format: JsonObject | None = None
    """A JSON schema in the form of the Chat Completions API; None for free text."""
    tools: Sequence[JsonObject] = ()
    """Functions in the form of the Chat Completions API."""
    tool_choice: JsonObject | str | None = None


class NewResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What to answer, and how."""

    messages: Sequence[PromptMessage]
    """The messages of this request; what came before is added from the conversation or the previous response."""
    model: str | None = None
    """None: the default model."""
    parameters: Parameters = Parameters()
    previous_response_id: UUID | None = None
    is_stored: bool = True
    input_items: Sequence[JsonObject] = ()
    """The request's items as its protocol shows them again."""
    surface: JsonObject = msgspec.field(default_factory=dict)
    """What its protocol needs to show the response again."""


class ResponseError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a response has failed."""

    code: str
    message: str


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of one response."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """All tokens."""
        return self.input_tokens + self.output_tokens


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and how far it is."""

    response_id: UUID
    organisation_id: UUID
    owner_id: UUID
    """The account that it belongs to, or the organisation."""
    asker_id: UUID
    asker_kind: AskerKind
    conversation_id: UUID | None
    message_id: UUID
    previous_response_id: UUID | None
    status: ResponseStatus
    is_stored: bool
    model: str
    engine: str | None
    """The engine that generates it; None before it has begun."""
    parameters: Parameters
    messages: Sequence[PromptMessage]
    input_items: Sequence[JsonObject]
    surface: JsonObject
    output_items: Sequence[JsonObject]
    """In the form of the Responses API; empty until it has ended."""
    incomplete_reason: str | None
    error: ResponseError | None
    usage: Usage
    reserved_tokens: int
    last_sequence: int
    """The number of the last event in its log."""
    is_log_deleted: bool
    leased_by: UUID | None
    attempt_count: int
    queue_position: int | None
    """Its place in the queue when that was last determined, from 1; None once it has begun."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    first_token_at: datetime | None = None

    @property
    def asker(self) -> Asker:
        """On whose behalf it was asked."""
        return Asker(organisation_id=self.organisation_id, asker_id=self.asker_id, asker_kind=self.asker_kind)


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An event to append to the log of a response."""

    type: str
    payload: bytes
    """A JSON object without `type` and `sequence_number`, which the log adds."""


class LogEvent(msgspec.Struct, frozen=True, gc=False):
    """An event in the log of a response."""

    sequence: int
    type: str
    payload: bytes
    """A JSON object without `type` and `sequence_number`."""

    def encode(self) -> bytes:
        """Return the event as clients get it: its payload with `type` and `sequence_number`."""
        head = b'{"type":"%b","sequence_number":%d' % (self.type.encode(), self.sequence)
        return head + b"}" if self.payload == b"{}" else head + b"," + self.payload[1:]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a response ends."""

    status: ResponseStatus
    events: Sequence[NewEvent]
    """The last events of its log."""
    output_items: Sequence[Any]
    text: str
    """What the message of the conversation has."""
    usage: Usage
    incomplete_reason: str | None = None
    error: ResponseError | None = None


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation without its messages."""

    conversation_id: UUID
    organisation_id: UUID
    owner_id: UUID
    title: str
    current_message_id: UUID | None
    created_at: datetime
    updated_at: datetime


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a conversation."""

    message_id: UUID
    conversation_id: UUID
    parent_id: UUID | None
    role: Literal["user", "assistant"]
    text: str
    response_id: UUID | None
    """The response that an answer comes from."""
    created_at: datetime


class UsageOfDay(msgspec.Struct, frozen=True, kw_only=True):
    """What an account or an API key has used on one day of one model."""

    asker_id: UUID
    asker_kind: AskerKind
    day: date
    model: str
    responses: int
    input_tokens: int
    output_tokens: int
