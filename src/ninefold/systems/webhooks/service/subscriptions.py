"""Create, read, change, pause and delete subscriptions; rotate their secrets and close their circuits."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from ninefold.contracts.webhooks import ForwardOwner
from ninefold.core.egress import AddressPolicy, parse_target
from ninefold.core.ids import format_id, new_id
from ninefold.core.jobs import enqueue
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.webhooks.errors import (
    SubscriptionNotFoundError,
    SubscriptionOwnedError,
    TooManySecretsError,
    TooManySubscriptionsError,
)
from ninefold.systems.webhooks.model import (
    CANCEL_DELIVERIES,
    SUBSCRIPTION_PREFIX,
    CancelDeliveries,
    Ordering,
    OrderingOnFailure,
    PauseReason,
    RetryPlan,
    Subscription,
    SubscriptionDraft,
    SubscriptionFilter,
)
from ninefold.systems.webhooks.rules.event_types import check_patterns
from ninefold.systems.webhooks.rules.retry_plans import make_retry_plan
from ninefold.systems.webhooks.rules.signing import KEY_BYTES, format_secret
from ninefold.systems.webhooks.rules.subscription_fields import (
    check_description,
    check_in_flight_max,
    check_rate_limit,
    check_subscriber_id,
)
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.service.ordering import unblock_keys
from ninefold.systems.webhooks.service.signing_secrets import SIGNING_SECRETS
from ninefold.systems.webhooks.store import subscriptions as store
from ninefold.systems.webhooks.store.circuits import circuit_reset

SUBSCRIPTIONS_MAX: Final = 1_000
"""Per organisation. An event's fan-out is computed in memory, and its deliveries are shown without pages."""

SECRETS_ACTIVE_MAX: Final = 5
"""Each active secret adds 50 bytes to a header of every delivery, and one hash of its payload."""

ROTATION_GRACE: Final = timedelta(hours=24)
"""How long a rotated secret keeps signing, unless the caller asks for less."""


