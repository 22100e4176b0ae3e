"""The wire types: request bodies, response bodies, and the mapping from the model."""

import base64
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec

from ninefold.core.egress.target import URL_LENGTH_MAX
from ninefold.core.ids import format_id
from ninefold.core.jobs import JOB_PREFIX
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import PathId
from ninefold.systems.callbacks.model import (
    CALLBACK_PREFIX,
    EVENT_PREFIX,
    SOURCE_PREFIX,
    SUBSCRIPTION_PREFIX,
    Answer,
    Callback,
    CallbackContent,
    CallbackStatus,
    Header,
    Source,
)
from ninefold.systems.callbacks.routes.ingest import INGEST_PATH
from ninefold.systems.callbacks.rules.event_content import event_type_of, header_value, parse_body
from ninefold.systems.callbacks.rules.sources import (
    ANSWER_BODY_LENGTH_MAX,
    NAME_LENGTH_MAX,
    SECRET_LENGTH_MAX,
    require_provider,
    secret_hint,
)
from ninefold.systems.callbacks.service.callbacks import CallbackWithContent
from ninefold.systems.callbacks.service.sources import ChangedSource, SourceFields
from ninefold.systems.callbacks.verification import SECRETS_FIELD, SECRETS_MAX, Field, Provider

BODY_SHOWN_BYTES_MAX: Final = 1024 * 1024
"""A longer body is left out of the callback; its own route returns it."""

ValueT = TypeVar("ValueT")

_EXAMPLE_ID: Final = "01h455vb4pex5vsknk084sn02q"

SourceIdText = Annotated[str, msgspec.Meta(examples=[f"{SOURCE_PREFIX}_{_EXAMPLE_ID}"])]
CallbackIdText = Annotated[str, msgspec.Meta(examples=[f"{CALLBACK_PREFIX}_{_EXAMPLE_ID}"])]
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]

SourceFilter = Annotated[
    str | None, msgspec.Meta(description="Only of this source; of all sources by default.", examples=[None])
]

