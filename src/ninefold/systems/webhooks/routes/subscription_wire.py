"""The wire types of subscriptions: request bodies, response bodies, and the mapping from the model."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, UnsetType

from ninefold.core.egress.target import URL_LENGTH_MAX
from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.webhooks.model import (
    SUBSCRIPTION_PREFIX,
    Circuit,
    CircuitState,
    Ordering,
    OrderingOnFailure,
    PauseReason,
    RetryPlan,
    Subscription,
)
from ninefold.systems.webhooks.routes.wire import SubscriptionIdText
from ninefold.systems.webhooks.rules.advice import advise_on_pause
from ninefold.systems.webhooks.rules.event_types import (
    EVENT_TYPE_LENGTH_MAX,
    EVENT_TYPES_PER_SUBSCRIPTION_MAX,
    PATTERN_REGEX,
)
from ninefold.systems.webhooks.rules.retry_plans import RETRY_PRESETS
from ninefold.systems.webhooks.rules.subscription_fields import (
    DESCRIPTION_LENGTH_MAX,
    RATE_LIMIT_PER_S_MAX,
    SUBSCRIBER_ID_LENGTH_MAX,
    SUBSCRIPTION_IN_FLIGHT_MAX,
)
from ninefold.systems.webhooks.service.changes import deliveries_channel
from ninefold.systems.webhooks.service.subscriptions import NewSecret, SubscriptionChanges
from ninefold.systems.webhooks.settings import RETRY_DELAYS_COUNT_MAX, WebhooksSettings

GRACE_S_DEFAULT: Final = 86_400
"""The default and the maximum: the receiver has a day to switch to the new secret."""

# `extra_json_schema` is for the OpenAPI document only. The rules enforce these limits, with more helpful errors.
Url = Annotated[
    str,
    msgspec.Meta(
        description="The URL to deliver events to; http or https.",
        examples=["https://example.com/hooks"],
        extra_json_schema={"format": "uri", "maxLength": URL_LENGTH_MAX},
    ),
]
EventTypePattern = Annotated[
    str, msgspec.Meta(extra_json_schema={"pattern": PATTERN_REGEX, "maxLength": EVENT_TYPE_LENGTH_MAX})
]
EventTypes = Annotated[
    list[EventTypePattern],
    msgspec.Meta(
        description="Event types; `order.*` for every type that begins with `order.`, or `*` for all.",
        examples=[["order.created", "invoice.*"]],
        extra_json_schema={"minItems": 1, "maxItems": EVENT_TYPES_PER_SUBSCRIPTION_MAX},
    ),
]
Description = Annotated[
    str,
    msgspec.Meta(
        description="Free text for people; up to 500 characters.",
        examples=["Warehouse"],
        extra_json_schema={"maxLength": DESCRIPTION_LENGTH_MAX},
    ),
]
SubscriberId = Annotated[
    str,
    msgspec.Meta(
        description="The customer that it belongs to: an id in your application, up to 200 characters.",
        examples=["customer-7"],
        extra_json_schema={"minLength": 1, "maxLength": SUBSCRIBER_ID_LENGTH_MAX},
    ),
]
IsActive = Annotated[
    bool, msgspec.Meta(description="False pauses the subscription: its deliveries wait. True resumes it.")
]
RateLimit = Annotated[
    float,
    msgspec.Meta(
        description="Attempts per second, at most. Null for the installation's default.",
        extra_json_schema={"exclusiveMinimum": 0, "maximum": RATE_LIMIT_PER_S_MAX},
    ),
]
InFlightMax = Annotated[
    int,
    msgspec.Meta(
        description="Attempts at the same time, at most. Null for the installation's default.",
        extra_json_schema={"minimum": 1, "maximum": SUBSCRIPTION_IN_FLIGHT_MAX},
    ),
]
OrderingField = Annotated[
    Ordering,
    msgspec.Meta(
        description="`fifo`: events with the same `ordering_key` are delivered one after another, in the order in which"
        " they were accepted.",
        examples=[Ordering.NONE],
    ),
]
OrderingOnFailureField = Annotated[
    OrderingOnFailure,
    msgspec.Meta(
        description="Whether the later events of a key wait (`block`) or go on (`skip`) when a delivery has failed for"
        " good.",
        examples=[OrderingOnFailure.BLOCK],
    ),
]
RetryPreset = Annotated[
    str,
    msgspec.Meta(
        description="The name of a list of delays.", examples=["day"], extra_json_schema={"enum": list(RETRY_PRESETS)}
    ),
]
RetryDelays = Annotated[
    list[Annotated[float, msgspec.Meta(extra_json_schema={"exclusiveMinimum": 0})]],
    msgspec.Meta(
        description="Seconds before each retry. Null for the installation's default.",
        extra_json_schema={"minItems": 1, "maxItems": RETRY_DELAYS_COUNT_MAX},
    ),
]


class SubscriptionId(PathId):
    """A subscription's id in a path."""

    prefix = SUBSCRIPTION_PREFIX