class SubscriptionChanges(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a subscription to set; what is UNSET keeps its value."""

    url: str | UnsetType = UNSET
    event_types: Sequence[str] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    subscriber_id: str | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    """False pauses the subscription, True resumes it."""
    rate_limit_per_s: float | UnsetType | None = UNSET
    """None for the installation's setting; likewise the next two."""
    in_flight_max: int | UnsetType | None = UNSET
    ordering: Ordering | UnsetType = UNSET
    ordering_on_failure: OrderingOnFailure | UnsetType = UNSET
    retry_schedule: str | Sequence[float] | UnsetType | None = UNSET
    """The name of a preset, or the seconds before each retry."""


class NewSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription with its new secret, which is shown only once."""

    subscription: Subscription
    secret: str


async def create_subscription(
    connection: Connection,
    egress_policy: AddressPolicy,
    sealer: Sealer,
    *,
    organisation_id: UUID,
    fields: SubscriptionChanges,
    retry_horizon_s: float,
    subscriptions_max: int = SUBSCRIPTIONS_MAX,
) -> NewSecret:
    """Create a subscription, which delivers events of some types to a URL.

    Args:
        connection: the transaction.
        egress_policy: which addresses are allowed.
        sealer: seals the secret.
        organisation_id: to whom it belongs.
        fields: with `url` and `event_types` at least.
        retry_horizon_s: the duration of a round, which a retry schedule must fit into.
        subscriptions_max: how many an organisation may have.

    Raises:
        InvalidTargetError: events can't be delivered to this URL, because of its form or of the egress policy.
        InvalidEventTypeError: a type or pattern is malformed.
        InvalidInputError: another field is invalid; the error names it.
        TooManySubscriptionsError: the organisation already has `subscriptions_max` subscriptions.
    """
    _check(egress_policy, fields)
    draft = _apply(fields, _EMPTY, retry_horizon_s=retry_horizon_s)
    # Bump the version first: its row lock serialises concurrent calls of an organisation, so the count is correct.
    await store.subscription_version_bump(connection, organisation_id=organisation_id)
    if await store.subscription_count(connection, organisation_id=organisation_id) >= subscriptions_max:
        raise TooManySubscriptionsError(
            f"The organisation has {subscriptions_max:,} subscriptions, which is the limit.",
            remedy="Delete subscriptions that you no longer use, combine event types in one, or raise "
            "NINEFOLD_WEBHOOKS_SUBSCRIPTIONS_MAX.",
        )
    subscription_id = new_id()
    await store.subscription_insert(connection, draft, subscription_id=subscription_id, organisation_id=organisation_id)
    await store.subscription_url_keep(connection, subscription_id=subscription_id)
    if fields.is_active is False:
        await store.subscription_pause(connection, subscription_id=subscription_id, reason=PauseReason.BY_HAND)
    secret = await _insert_secret(connection, sealer, subscription_id=subscription_id)
    await announce_changes(connection, subscription_ids=[subscription_id])
    return NewSecret(
        subscription=await get_subscription(
            connection, organisation_id=organisation_id, subscription_id=subscription_id
        ),
        secret=secret,
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
    connection: Connection, *, organisation_id: UUID, only: SubscriptionFilter, before: UUID | None, limit: int
) -> list[Subscription]:
    """Return the subscriptions that match a filter, with ids before one, newest first.

    Raises:
        InvalidInputError: the filter's subscriber id can't exist.
    """
    if only.subscriber_id is not None:
        check_subscriber_id(only.subscriber_id)
    return await store.subscription_list(
        connection, organisation_id=organisation_id, only=only, before=before, limit=limit
    )


async def update_subscription(
    connection: Connection,
    egress_policy: AddressPolicy,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    changes: SubscriptionChanges,
    retry_horizon_s: float,
) -> Subscription:
    """Change some fields. Deliveries in progress continue; their next attempt uses the new values.

    A subscription that is resumed, or that gets another URL, starts with a closed circuit. Pausing a paused one and
    resuming an active one changes nothing. Another `ordering` is that of later events; what was put in order stays so.
    If failures no longer block, blocked keys go on.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
        InvalidTargetError, InvalidEventTypeError, InvalidInputError: as `create_subscription`.
    """
    _check(egress_policy, changes)
    await store.subscription_version_bump(connection, organisation_id=organisation_id)
    current = await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    draft = _apply(changes, _draft(current), retry_horizon_s=retry_horizon_s)
    await store.subscription_update(connection, draft, subscription_id=subscription_id)
    if draft.url != current.url:
        await store.subscription_url_keep(connection, subscription_id=subscription_id)
        # The failures were those of another endpoint.
        await circuit_reset(connection, subscription_id=subscription_id)
    if changes.is_active is False:
        await store.subscription_pause(connection, subscription_id=subscription_id, reason=PauseReason.BY_HAND)
        await circuit_reset(connection, subscription_id=subscription_id)
    elif changes.is_active is True and current.paused_at is not None:
        await store.subscription_resume(connection, subscription_id=subscription_id)
        await circuit_reset(connection, subscription_id=subscription_id)
    if _blocks(current) and not _blocks(draft):
        await unblock_keys(connection, subscription_id=subscription_id)
    await announce_changes(connection, subscription_ids=[subscription_id])
    return await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)


async def check_changeable(
    connection: Connection,
    forward_owner: ForwardOwner,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    changes: SubscriptionChanges | None = None,
) -> None:
    """Check that users may change a subscription like this, or delete it if there are no changes.

    Raises:
        SubscriptionOwnedError: requests are forwarded with it, and it would be deleted, or get another URL or types.
    """
    if changes is not None and changes.url is UNSET and changes.event_types is UNSET:
        return
    if await forward_owner.is_in_use(connection, organisation_id=organisation_id, subscription_id=subscription_id):
        raise SubscriptionOwnedError(
            "A source of callbacks forwards with this subscription.",
            remedy="Change forward_url of the source instead; null ends the forwarding and deletes the subscription.",
        )


async def close_circuit(connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> Subscription:
    """Close a subscription's circuit by hand, and forget its failures. A closed one stays closed.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
    """
    await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    await circuit_reset(connection, subscription_id=subscription_id)
    await announce_changes(connection, subscription_ids=[subscription_id])
    return await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)


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
    await announce_changes(connection, subscription_ids=[subscription_id])


async def rotate_secret(
    connection: Connection,
    sealer: Sealer,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    grace: timedelta = ROTATION_GRACE,
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
        secret=await _insert_secret(connection, sealer, subscription_id=subscription_id),
    )


async def _insert_secret(connection: Connection, sealer: Sealer, *, subscription_id: UUID) -> str:
    key, signing_secret_id = os.urandom(KEY_BYTES), new_id()
    await store.signing_secret_insert(
        connection,
        signing_secret_id=signing_secret_id,
        subscription_id=subscription_id,
        sealed=sealer.seal_bytes(key, purpose=SIGNING_SECRETS.purpose(signing_secret_id)),
    )
    return format_secret(key)


def _check(egress_policy: AddressPolicy, changes: SubscriptionChanges) -> None:
    """Check the fields that are set, except for the retry schedule."""
    if changes.url is not UNSET:
        egress_policy.check_target(parse_target(changes.url))
    if changes.event_types is not UNSET:
        check_patterns(changes.event_types, field="event_types")
    if changes.description is not UNSET:
        check_description(changes.description)
    if changes.subscriber_id is not UNSET and changes.subscriber_id is not None:
        check_subscriber_id(changes.subscriber_id)
    if changes.rate_limit_per_s is not UNSET and changes.rate_limit_per_s is not None:
        check_rate_limit(changes.rate_limit_per_s)
    if changes.in_flight_max is not UNSET and changes.in_flight_max is not None:
        check_in_flight_max(changes.in_flight_max)


_EMPTY: Final = SubscriptionDraft(
    url="",
    event_types=(),
    description="",
    subscriber_id=None,
    rate_limit_per_s=None,
    in_flight_max=None,
    retry_plan=None,
)


def _draft(subscription: Subscription) -> SubscriptionDraft:
    return SubscriptionDraft(**{name: getattr(subscription, name) for name in SubscriptionDraft.__struct_fields__})


def _apply(changes: SubscriptionChanges, draft: SubscriptionDraft, *, retry_horizon_s: float) -> SubscriptionDraft:
    """Return the draft with the changes.

    Raises:
        InvalidInputError: the retry schedule is invalid.
    """
    fields = msgspec.structs.asdict(changes)
    changed = {name: fields[name] for name in draft.__struct_fields__ if fields.get(name, UNSET) is not UNSET}
    if changes.retry_schedule is not UNSET:
        changed["retry_plan"] = _retry_plan(changes.retry_schedule, horizon_s=retry_horizon_s)
    return msgspec.structs.replace(draft, **changed)


def _blocks(either: Subscription | SubscriptionDraft) -> bool:
    """Return whether a delivery that fails for good blocks its ordering key."""
    return either.ordering is Ordering.FIFO and either.ordering_on_failure is OrderingOnFailure.BLOCK


def _retry_plan(schedule: str | Sequence[float] | None, *, horizon_s: float) -> RetryPlan | None:
    return None if schedule is None else make_retry_plan(schedule, horizon_s=horizon_s)


def _not_found(subscription_id: UUID) -> SubscriptionNotFoundError:
    return SubscriptionNotFoundError(
        f"There is no subscription {format_id(SUBSCRIPTION_PREFIX, subscription_id)}.",
        remedy="List the subscriptions to see their ids.",
    )
