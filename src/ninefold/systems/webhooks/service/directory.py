"""Who gets which events: an organisation's recipients, cached for as long as their version is the current one.

The version is read with each publish and each claim, from the same database, so a change is seen by the very next
event. Nothing here expires by time.
"""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import Recipient
from ninefold.systems.webhooks.rules.event_types import is_wanted
from ninefold.systems.webhooks.store.subscriptions import recipient_list, subscription_version_find

ORGANISATIONS_CACHED_MAX: Final = 1_000
"""Each with up to a thousand recipients in memory."""

EVENT_TYPES_CACHED_MAX: Final = 1_000
"""Per organisation: a publisher may invent types without end."""


class OrganisationRecipients:
    """The recipients of one organisation, as of one version."""

    def __init__(self, *, version: int, recipients: list[Recipient]) -> None:
        self.version: Final = version
        self._by_id: Final = {recipient.subscription_id: recipient for recipient in recipients}
        self._by_event_type: dict[str, list[Recipient]] = {}

    def find(self, subscription_id: UUID) -> Recipient | None:
        """Return one recipient; None when its subscription has been deleted."""
        return self._by_id.get(subscription_id)

    def wanting(self, event_type: str) -> list[Recipient]:
        """Return the recipients that want events of this type."""
        found = self._by_event_type.get(event_type)
        if found is None:
            found = [recipient for recipient in self._by_id.values() if is_wanted(event_type, recipient.event_types)]
            if len(self._by_event_type) >= EVENT_TYPES_CACHED_MAX:
                self._by_event_type.clear()
            self._by_event_type[event_type] = found
        return found


class RecipientDirectory:
    """A process's cache of recipients, the least recently used organisation leaving first."""

    def __init__(self) -> None:
        self._organisations: OrderedDict[UUID, OrganisationRecipients] = OrderedDict()

    def find(self, organisation_id: UUID, *, version: int) -> OrganisationRecipients | None:
        """Return the cached recipients, if they are of this version or a later one."""
        cached = self._organisations.get(organisation_id)
        if cached is None or cached.version < version:
            return None
        self._organisations.move_to_end(organisation_id)
        return cached

    async def load(self, connection: Connection, organisation_id: UUID) -> OrganisationRecipients:
        """Read the recipients as they are now, and keep them."""
        version, recipients = await recipient_list(connection, organisation_id=organisation_id)
        loaded = OrganisationRecipients(version=version, recipients=recipients)
        self._organisations[organisation_id] = loaded
        self._organisations.move_to_end(organisation_id)
        if len(self._organisations) > ORGANISATIONS_CACHED_MAX:
            self._organisations.popitem(last=False)
        return loaded

    async def current(self, connection: Connection, organisation_id: UUID) -> OrganisationRecipients:
        """Return the recipients as they are now, read anew only if they have changed."""
        version = await subscription_version_find(connection, organisation_id=organisation_id)
        return self.find(organisation_id, version=version) or await self.load(connection, organisation_id)