class CreateSubscription(RequestBody, frozen=True, kw_only=True):
    """A subscription to create."""

    url: Url
    event_types: EventTypes
    description: Description = ""
    subscriber_id: SubscriberId | None = None
    is_active: IsActive = True
    rate_limit_per_s: RateLimit | None = None
    in_flight_max: InFlightMax | None = None
    retry_schedule: RetryPreset | RetryDelays | None = None
    ordering: OrderingField = Ordering.NONE
    ordering_on_failure: OrderingOnFailureField = OrderingOnFailure.BLOCK


class UpdateSubscription(RequestBody, frozen=True, kw_only=True):
    """The fields of a subscription to change; omitted fields keep their values."""

    url: Url | UnsetType = UNSET
    event_types: EventTypes | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    subscriber_id: SubscriberId | UnsetType | None = UNSET
    is_active: IsActive | UnsetType = UNSET
    rate_limit_per_s: RateLimit | UnsetType | None = UNSET
    in_flight_max: InFlightMax | UnsetType | None = UNSET
    retry_schedule: RetryPreset | RetryDelays | UnsetType | None = UNSET
    ordering: OrderingField | UnsetType = UNSET
    ordering_on_failure: OrderingOnFailureField | UnsetType = UNSET


class RotateSecret(RequestBody, frozen=True, kw_only=True):
    """How to rotate a secret."""

    grace_s: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=GRACE_S_DEFAULT,
            description="Seconds during which the old secrets keep signing; use 0 after a leak.",
        ),
    ] = GRACE_S_DEFAULT


class PauseView(msgspec.Struct, frozen=True, kw_only=True):
    """Why and since when a subscription is paused."""

    reason: PauseReason
    paused_at: Timestamp
    advice: str
    """What to do about it."""


class CircuitView(msgspec.Struct, frozen=True, kw_only=True):
    """The circuit breaker of a subscription."""

    state: Annotated[CircuitState, msgspec.Meta(examples=[CircuitState.CLOSED])]
    consecutive_failures: Annotated[int, msgspec.Meta(examples=[0])]
    failing_since: Annotated[Timestamp | None, msgspec.Meta(examples=[None])]
    """The first failed attempt after the latest success."""
    opened_at: Annotated[Timestamp | None, msgspec.Meta(examples=[None])]
    retry_at: Annotated[Timestamp | None, msgspec.Meta(examples=[None])]
    """When the next probe may be made; null while the circuit is closed."""
    pauses_at: Annotated[Timestamp | None, msgspec.Meta(examples=[None])]
    """When the subscription is paused if no attempt succeeds until then; null while the circuit is closed."""


class EffectiveValues(msgspec.Struct, frozen=True, kw_only=True):
    """What applies to a subscription: its own values, and the installation's where it has none."""

    rate_limit_per_s: Annotated[float, msgspec.Meta(examples=[100.0])]
    in_flight_max: Annotated[int, msgspec.Meta(examples=[100])]
    retry_delays_s: Annotated[Sequence[float], msgspec.Meta(examples=[[1.0, 2.0, 4.0, 8.0, 16.0]])]


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription, without its secret."""

    subscription_id: SubscriptionIdText
    url: Annotated[str, msgspec.Meta(examples=["https://example.com/hooks"])]
    event_types: Annotated[Sequence[str], msgspec.Meta(examples=[["order.created", "invoice.*"]])]
    description: Annotated[str, msgspec.Meta(examples=["Warehouse"])]
    subscriber_id: Annotated[str | None, msgspec.Meta(examples=["customer-7"])]
    is_active: Annotated[bool, msgspec.Meta(examples=[True])]
    pause: Annotated[PauseView | None, msgspec.Meta(examples=[None])]
    """Null while the subscription is active."""
    circuit: CircuitView
    rate_limit_per_s: Annotated[float | None, msgspec.Meta(examples=[None])]
    """Null where the installation's default applies; likewise the next two."""
    in_flight_max: Annotated[int | None, msgspec.Meta(examples=[None])]
    retry_schedule: Annotated[str | Sequence[float] | None, msgspec.Meta(examples=[None])]
    """The name of a preset, or the seconds before each retry."""
    ordering: OrderingField
    ordering_on_failure: OrderingOnFailureField
    effective: EffectiveValues
    live_channel: Annotated[str, msgspec.Meta(examples=["webhooks.deliveries:sub_01h455vb4pex5vsknk084sn02q"])]
    """The channel of the live feed that shows the changes of its deliveries."""
    created_at: Timestamp
    updated_at: Timestamp