ProviderName = Annotated[str, msgspec.Meta(description="A name from `GET /api/v1/providers`.", examples=["github"])]
SourceName = Annotated[
    str,
    msgspec.Meta(
        description="A name for people.",
        examples=["GitHub of the shop"],
        extra_json_schema={"minLength": 1, "maxLength": NAME_LENGTH_MAX},
    ),
]
Secrets = Annotated[
    list[Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": SECRET_LENGTH_MAX})]],
    msgspec.Meta(
        description="What the provider signs with. Any of them may match: give the old and the new one to rotate.",
        examples=[["It's a Secret to Everybody"]],
        extra_json_schema={"maxItems": SECRETS_MAX},
    ),
]
ForwardUrl = Annotated[
    str | None,
    msgspec.Meta(
        description="Forward verified callbacks unchanged to this URL, instead of publishing them as events.",
        examples=[None],
        extra_json_schema={"maxLength": URL_LENGTH_MAX},
    ),
]
Options = Annotated[
    dict[str, str], msgspec.Meta(description="The provider's other fields, such as header names.", examples=[{}])
]


class SourceId(PathId):
    """A source's id in a path or a query string."""

    prefix = SOURCE_PREFIX


class CallbackId(PathId):
    """A callback's id in a path."""

    prefix = CALLBACK_PREFIX


class AnswerBody(RequestBody, frozen=True, kw_only=True):
    """What the source answers to each callback, once it is stored."""

    status: Annotated[int, msgspec.Meta(ge=200, le=299, description="The HTTP status.")] = 200
    content_type: Annotated[str, msgspec.Meta(description="The media type of the body.")] = Answer().content_type
    body: Annotated[
        str,
        msgspec.Meta(description="The body.", extra_json_schema={"maxLength": ANSWER_BODY_LENGTH_MAX}),
    ] = ""


class CreateSource(RequestBody, frozen=True, kw_only=True):
    """A source to create."""

    provider: ProviderName
    name: SourceName
    secrets: Secrets = msgspec.field(default_factory=list)
    options: Options = msgspec.field(default_factory=dict)
    answer: AnswerBody = AnswerBody()
    forward_url: ForwardUrl = None


class UpdateSource(RequestBody, frozen=True, kw_only=True):
    """The fields of a source to change; omitted fields keep their values."""

    name: SourceName | msgspec.UnsetType = msgspec.UNSET
    secrets: Secrets | msgspec.UnsetType = msgspec.UNSET
    options: Options | msgspec.UnsetType = msgspec.UNSET
    answer: AnswerBody | msgspec.UnsetType = msgspec.UNSET
    forward_url: ForwardUrl | msgspec.UnsetType = msgspec.UNSET


class ReverifyCallbacks(RequestBody, frozen=True, kw_only=True):
    """Whose quarantined callbacks to verify again."""

    source_id: SourceFilter = None


class ReplayCallbacks(RequestBody, frozen=True, kw_only=True):
    """Which verified callbacks to pass on again."""

    source_id: SourceFilter = None
    since: Annotated[datetime, msgspec.Meta(tz=True, description="Received at this time or later.")]
    until: Annotated[datetime | None, msgspec.Meta(description="Received before this time; now by default.")] = None
    type: Annotated[str | None, msgspec.Meta(description="Only of this type, in the provider's words.")] = None


class FieldView(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a source of a provider has: the field `secrets`, or an option."""

    name: str
    title: str
    description: str
    is_required: bool
    is_secret: bool
    default: str
    choices: list[str]


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """Who can send callbacks, and how they are verified."""

    name: Annotated[str, msgspec.Meta(examples=["github"])]
    title: Annotated[str, msgspec.Meta(examples=["GitHub"])]
    scheme: Annotated[
        str,
        msgspec.Meta(
            description="How it proves that a callback is genuine.", examples=["HMAC-SHA256 of the body, in hex."]
        ),
    ]
    docs_url: str
    fields: list[FieldView]
    setup_steps: Annotated[list[str], msgspec.Meta(description="`{ingest_url}` stands for the URL of the source.")]


class AnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """What the source answers to each callback."""

    status: Annotated[int, msgspec.Meta(examples=[200])]
    content_type: Annotated[str, msgspec.Meta(examples=["text/plain; charset=utf-8"])]
    body: Annotated[str, msgspec.Meta(examples=[""])]


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A source."""

    source_id: SourceIdText
    provider: ProviderName
    name: SourceName
    ingest_url: Annotated[
        str,
        msgspec.Meta(
            description="The URL to give to the provider. Whoever knows it can send callbacks, which are quarantined "
            "unless they are genuine.",
            examples=["https://hooks.example.com/in/in_Xk3…"],
        ),
    ]
    secret_hints: Annotated[
        list[str],
        msgspec.Meta(description="The last characters of each secret, in order; never more.", examples=[["…9f2c"]]),
    ]
    options: Options
    answer: AnswerView
    forward_url: ForwardUrl
    forward_subscription_id: Annotated[
        str | None,
        msgspec.Meta(
            description="The subscription that forwards them. Its deliveries, limits and secret are managed like those "
            "of others.",
            examples=[None],
        ),
    ]
    setup_steps: Annotated[
        list[str], msgspec.Meta(description="What to do at the provider.", examples=[["Payload URL: https://…"]])
    ]
    docs_url: str
    created_at: Timestamp
    updated_at: Timestamp


class ChangedSourceView(SourceView, frozen=True, kw_only=True):
    """A source that was created or changed."""

    forward_secret: Annotated[
        str | None,
        msgspec.Meta(
            description="What forwarded requests are signed with. It is shown only here, when `forward_url` is set for "
            "the first time.",
            examples=[None],
        ),
    ]


class CallbackSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A callback, without its headers and its body."""

    callback_id: CallbackIdText
    source_id: SourceIdText
    provider: ProviderName
    status: CallbackStatus
    type: Annotated[str | None, msgspec.Meta(description="In the provider's words; known once it is verified.")]
    provider_event_id: str | None
    received_at: Timestamp
    judged_at: Annotated[
        Timestamp | None, msgspec.Meta(description="When it got its status; null while it is received.")
    ]
    method: Annotated[str, msgspec.Meta(examples=["POST"])]
    query: str
    peer: Annotated[str, msgspec.Meta(description="The address and port of the client, or of your proxy.")]
    body_bytes: int
    reason: Annotated[
        str | None,
        msgspec.Meta(description="Which check failed; only if quarantined.", examples=["signature_mismatch"]),
    ]
    detail: Annotated[str | None, msgspec.Meta(description="What that check expected; only if quarantined.")]
    duplicate_of: Annotated[str | None, msgspec.Meta(description="The callback that came first; only if duplicate.")]
    event_type: Annotated[
        str | None, msgspec.Meta(description="The type of the event that it became; only if verified.")
    ]
    event_id: Annotated[str | None, msgspec.Meta(description="The event that it became; only if verified.")]
    replay_count: int


class HeaderView(msgspec.Struct, frozen=True, kw_only=True):
    """A header, with its name in lower case."""

    name: str
    value: str


class CallbackView(CallbackSummary, frozen=True, kw_only=True):
    """A callback as it was received, and its body in the most useful form.

    Headers that prove the identity of the sender, such as `authorization`, are shown too: this is the raw request.
    """

    headers: list[HeaderView]
    content_type: str
    is_body_omitted: Annotated[
        bool, msgspec.Meta(description="Whether the body is too large to be shown here.", examples=[False])
    ]
    body_json: Annotated[Any, msgspec.Meta(description="The body, if it is JSON.")]
    body_form: Annotated[dict[str, list[str]] | None, msgspec.Meta(description="Its fields, if it is a form.")]
    body_text: Annotated[str | None, msgspec.Meta(description="The raw body, if it is UTF-8.")]
    body_base64: Annotated[str | None, msgspec.Meta(description="The raw body, if it isn't.")]


class JobAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A durable job that was enqueued; `ninefold jobs show` shows its progress to operators."""

    job_id: Annotated[str, msgspec.Meta(examples=[f"{JOB_PREFIX}_{_EXAMPLE_ID}"])]


class CallbackReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that was passed on again."""

    callback_id: CallbackIdText
    event_id: Annotated[str, msgspec.Meta(description="The new event.", examples=[f"{EVENT_PREFIX}_{_EXAMPLE_ID}"])]


def read_new_source(data: CreateSource) -> SourceFields:
    """Return the fields of a new source from a request."""
    return SourceFields(
        name=data.name,
        secrets=data.secrets,
        options=data.options,
        answer=_read_answer(data.answer),
        forward_url=data.forward_url,
    )


def read_source_changes(data: UpdateSource) -> SourceFields:
    """Return the fields of a source that a request changes."""
    return SourceFields(
        name=_none_if_unset(data.name),
        secrets=_none_if_unset(data.secrets),
        options=_none_if_unset(data.options),
        answer=None if isinstance(data.answer, msgspec.UnsetType) else _read_answer(data.answer),
        forward_url=data.forward_url,
    )


def show_provider(provider: Provider) -> ProviderView:
    """Return a provider as the API shows it."""
    return ProviderView(
        name=provider.name,
        title=provider.title,
        scheme=provider.summary,
        docs_url=provider.docs_url,
        fields=[_show_field(field) for field in provider.fields],
        setup_steps=list(provider.setup_steps),
    )


def show_source(source: Source, *, public_url: str) -> SourceView:
    """Return a source as the API shows it: never with its secrets.

    Args:
        source: the source.
        public_url: where providers reach this server, without a slash at the end.
    """
    return SourceView(**_source_fields(source, public_url=public_url))


def show_changed_source(changed: ChangedSource, *, public_url: str) -> ChangedSourceView:
    """Return a source that was created or changed; `public_url` as in `show_source`."""
    return ChangedSourceView(
        **_source_fields(changed.source, public_url=public_url), forward_secret=changed.forward_secret
    )


def show_callback_summary(callback: Callback) -> CallbackSummary:
    """Return a callback as lists show it."""
    return CallbackSummary(**_summary_fields(callback))


def show_callback(shown: CallbackWithContent) -> CallbackView:
    """Return a callback with its headers and its body."""
    content = shown.content
    content_type = header_value(content.headers, b"content-type")
    return CallbackView(
        **_summary_fields(shown.callback),
        headers=[_show_header(header) for header in content.headers],
        content_type=content_type.decode("latin-1"),
        **_body_fields(content, content_type=content_type),
    )


def _source_fields(source: Source, *, public_url: str) -> dict[str, Any]:
    provider = require_provider(source.provider)
    ingest_url = f"{public_url}{INGEST_PATH}/{source.token}"
    subscription_id = source.forward_subscription_id
    return {
        "source_id": format_id(SOURCE_PREFIX, source.source_id),
        "provider": source.provider,
        "name": source.name,
        "ingest_url": ingest_url,
        "secret_hints": [secret_hint(secret) for secret in source.secrets],
        "options": _show_options(source, provider),
        "answer": AnswerView(
            status=source.answer.status, content_type=source.answer.content_type, body=source.answer.body
        ),
        "forward_url": source.forward_url,
        "forward_subscription_id": subscription_id and format_id(SUBSCRIPTION_PREFIX, subscription_id),
        "setup_steps": [step.replace("{ingest_url}", ingest_url) for step in provider.setup_steps],
        "docs_url": provider.docs_url,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
    }


def _read_answer(answer: AnswerBody) -> Answer:
    return Answer(status=answer.status, content_type=answer.content_type, body=answer.body)


def _none_if_unset(value: msgspec.UnsetType | ValueT) -> ValueT | None:
    return None if isinstance(value, msgspec.UnsetType) else value


def _summary_fields(callback: Callback) -> dict[str, Any]:
    is_verified = callback.status is CallbackStatus.VERIFIED
    return {
        "callback_id": format_id(CALLBACK_PREFIX, callback.callback_id),
        "source_id": format_id(SOURCE_PREFIX, callback.source_id),
        "provider": callback.provider,
        "status": callback.status,
        "type": callback.event_type,
        "provider_event_id": callback.provider_event_id,
        "received_at": callback.received_at,
        "judged_at": callback.judged_at,
        "method": callback.method,
        "query": callback.query.decode("latin-1"),
        "peer": callback.peer,
        "body_bytes": callback.body_bytes,
        "reason": callback.reason,
        "detail": callback.detail,
        "duplicate_of": callback.duplicate_of and format_id(CALLBACK_PREFIX, callback.duplicate_of),
        "event_type": event_type_of(callback.provider, callback.event_type) if is_verified else None,
        "event_id": callback.event_id and format_id(EVENT_PREFIX, callback.event_id),
        "replay_count": callback.replay_count,
    }


def _body_fields(content: CallbackContent, *, content_type: bytes) -> dict[str, Any]:
    body = content.body
    if len(body) > BODY_SHOWN_BYTES_MAX:
        return {
            "is_body_omitted": True,
            "body_json": None,
            "body_form": None,
            "body_text": None,
            "body_base64": None,
        }
    parsed = parse_body(body, content_type=content_type)
    text = _text(body)
    return {
        "is_body_omitted": False,
        "body_json": parsed.json,
        "body_form": parsed.form,
        "body_text": text,
        "body_base64": base64.b64encode(body).decode() if text is None else None,
    }


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _show_header(header: Header) -> HeaderView:
    name, value = header
    return HeaderView(name=name.decode("latin-1"), value=value.decode("latin-1"))


def _show_field(field: Field) -> FieldView:
    return FieldView(
        name=field.name,
        title=field.title,
        description=field.description,
        is_required=field.is_required,
        is_secret=field.is_secret,
        default=field.default,
        choices=list(field.choices),
    )


def _show_options(source: Source, provider: Provider) -> dict[str, str]:
    """Return the options of a source; of secret ones, such as a token of Meta, only the end."""
    secret = {field.name for field in provider.fields if field.is_secret and field.name != SECRETS_FIELD}
    return {name: secret_hint(value) if name in secret else value for name, value in source.options.items()}
