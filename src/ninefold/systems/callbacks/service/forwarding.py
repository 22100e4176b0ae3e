"""Where a source forwards its callbacks to: a webhook subscription that belongs to it."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.contracts.webhooks import RequestForwarder
from ninefold.core.egress import AddressPolicy, InvalidTargetError, parse_target
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.callbacks.model import NewSource
from ninefold.systems.callbacks.rules.outgoing import route_of
from ninefold.systems.callbacks.store.sources import source_forwards_with

DESCRIPTION_LENGTH_MAX: Final = 500
"""Of a subscription."""


class Forwarding(msgspec.Struct, frozen=True, kw_only=True):
    """Creates, changes and deletes the subscriptions that forward callbacks."""

    forwarder: RequestForwarder
    egress_policy: AddressPolicy
    sealer: Sealer

    def check_url(self, url: str, *, field: str) -> None:
        """Check that requests may be sent to a URL.

        Raises:
            InvalidTargetError: they may not; the error names the field.
        """
        try:
            self.egress_policy.check_target(parse_target(url))
        except InvalidTargetError as error:
            raise InvalidTargetError(error.detail, field=field, remedy=error.remedy) from error

    async def change(
        self, connection: Connection, source: NewSource, *, url: str | None
    ) -> tuple[NewSource, str | None]:
        """Let a source forward to a URL, or to none.

        Returns:
            The source, and the secret of a subscription that was created.

        Raises:
            InvalidTargetError: callbacks can't be forwarded to the URL.
        """
        if url is not None:
            self.check_url(url, field="forward_url")
        subscription_id = source.forward_subscription_id
        if url is None:
            if subscription_id is not None:
                await self.forwarder.close(
                    connection, organisation_id=source.organisation_id, subscription_id=subscription_id
                )
            return msgspec.structs.replace(source, forward_url=None, forward_subscription_id=None), None
        if subscription_id is not None and await self.forwarder.change_url(
            connection,
            self.egress_policy,
            organisation_id=source.organisation_id,
            subscription_id=subscription_id,
            url=url,
        ):
            return msgspec.structs.replace(source, forward_url=url), None
        # The first one, or somebody has deleted the earlier one as a subscription.
        target = await self.forwarder.open(
            connection,
            self.egress_policy,
            self.sealer,
            organisation_id=source.organisation_id,
            route=route_of(source.source_id),
            url=url,
            description=f"Forwards the callbacks of {source.name}"[:DESCRIPTION_LENGTH_MAX],
        )
        changed = msgspec.structs.replace(source, forward_url=url, forward_subscription_id=target.subscription_id)
        return changed, target.secret


class ForwardingSources:
    """Tells webhook delivery which subscriptions sources forward with; see `contracts/webhooks.py`."""

    async def is_in_use(self, connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> bool:
        """Return whether a source that isn't deleted forwards with a subscription."""
        return await source_forwards_with(connection, organisation_id=organisation_id, subscription_id=subscription_id)