class SubscriptionWithSecretView(SubscriptionView, frozen=True, kw_only=True):
    """A subscription with its new secret, which is shown only once."""

    secret: Annotated[str, msgspec.Meta(examples=["whsec_qvFMGbct…"])]


def read_changes(body: CreateSubscription | UpdateSubscription) -> SubscriptionChanges:
    """Return the fields that a body sets."""
    return SubscriptionChanges(**msgspec.structs.asdict(body))


def show_subscription(subscription: Subscription, *, settings: WebhooksSettings) -> SubscriptionView:
    """Show a subscription without its secret, with what the settings add to it."""
    return SubscriptionView(
        subscription_id=format_id(SUBSCRIPTION_PREFIX, subscription.subscription_id),
        url=subscription.url,
        event_types=subscription.event_types,
        description=subscription.description,
        subscriber_id=subscription.subscriber_id,
        is_active=subscription.paused_at is None,
        pause=_show_pause(subscription),
        circuit=_show_circuit(subscription.circuit, pause_after_s=settings.pause_after_s),
        rate_limit_per_s=subscription.rate_limit_per_s,
        in_flight_max=subscription.in_flight_max,
        retry_schedule=_show_retry_plan(subscription.retry_plan),
        ordering=subscription.ordering,
        ordering_on_failure=subscription.ordering_on_failure,
        effective=_show_effective_values(subscription, settings),
        live_channel=deliveries_channel(subscription.subscription_id),
        created_at=subscription.created_at,
        updated_at=subscription.updated_at,
    )


def show_new_secret(new_secret: NewSecret, *, settings: WebhooksSettings) -> SubscriptionWithSecretView:
    """Show a subscription with its new secret."""
    shown = show_subscription(new_secret.subscription, settings=settings)
    return SubscriptionWithSecretView(**msgspec.structs.asdict(shown), secret=new_secret.secret)


def _show_pause(subscription: Subscription) -> PauseView | None:
    if subscription.paused_at is None or subscription.pause_reason is None:
        return None
    return PauseView(
        reason=subscription.pause_reason,
        paused_at=subscription.paused_at,
        advice=advise_on_pause(subscription.pause_reason),
    )


def _show_circuit(circuit: Circuit, *, pause_after_s: float) -> CircuitView:
    pauses_at = None
    if circuit.state is not CircuitState.CLOSED and circuit.failing_since is not None:
        pauses_at = circuit.failing_since + timedelta(seconds=pause_after_s)
    return CircuitView(
        state=circuit.state,
        consecutive_failures=circuit.consecutive_failures,
        failing_since=circuit.failing_since,
        opened_at=circuit.opened_at,
        retry_at=circuit.retry_at,
        pauses_at=pauses_at,
    )


def _show_retry_plan(plan: RetryPlan | None) -> str | Sequence[float] | None:
    return None if plan is None else plan.preset or plan.delays_s


def _show_effective_values(subscription: Subscription, settings: WebhooksSettings) -> EffectiveValues:
    rate_limit_per_s, in_flight_max, plan = (
        subscription.rate_limit_per_s,
        subscription.in_flight_max,
        subscription.retry_plan,
    )
    return EffectiveValues(
        rate_limit_per_s=settings.rate_limit_per_s if rate_limit_per_s is None else rate_limit_per_s,
        in_flight_max=settings.subscription_in_flight_max if in_flight_max is None else in_flight_max,
        retry_delays_s=settings.retry_delays_s if plan is None else plan.delays_s,
    )
