"""Create, read, change and delete subscriptions, and rotate their secrets."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.egress import AddressPolicy, parse_target
from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import format_id, new_id
from ninefold.core.jobs import enqueue
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.errors import (
    SubscriptionNotFoundError,
    TooManySecretsError,
    TooManySubscriptionsError,
)
from ninefold.systems.webhooks.model import (
    CANCEL_DELIVERIES,
    SUBSCRIPTION_PREFIX,
    CancelDeliveries,
    Subscription,
)
from ninefold.systems.webhooks.rules.event_types import check_patterns
from ninefold.systems.webhooks.rules.signing import KEY_BYTES, format_secret
from ninefold.systems.webhooks.store import subscriptions as store

SUBSCRIPTIONS_MAX: Final = 1_000
"""Per organisation. An event's fan-out is computed in memory, and its deliveries are shown without pages."""

DESCRIPTION_LENGTH_MAX: Final = 500

SECRETS_ACTIVE_MAX: Final = 5
"""Each active secret adds 50 bytes to a header of every delivery, and one hash of its payload."""

ROTATION_GRACE: Final = timedelta(hours=24)
"""How long a rotated secret keeps signing, unless the caller asks for less."""


class NewSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription with its new secret, which is shown only once."""

    subscription: Subscription
    secret: str


async def create_subscription(
    connection: Connection,
    egress_policy: AddressPolicy,
    *,
    organisation_id: UUID,
    url: str,
    event_types: Sequence[str],
    description: str,
) -> NewSecret:
    """Create a subscription, which delivers events of these types to a URL.

    Raises:
        InvalidTargetError: events can't be delivered to this URL, because of its form or of the egress policy.
        InvalidEventTypeError: a type or pattern is malformed.
        TooManySubscriptionsError: the organisation already has `SUBSCRIPTIONS_MAX` subscriptions.
    """
    _check(egress_policy, url=url, event_types=event_types, description=description)
    # Bump the version first: its row lock serialises concurrent calls of an organisation, so the count is correct.
    await store.subscription_version_bump(connection, organisation_id=organisation_id)
    if await store.subscription_count(connection, organisation_id=organisation_id) >= SUBSCRIPTIONS_MAX:
        raise TooManySubscriptionsError(
            f"The organisation has {SUBSCRIPTIONS_MAX} subscriptions, which is the limit.",
            remedy="Delete subscriptions that you no longer use, or combine several event types in one subscription.",
        )
    subscription = await store.subscription_insert(
        connection,
        subscription_id=new_id(),
        organisation_id=organisation_id,
        url=url,
        event_types=list(event_types),
        description=description,
    )
    await store.subscription_url_keep(connection, subscription_id=subscription.subscription_id)
    return NewSecret(
        subscription=subscription,
        secret=await _insert_secret(connection, subscription_id=subscription.subscription_id),
    )


async def get_subscription(connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> Subscription:
    """Return one subscription.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
    """
    subscription = await store.subscription_find(
        connection, organisation_id=organisation_id, subscription_id=subscription_id
    )
    if subscription is None:
        raise _not_found(subscription_id)
    return subscription


async def list_subscriptions(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[Subscription]:
    """Return subscriptions with ids before one, newest first."""
    return await store.subscription_list(connection, organisation_id=organisation_id, before=before, limit=limit)


async def update_subscription(
    connection: Connection,
    egress_policy: AddressPolicy,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    url: str | None,
    event_types: Sequence[str] | None,
    description: str | None,
) -> Subscription:
    """Change the fields that aren't None. Deliveries in progress continue; their next attempt uses the new URL.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
        InvalidTargetError, InvalidEventTypeError: as `create_subscription`.
    """
    _check(egress_policy, url=url, event_types=event_types, description=description)
    await store.subscription_version_bump(connection, organisation_id=organisation_id)
    subscription = await store.subscription_update(
        connection,
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        url=url,
        event_types=None if event_types is None else list(event_types),
        description=description,
    )
    if subscription is None:
        raise _not_found(subscription_id)
    if url is not None:
        await store.subscription_url_keep(connection, subscription_id=subscription_id)
    return subscription


async def delete_subscription(connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> None:
    """Delete a subscription; recorded deliveries are kept.

    Its waiting deliveries are canceled by a job, since there may be more than a request has time for. Nothing is sent
    in the meantime: the worker that would attempt one of them cancels it.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
    """
    await store.subscription_version_bump(connection, organisation_id=organisation_id)
    if not await store.subscription_delete(
        connection, organisation_id=organisation_id, subscription_id=subscription_id
    ):
        raise _not_found(subscription_id)
    await enqueue(connection, CANCEL_DELIVERIES, CancelDeliveries(subscription_id), organisation_id=organisation_id)


async def rotate_secret(
    connection: Connection, *, organisation_id: UUID, subscription_id: UUID, grace: timedelta = ROTATION_GRACE
) -> NewSecret:
    """Give a subscription a new secret. The old secrets also keep signing during the grace period.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
        TooManySecretsError: `SECRETS_ACTIVE_MAX` secrets are already active.
    """
    await store.subscription_version_bump(connection, organisation_id=organisation_id)
    subscription = await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    await store.signing_secret_expire_all(connection, subscription_id=subscription_id, grace=grace)
    await store.signing_secret_delete_expired(connection, subscription_id=subscription_id)
    active = await store.signing_secret_count_active(connection, subscription_id=subscription_id)
    if active >= SECRETS_ACTIVE_MAX:
        raise TooManySecretsError(
            f"This subscription already has {active} active secrets, which is the limit.",
            remedy="Wait until one expires, or rotate with grace_s=0 so that all old ones expire at once.",
        )
    return NewSecret(
        subscription=subscription,
        secret=await _insert_secret(connection, subscription_id=subscription_id),
    )


async def _insert_secret(connection: Connection, *, subscription_id: UUID) -> str:
    key = os.urandom(KEY_BYTES)
    await store.signing_secret_insert(connection, signing_secret_id=new_id(), subscription_id=subscription_id, key=key)
    return format_secret(key)


def _check(
    egress_policy: AddressPolicy, *, url: str | None, event_types: Sequence[str] | None, description: str | None
) -> None:
    if url is not None:
        egress_policy.check_target(parse_target(url))
    if event_types is not None:
        check_patterns(event_types, field="event_types")
    if description is not None and (len(description) > DESCRIPTION_LENGTH_MAX or "\x00" in description):
        raise InvalidInputError(
            f"A description has at most {DESCRIPTION_LENGTH_MAX} characters, none of them NUL.",
            field="description",
            remedy="Shorten it.",
        )


def _not_found(subscription_id: UUID) -> SubscriptionNotFoundError:
    return SubscriptionNotFoundError(
        f"There is no subscription {format_id(SUBSCRIPTION_PREFIX, subscription_id)}.",
        remedy="List the subscriptions to see their ids.",
    )
