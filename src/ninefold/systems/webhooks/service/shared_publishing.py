"""Publishing one by one: events of concurrent requests share a commit, whichever organisations publish them."""

from collections.abc import Sequence
from typing import Final

import msgspec
from prometheus_client import Histogram

from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.postgres.shared_commits import SharedCommits, SharingLimits
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.service import list_access
from ninefold.systems.webhooks.model import EVENTS_CHANNELS
from ninefold.systems.webhooks.service.admission import AdmissionControl
from ninefold.systems.webhooks.service.publishing import EventDraft, Publication, Publish, publish_for_organisations
from ninefold.systems.webhooks.service.recipients import RecipientCache

SHARED_MAX: Final = 500
SHARED_BYTES_MAX: Final = 16 * 1024 * 1024
"""The payloads in one transaction; the first one may exceed it."""

INTERVAL_S: Final = 0.005
"""From one commit to the next of those that waited. A commit takes about 3 ms, so events wait little more for it."""

_COMMIT_SIZE: Final = Histogram(
    "ninefold_webhooks_publish_commit_size",
    "Events published one by one that shared a commit.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    principal: Principal
    is_access_known: bool
    draft: EventDraft


class AccessUnconfirmed(msgspec.Struct, frozen=True):  # it is a result.
    """The publisher's access has ended or changed since it was looked up; nothing was published."""


class SharedPublishing:
    """Publishes events, each for a caller of its own.

    Args:
        database: where events are stored.
        notifier: wakes the workers.
        recipient_cache: the organisations' subscriptions.
        admission_control: refuses events while queues are full.
    """

    def __init__(
        self,
        database: Database,
        notifier: Notifier,
        recipient_cache: RecipientCache,
        admission_control: AdmissionControl,
    ) -> None:
        self._database: Final = database
        self._notifier: Final = notifier
        self._recipient_cache: Final = recipient_cache
        self._admission_control: Final = admission_control
        self._commits: Final[SharedCommits[_Request, Publication | NinefoldError | AccessUnconfirmed]] = SharedCommits(
            self._commit,
            SharingLimits(items_max=SHARED_MAX, bytes_max=SHARED_BYTES_MAX, interval_s=INTERVAL_S),
            size_of=lambda request: len(request.draft.payload),
            commit_alone=self._commit_alone,
            is_separated=_is_separated,
        )

    async def publish(self, principal: Principal, draft: EventDraft) -> Publication:
        """Publish an event for a principal who was just authenticated; return after the commit.

        Raises:
            NinefoldError: it was refused, as `publish_events` says.
            DatabaseUnavailableError: whether it was published isn't known.
        """
        result = await self._commits.store(_Request(principal=principal, is_access_known=True, draft=draft))
        assert not isinstance(result, AccessUnconfirmed), "the access is known"
        return _raised(result)

    async def publish_if_allowed(self, principal: Principal, draft: EventDraft) -> Publication | AccessUnconfirmed:
        """Publish an event for a principal who was authenticated some time ago, if its access is still the same.

        Raises:
            NinefoldError: as `publish`.
        """
        result = await self._commits.store(_Request(principal=principal, is_access_known=False, draft=draft))
        return result if isinstance(result, AccessUnconfirmed) else _raised(result)

    async def _commit_alone(self, request: _Request) -> Publication | NinefoldError | AccessUnconfirmed:
        (result,) = await self._commit([request])
        return result

    async def _commit(self, requests: Sequence[_Request]) -> Sequence[Publication | NinefoldError | AccessUnconfirmed]:
        has_keys = any(
            request.draft.idempotency_key is not None or request.draft.ordering_key is not None for request in requests
        )
        # Without keys, the insert is the only statement that changes anything, and commits by itself.
        async with (
            self._admission_control.open() as admission,
            self._database.transaction() if has_keys else self._database.connection() as connection,
        ):
            allowed = await _allowed(connection, requests)
            published = iter(
                await publish_for_organisations(
                    connection,
                    self._recipient_cache,
                    [
                        Publish(organisation_id=request.principal.organisation_id, draft=request.draft)
                        for request in allowed
                    ],
                    admission=admission,
                )
            )
        _COMMIT_SIZE.observe(len(requests))
        for tier in {request.draft.tier for request in allowed}:
            self._notifier.notify(EVENTS_CHANNELS[tier])
        if len(allowed) == len(requests):
            return list(published)
        is_allowed = set(map(id, allowed))
        return [next(published) if id(request) in is_allowed else AccessUnconfirmed() for request in requests]


async def _allowed(connection: Connection, requests: Sequence[_Request]) -> Sequence[_Request]:
    """Return the requests whose principals have the same access as when they were looked up."""
    looked_up = {request.principal for request in requests if not request.is_access_known}
    if not looked_up:
        return requests
    access = await list_access(connection, looked_up)
    return [
        request for request in requests if request.is_access_known or access[request.principal] == request.principal
    ]


def _is_separated(error: Exception, count: int) -> bool:
    """Return whether events are published again one by one: not if it isn't known whether they were committed."""
    return count > 1 and not isinstance(error, DatabaseUnavailableError)


def _raised(result: Publication | NinefoldError) -> Publication:
    if isinstance(result, NinefoldError):
        raise result
    return result
