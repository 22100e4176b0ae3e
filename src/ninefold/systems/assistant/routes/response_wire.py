"""The wire types of responses: how a request says what to generate, and how the API shows it."""

from typing import Annotated, Any, Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.assistant.model import (
    CONVERSATION_PREFIX,
    MESSAGE_PREFIX,
    RESPONSE_PREFIX,
    LogEvent,
    Parameters,
    Response,
    ResponseStatus,
)
from ninefold.systems.assistant.service.channels import response_channel
from ninefold.systems.assistant.service.messages import AnswerOptions

INSTRUCTIONS_LENGTH_MAX: Final = 20_000

ConversationIdText = Annotated[str, msgspec.Meta(examples=[f"{CONVERSATION_PREFIX}_{EXAMPLE_ID}"])]
MessageIdText = Annotated[str, msgspec.Meta(examples=[f"{MESSAGE_PREFIX}_{EXAMPLE_ID}"])]
ResponseIdText = Annotated[str, msgspec.Meta(examples=[f"{RESPONSE_PREFIX}_{EXAMPLE_ID}"])]
Tokens = Annotated[int, msgspec.Meta(examples=[42])]


class ResponseId(PathId):
    """A response's id in a path."""

    prefix = RESPONSE_PREFIX


class Generating(RequestBody, frozen=True, kw_only=True):
    """How an answer is to be generated; what is omitted is the default of the server or the model."""

    model: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1, max_length=200, description="A model of the engine.", examples=["smollm2-135m-instruct"]
            ),
        ]
        | None
    ) = None
    instructions: (
        Annotated[
            str,
            msgspec.Meta(
                max_length=INSTRUCTIONS_LENGTH_MAX,
                description="What the model is told before the conversation.",
                examples=["Answer in one sentence."],
            ),
        ]
        | None
    ) = None
    max_output_tokens: (
        Annotated[
            int,
            msgspec.Meta(ge=1, le=1_000_000, description="The most tokens that the answer may have.", examples=[256]),
        ]
        | None
    ) = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2, examples=[0.7])] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1, examples=[1.0])] | None = None
    seed: (
        Annotated[
            int,
            msgspec.Meta(
                ge=0,
                le=2**32 - 1,
                description="The same seed gives the same answer, if the engine can do that.",
                examples=[7],
            ),
        ]
        | None
    ) = None


class UsageView(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a response. Until it has ended, the input is an estimate."""

    input_tokens: Tokens
    output_tokens: Tokens
    total_tokens: Tokens


class ResponseErrorView(msgspec.Struct, frozen=True, kw_only=True):
    """Why a response has failed."""

    code: Annotated[str, msgspec.Meta(examples=["engine_unavailable"])]
    message: Annotated[str, msgspec.Meta(examples=["No token has come for 60 s. Try again."])]


class ResponseView(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of a model, and how far it is."""

    response_id: ResponseIdText
    conversation_id: Annotated[str | None, msgspec.Meta(examples=[f"{CONVERSATION_PREFIX}_{EXAMPLE_ID}"])]
    status: ResponseStatus
    text: Annotated[str, msgspec.Meta(description="What it has so far.", examples=["30 days."])]
    model: Annotated[str, msgspec.Meta(examples=["smollm2-135m-instruct"])]
    engine: Annotated[str | None, msgspec.Meta(examples=["llama"])]
    queue_position: Annotated[
        int | None, msgspec.Meta(description="Its place in the queue, about; null once it has begun.", examples=[None])
    ]
    attempt_count: Annotated[int, msgspec.Meta(description="How often it was begun or continued.", examples=[1])]
    incomplete_reason: Annotated[
        str | None,
        msgspec.Meta(description="`max_output_tokens` or `content_filter`, if it is incomplete.", examples=[None]),
    ]
    error: ResponseErrorView | None
    usage: UsageView
    last_sequence: Annotated[
        int, msgspec.Meta(description="The number of the last event in its log, from 0.", examples=[17])
    ]
    live_channel: Annotated[
        str,
        msgspec.Meta(
            description="The live channel of its log; offsets are sequence numbers plus one.",
            examples=[f"assistant.response:{RESPONSE_PREFIX}_{EXAMPLE_ID}"],
        ),
    ]
    created_at: Timestamp
    started_at: Timestamp | None
    first_token_at: Timestamp | None
    finished_at: Timestamp | None


class LogEventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event in the log of a response."""

    sequence_number: Annotated[int, msgspec.Meta(examples=[4])]
    type: Annotated[
        str,
        msgspec.Meta(
            description="A type of OpenAI's Responses API, or one of our own, which begins with `ninefold.`.",
            examples=["response.output_text.delta"],
        ),
    ]
    data: Annotated[dict[str, Any], msgspec.Meta(description="The rest of the event.", examples=[{"delta": "30 days"}])]


class LogEventsView(msgspec.Struct, frozen=True, kw_only=True):
    """Events of a log that follow each other."""

    items: list[LogEventView]
    has_ended: Annotated[bool, msgspec.Meta(description="Whether the last one is the end of the log.")]


def read_options(data: Generating) -> AnswerOptions:
    """Return how a request wants its answer."""
    return AnswerOptions(
        model=data.model,
        parameters=Parameters(
            max_output_tokens=data.max_output_tokens,
            instructions=data.instructions or None,
            temperature=data.temperature,
            top_p=data.top_p,
            seed=data.seed,
        ),
    )


def show_response(response: Response, *, text: str) -> ResponseView:
    """Return a response as the API shows it, with the text that it has so far."""
    error = response.error
    usage = response.usage
    return ResponseView(
        response_id=format_id(RESPONSE_PREFIX, response.response_id),
        conversation_id=None
        if response.conversation_id is None
        else format_id(CONVERSATION_PREFIX, response.conversation_id),
        status=response.status,
        text=text,
        model=response.model,
        engine=response.engine,
        queue_position=response.queue_position,
        attempt_count=response.attempt_count,
        incomplete_reason=response.incomplete_reason,
        error=None if error is None else ResponseErrorView(code=error.code, message=error.message),
        usage=UsageView(
            input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, total_tokens=usage.total_tokens
        ),
        last_sequence=response.last_sequence,
        live_channel=response_channel(response.response_id),
        created_at=response.created_at,
        started_at=response.started_at,
        first_token_at=response.first_token_at,
        finished_at=response.finished_at,
    )


def show_event(event: LogEvent) -> LogEventView:
    """Return an event as the API shows it."""
    return LogEventView(
        sequence_number=event.sequence, type=event.type, data=msgspec.json.decode(event.payload, type=dict[str, Any])
    )
