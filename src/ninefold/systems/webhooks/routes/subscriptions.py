"""The HTTP routes for subscriptions. `searches` has the list of a subscription's deliveries."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, Parameter

from ninefold.contracts.webhooks import ForwardOwner
from ninefold.core.egress import AddressPolicy
from ninefold.core.ids import format_id
from ninefold.core.jobs import JOBS_CHANNEL
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.idempotency import refuse_idempotency_key
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.webhooks.model import (
    DELIVERY_PREFIX,
    EVENT_PREFIX,
    RETRIES_CHANNEL,
    SUBSCRIPTION_PREFIX,
    SUBSCRIPTIONS_CHANNEL,
    WAITING_CHANNEL,
    CircuitState,
    SubscriptionFilter,
)
from ninefold.systems.webhooks.routes.subscription_wire import (
    CreateSubscription,
    RotateSecret,
    SubscriptionId,
    SubscriptionView,
    SubscriptionWithSecretView,
    UpdateSubscription,
    read_changes,
    show_new_secret,
    show_subscription,
)
from ninefold.systems.webhooks.routes.wire import TestAccepted
from ninefold.systems.webhooks.rules.event_types import TEST_EVENT_TYPE
from ninefold.systems.webhooks.rules.subscription_fields import SUBSCRIBER_ID_LENGTH_MAX
from ninefold.systems.webhooks.service import subscriptions as service
from ninefold.systems.webhooks.service.testing import send_test
from ninefold.systems.webhooks.settings import WebhooksSettings

_SUBSCRIPTIONS: Final = "/api/v1/subscriptions"
_SUBSCRIPTION: Final = "/api/v1/subscriptions/{subscription_id:str}"
_TAGS: Final = ["subscriptions"]

_SubscriberIdFilter = Annotated[
    str,
    msgspec.Meta(
        description="Only subscriptions of this subscriber.",
        extra_json_schema={"minLength": 1, "maxLength": SUBSCRIBER_ID_LENGTH_MAX},
    ),
]

_subscription_list = PagedList("subscriptions", UUID)


@post(
    _SUBSCRIPTIONS,
    tags=_TAGS,
    responses=problem_responses(409),
    guards=[refuse_idempotency_key(remedy="Remove the header. List the subscriptions to see whether it was created.")],
)
async def create_subscription(
    *,
    data: FromBody[CreateSubscription],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    egress_policy: NamedDependency[AddressPolicy],
    sealer: NamedDependency[Sealer],
    webhooks_settings: NamedDependency[WebhooksSettings],
    audit: NamedDependency[AuditEntry],
) -> SubscriptionWithSecretView:
    """Create a subscription. Only this response, and that of a rotation, contain the secret."""
    async with database.transaction() as connection:
        created = await service.create_subscription(
            connection,
            egress_policy,
            sealer,
            organisation_id=principal.organisation_id,
            fields=read_changes(data),
            retry_horizon_s=webhooks_settings.retry_horizon_s,
            subscriptions_max=webhooks_settings.subscriptions_max,
        )
        audit.target_id = format_id(SUBSCRIPTION_PREFIX, created.subscription.subscription_id)
    return show_new_secret(created, settings=webhooks_settings)


@get(_SUBSCRIPTIONS, tags=_TAGS)
async def list_subscriptions(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
    subscriber_id: FromQuery[_SubscriberIdFilter | None] = None,
    is_active: Annotated[
        bool | None, Parameter(description="Only subscriptions that are active, or only those that are paused.")
    ] = None,
    circuit: Annotated[
        CircuitState | None, Parameter(description="Only subscriptions whose circuit has this state.")
    ] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[SubscriptionView]:
    """List subscriptions.

    Newest first.
    """
    query = _subscription_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await service.list_subscriptions(
            connection,
            organisation_id=principal.organisation_id,
            only=SubscriptionFilter(subscriber_id=subscriber_id, is_active=is_active, circuit_state=circuit),
            before=query.position,
            limit=query.rows_max,
        )
    show = partial(show_subscription, settings=webhooks_settings)
    return query.page(found, position_of=lambda subscription: subscription.subscription_id, show=show)


@get(_SUBSCRIPTION, tags=_TAGS)
async def get_subscription(
    subscription_id: FromPath[SubscriptionId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
) -> SubscriptionView:
    """Show a subscription.

    With its pause, its circuit, and the values that apply to it.
    """
    async with database.connection() as connection:
        subscription = await service.get_subscription(
            connection, organisation_id=principal.organisation_id, subscription_id=subscription_id
        )
    return show_subscription(subscription, settings=webhooks_settings)


@patch(_SUBSCRIPTION, tags=_TAGS, responses=problem_responses(409))
async def update_subscription(
    *,
    subscription_id: FromPath[SubscriptionId],
    data: FromBody[UpdateSubscription],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    egress_policy: NamedDependency[AddressPolicy],
    webhooks_settings: NamedDependency[WebhooksSettings],
    forward_owner: NamedDependency[ForwardOwner],
) -> SubscriptionView:
    """Change a subscription.

    The new values apply to the next event, and to the next attempt of each delivery. A delivery whose type was removed
    isn't retried: it is canceled when its next attempt would be due. While `is_active` is false, nothing is sent, and
    deliveries wait. If it becomes true, they are sent, and the circuit is closed.
    """
    changes = read_changes(data)
    async with database.transaction() as connection:
        await service.check_changeable(
            connection,
            forward_owner,
            organisation_id=principal.organisation_id,
            subscription_id=subscription_id,
            changes=changes,
        )
        subscription = await service.update_subscription(
            connection,
            egress_policy,
            organisation_id=principal.organisation_id,
            subscription_id=subscription_id,
            changes=changes,
            retry_horizon_s=webhooks_settings.retry_horizon_s,
        )
    notifier.notify(SUBSCRIPTIONS_CHANNEL)
    # It may have been resumed, or have a higher limit.
    notifier.notify(WAITING_CHANNEL)
    return show_subscription(subscription, settings=webhooks_settings)


@delete(_SUBSCRIPTION, tags=_TAGS, responses=problem_responses(409))
async def delete_subscription(
    subscription_id: FromPath[SubscriptionId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    forward_owner: NamedDependency[ForwardOwner],
) -> None:
    """Delete a subscription.

    Nothing more is sent to it. Its waiting deliveries are canceled in the background, within moments of the answer.
    """
    async with database.transaction() as connection:
        await service.check_changeable(
            connection, forward_owner, organisation_id=principal.organisation_id, subscription_id=subscription_id
        )
        await service.delete_subscription(
            connection, organisation_id=principal.organisation_id, subscription_id=subscription_id
        )
    notifier.notify(SUBSCRIPTIONS_CHANNEL)
    notifier.notify(JOBS_CHANNEL)


@post(
    f"{_SUBSCRIPTION}/rotate-secret",
    tags=_TAGS,
    status_code=200,
    responses=problem_responses(409),
    guards=[refuse_idempotency_key(remedy="Remove the header. If no response arrived, rotate again.")],
)
async def rotate_secret(
    *,
    subscription_id: FromPath[SubscriptionId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    sealer: NamedDependency[Sealer],
    webhooks_settings: NamedDependency[WebhooksSettings],
    data: FromBody[RotateSecret | None] = None,
) -> SubscriptionWithSecretView:
    """Rotate a secret.

    The old secret also keeps signing for a grace period, which is 24 hours by default.
    """
    rotation = data or RotateSecret()
    async with database.transaction() as connection:
        rotated = await service.rotate_secret(
            connection,
            sealer,
            organisation_id=principal.organisation_id,
            subscription_id=subscription_id,
            grace=timedelta(seconds=rotation.grace_s),
        )
    notifier.notify(SUBSCRIPTIONS_CHANNEL)
    return show_new_secret(rotated, settings=webhooks_settings)


@post(
    f"{_SUBSCRIPTION}/circuit/close",
    tags=_TAGS,
    status_code=200,
    guards=[refuse_idempotency_key(remedy="Remove the header. Closing a closed circuit changes nothing.")],
)
async def close_circuit(
    subscription_id: FromPath[SubscriptionId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    webhooks_settings: NamedDependency[WebhooksSettings],
) -> SubscriptionView:
    """Close a circuit.

    What waits because of the circuit is sent, within the subscription's limits. If attempts fail again, the circuit
    opens again.
    """
    async with database.transaction() as connection:
        subscription = await service.close_circuit(
            connection, organisation_id=principal.organisation_id, subscription_id=subscription_id
        )
    notifier.notify(WAITING_CHANNEL)
    return show_subscription(subscription, settings=webhooks_settings)


@post(
    f"{_SUBSCRIPTION}/test",
    tags=_TAGS,
    status_code=202,
    responses=problem_responses(409),
    guards=[refuse_idempotency_key(remedy="Remove the header. A second test does no harm.")],
)
async def send_test_event(
    subscription_id: FromPath[SubscriptionId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> TestAccepted:
    """Send a test.

    Sends an event of the type `ninefold.test` to this subscription alone, whatever types it wants. It is signed and
    retried like every event, and its delivery is listed. It is sent at once, even if the circuit is open.
    """
    async with database.transaction() as connection:
        sent = await send_test(connection, organisation_id=principal.organisation_id, subscription_id=subscription_id)
    notifier.notify(RETRIES_CHANNEL)
    # The circuit may be probed now.
    notifier.notify(WAITING_CHANNEL)
    return TestAccepted(
        event_id=format_id(EVENT_PREFIX, sent.event_id),
        delivery_id=format_id(DELIVERY_PREFIX, sent.delivery_id),
        event_type=TEST_EVENT_TYPE,
    )


SUBSCRIPTION_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_subscription,
    list_subscriptions,
    get_subscription,
    update_subscription,
    delete_subscription,
    rotate_secret,
    close_circuit,
    send_test_event,
]
