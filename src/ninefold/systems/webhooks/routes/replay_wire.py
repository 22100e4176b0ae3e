"""The wire types of dead letters and replays: request bodies, response bodies, and their mapping to the model."""

from typing import Annotated, Final
from uuid import UUID

import msgspec

from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.webhooks.model import DELIVERY_PREFIX, SUBSCRIPTION_PREFIX, DeliveryStatus
from ninefold.systems.webhooks.model.replays import DeadLetterFilter
from ninefold.systems.webhooks.routes.wire import DeliveryView, show_delivery
from ninefold.systems.webhooks.rules.event_types import EVENT_TYPE_LENGTH_MAX, PATTERN_REGEX
from ninefold.systems.webhooks.rules.replays import FINISHED
from ninefold.systems.webhooks.rules.subscription_fields import SUBSCRIBER_ID_LENGTH_MAX
from ninefold.systems.webhooks.service.dead_letters import DeadLetter

DELIVERY_IDS_MAX: Final = 1_000
"""In one request. A filter selects any number."""

RATE_PER_S_MIN: Final = 0.01
RATE_PER_S_MAX: Final = 100_000

_Rate = Annotated[
    float,
    msgspec.Meta(
        ge=RATE_PER_S_MIN,
        le=RATE_PER_S_MAX,
        description="How many deliveries are sent again per second at most. Each subscription's limits apply anyway.",
        examples=[50],
    ),
]
_TypeId = Annotated[str, msgspec.Meta(max_length=100)]


class DeadLetterReplay(RequestBody, frozen=True, kw_only=True):
    """Which dead letters to send again: ids alone, or any filters; without any, all dead letters."""

    delivery_ids: Annotated[list[_TypeId], msgspec.Meta(min_length=1, max_length=DELIVERY_IDS_MAX)] | None = None
    subscription_id: _TypeId | None = None
    subscriber_id: Annotated[
        Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": SUBSCRIBER_ID_LENGTH_MAX})] | None,
        msgspec.Meta(description="Those of this customer's subscriptions."),
    ] = None
    event_type: Annotated[
        Annotated[str, msgspec.Meta(extra_json_schema={"pattern": PATTERN_REGEX, "maxLength": EVENT_TYPE_LENGTH_MAX})]
        | None,
        msgspec.Meta(description="A type, or a pattern such as `order.*`."),
    ] = None
    error_class: Annotated[
        str | None, msgspec.Meta(description="That of the last attempt; `expired` if there was no failed attempt.")
    ] = None
    failed_after: Annotated[Timestamp | None, msgspec.Meta(description="Inclusive.")] = None
    failed_before: Annotated[Timestamp | None, msgspec.Meta(description="Exclusive; now by default.")] = None
    rate_per_s: _Rate | None = None

    def read_ids(self) -> list[UUID] | None:
        """Return the ids.

        Raises:
            InvalidInputError: one isn't the id of a delivery.
        """
        if self.delivery_ids is None:
            return None
        return [
            parse_body_id(DELIVERY_PREFIX, text, field=f"delivery_ids[{position}]")
            for position, text in enumerate(self.delivery_ids)
        ]

    def read_filter(self) -> DeadLetterFilter:
        """Return the filter.

        Raises:
            InvalidInputError: `subscription_id` isn't the id of a subscription.
        """
        return DeadLetterFilter(
            subscription_id=None
            if self.subscription_id is None
            else parse_body_id(SUBSCRIPTION_PREFIX, self.subscription_id, field="subscription_id"),
            subscriber_id=self.subscriber_id,
            event_type=self.event_type,
            error_class=self.error_class,
            failed_after=self.failed_after,
            failed_before=self.failed_before,
        )


class SubscriptionReplay(RequestBody, frozen=True, kw_only=True):
    """Which deliveries to a subscription to send again."""

    since: Annotated[
        Timestamp,
        msgspec.Meta(
            description="Deliveries of events that were accepted then or later.", examples=["2025-06-01T12:00:00Z"]
        ),
    ]
    until: Annotated[Timestamp | None, msgspec.Meta(description="Exclusive; now by default.")] = None
    statuses: Annotated[
        Annotated[list[DeliveryStatus], msgspec.Meta(min_length=1, max_length=len(FINISHED))] | None,
        msgspec.Meta(
            description="Only deliveries with these: `delivered`, `failed`, `canceled`. All three by default.",
        ),
    ] = None
    rate_per_s: _Rate | None = None


class DeadLetterView(DeliveryView, frozen=True, kw_only=True):
    """A delivery that failed for good. `advice` says what to do before it is replayed."""

    # The examples are those of a delivery without retries.
    status: Annotated[DeliveryStatus, msgspec.Meta(examples=[DeliveryStatus.FAILED])]
    attempts_planned: Annotated[int, msgspec.Meta(examples=[1])]
    next_attempt_at: Annotated[Timestamp | None, msgspec.Meta(examples=[None])]
    finished_at: Annotated[Timestamp | None, msgspec.Meta(examples=["2026-01-31T12:00:01Z"])]
    error_class: Annotated[str, msgspec.Meta(examples=["unsuccessful_status"])]
    """That of the last attempt; `expired` if its time was over while it waited."""


def show_dead_letter(letter: DeadLetter, *, attempts_per_round: int) -> DeadLetterView:
    """Show a dead letter with its latest attempts."""
    shown = show_delivery(letter.delivery, attempts_per_round=attempts_per_round)
    return DeadLetterView(**msgspec.structs.asdict(shown), error_class=letter.error_class)
