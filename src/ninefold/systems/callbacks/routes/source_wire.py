"""The wire types of sources and providers: request bodies, response bodies, and the mapping from the model."""

from typing import Annotated, Any, TypeVar

import msgspec

from ninefold.core.egress.target import URL_LENGTH_MAX
from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.callbacks.model import SOURCE_PREFIX, SUBSCRIPTION_PREFIX, Answer, Source
from ninefold.systems.callbacks.routes.ingest import INGEST_PATH
from ninefold.systems.callbacks.rules.sources import (
    ANSWER_BODY_LENGTH_MAX,
    NAME_LENGTH_MAX,
    SECRET_LENGTH_MAX,
    require_provider,
    secret_hint,
)
from ninefold.systems.callbacks.service.changes import source_channel
from ninefold.systems.callbacks.service.sources import ChangedSource, SourceFields
from ninefold.systems.callbacks.verification import SECRETS_FIELD, SECRETS_MAX, Field, Provider

ValueT = TypeVar("ValueT")
SourceIdText = Annotated[str, msgspec.Meta(examples=[f"{SOURCE_PREFIX}_{EXAMPLE_ID}"])]
ProviderName = Annotated[str, msgspec.Meta(description="A name from `GET /api/v1/providers`.", examples=["github"])]
DocsUrl = Annotated[
    str, msgspec.Meta(description="The provider's documentation.", examples=["https://docs.github.com/en/webhooks"])
]
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


class FieldView(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a source of a provider has: the field `secrets`, or an option."""

    name: Annotated[str, msgspec.Meta(examples=["secrets"])]
    title: Annotated[str, msgspec.Meta(examples=["Webhook secret"])]
    description: Annotated[str, msgspec.Meta(examples=["The secret that you entered in the webhook's settings."])]
    is_required: bool
    is_secret: bool
    default: Annotated[str, msgspec.Meta(examples=[""])]
    choices: Annotated[list[str], msgspec.Meta(description="All allowed values; empty for any.", examples=[[]])]


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
    docs_url: DocsUrl
    fields: list[FieldView]
    setup_steps: Annotated[
        list[str],
        msgspec.Meta(
            description="`{ingest_url}` stands for the URL of the source.", examples=[["Payload URL: {ingest_url}"]]
        ),
    ]


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
            description="The URL to give to the provider. Anyone who knows it can send callbacks; those that aren't "
            "genuine are quarantined.",
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
    live_channel: Annotated[
        str,
        msgspec.Meta(
            description="The channel of the live feed that shows its callbacks.",
            examples=["callbacks.source:src_01h455vb4pex5vsknk084sn02q"],
        ),
    ]
    setup_steps: Annotated[
        list[str], msgspec.Meta(description="What to do at the provider.", examples=[["Payload URL: https://…"]])
    ]
    docs_url: DocsUrl
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
        "live_channel": source_channel(source.source_id),
        "setup_steps": [step.replace("{ingest_url}", ingest_url) for step in provider.setup_steps],
        "docs_url": provider.docs_url,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
    }


def _read_answer(answer: AnswerBody) -> Answer:
    return Answer(status=answer.status, content_type=answer.content_type, body=answer.body)


def _none_if_unset(value: msgspec.UnsetType | ValueT) -> ValueT | None:
    return None if isinstance(value, msgspec.UnsetType) else value


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
