"""A cache of each organisation's recipients, valid as long as their version is current.

Every publish and every claim reads the current version from the database, so a change applies to the next event. There
is no time-based expiry.
"""

from collections import OrderedDict
from collections.abc import Collection
from functools import partial
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.webhooks.model import Recipient
from ninefold.systems.webhooks.rules.event_types import matches_any, wants
from ninefold.systems.webhooks.service.signing_secrets import open_signing_secret
from ninefold.systems.webhooks.store.subscriptions import recipient_list, subscription_version_list

ORGANISATIONS_CACHED_MAX: Final = 1_000
"""Each organisation's recipients are in memory, a thousand of them unless the installation allows more."""

EVENT_TYPES_CACHED_MAX: Final = 1_000
"""Per organisation, since the number of types that a publisher can use is unlimited."""


class OrganisationRecipients:
    """The recipients of one organisation at one version."""

    def __init__(self, *, version: int, recipients: list[Recipient]) -> None:
        self.version: Final = version
        self.by_id: Final = {recipient.subscription_id: recipient for recipient in recipients}
        self._by_event_type: dict[str, list[Recipient]] = {}
        # Most subscriptions name their types. Only those with patterns have to be compared with each type.
        self._named: dict[str, list[Recipient]] = {}
        self._with_patterns: list[Recipient] = []
        for recipient in recipients:
            if any("*" in pattern for pattern in recipient.event_types):
                self._with_patterns.append(recipient)
            else:
                for event_type in recipient.event_types:
                    self._named.setdefault(event_type, []).append(recipient)

    def find(self, subscription_id: UUID, *, event_type: str) -> Recipient | None:
        """Return one recipient; None when its subscription has been deleted or no longer wants this event type."""
        recipient = self.by_id.get(subscription_id)
        return recipient if recipient is not None and wants(event_type, recipient.event_types) else None

    def matching(self, event_type: str) -> list[Recipient]:
        """Return the recipients whose patterns match this event type."""
        found = self._by_event_type.get(event_type)
        if found is None:
            found = [
                *self._named.get(event_type, ()),
                *(each for each in self._with_patterns if matches_any(event_type, each.event_types)),
            ]
            if len(self._by_event_type) >= EVENT_TYPES_CACHED_MAX:
                self._by_event_type.clear()
            self._by_event_type[event_type] = found
        return found


class RecipientCache:
    """A cache of recipients in this process. It evicts the least recently used organisation.

    Args:
        sealer: opens the secrets of the recipients, once for each version. Without it, they have none: only who sends
            needs them.
    """

    def __init__(self, sealer: Sealer | None = None) -> None:
        self._open_secret = _open_none if sealer is None else partial(open_signing_secret, sealer)
        self._organisations: OrderedDict[UUID, OrganisationRecipients] = OrderedDict()

    def find(self, organisation_id: UUID, *, version: int) -> OrganisationRecipients | None:
        """Return the cached recipients if they have this version or a later one, else None."""
        cached = self._organisations.get(organisation_id)
        if cached is None or cached.version < version:
            return None
        self._organisations.move_to_end(organisation_id)
        return cached

    async def load(self, connection: Connection, organisation_id: UUID) -> OrganisationRecipients:
        """Read the current recipients from the database and cache them."""
        version, recipients = await recipient_list(
            connection, organisation_id=organisation_id, open_secret=self._open_secret
        )
        loaded = OrganisationRecipients(version=version, recipients=recipients)
        self._organisations[organisation_id] = loaded
        self._organisations.move_to_end(organisation_id)
        if len(self._organisations) > ORGANISATIONS_CACHED_MAX:
            self._organisations.popitem(last=False)
        return loaded

    async def current(self, connection: Connection, organisation_id: UUID) -> OrganisationRecipients:
        """Return the current recipients; read them again only if they have changed."""
        return (await self.current_of(connection, [organisation_id]))[organisation_id]

    async def current_of(
        self, connection: Connection, organisation_ids: Collection[UUID]
    ) -> dict[UUID, OrganisationRecipients]:
        """Return the current recipients of some organisations; read again only those that have changed."""
        versions = await subscription_version_list(connection, organisation_ids=list(organisation_ids))
        return {
            organisation_id: self.find(organisation_id, version=versions.get(organisation_id, 0))
            or await self.load(connection, organisation_id)
            for organisation_id in organisation_ids
        }


def _open_none(_: UUID, __: bytes) -> None:
    return None
