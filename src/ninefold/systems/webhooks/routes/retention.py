"""The HTTP routes for the retention of an organisation."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias, get_args

import msgspec
from litestar import get, patch
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Principal
from ninefold.core.tenancy.roles import ADMIN
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody
from ninefold.systems.webhooks.model import Retention
from ninefold.systems.webhooks.service import retention as service
from ninefold.systems.webhooks.settings import WebhooksSettings

_RETENTION: Final = "/api/v1/webhooks/retention"
_TAGS: Final = ["retention"]

RetentionName: TypeAlias = Literal["short", "standard", "long"]
_NAMES: Final[dict[Retention, RetentionName]] = dict(zip(Retention, get_args(RetentionName), strict=True))


class UpdateRetention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another retention."""

    retention: RetentionName


class RetentionChoiceView(msgspec.Struct, frozen=True, kw_only=True):
    """A retention that an organisation can have."""

    retention: RetentionName
    days: Annotated[int, msgspec.Meta(description="Days that an event is kept at least.", examples=[30])]


class RetentionView(msgspec.Struct, frozen=True, kw_only=True):
    """How long events are kept, with their deliveries and attempts."""

    retention: Annotated[
        RetentionName, msgspec.Meta(description="The retention of what is published now.", examples=["standard"])
    ]
    days: Annotated[int, msgspec.Meta(description="Days that an event is kept at least.", examples=[30])]
    dead_letter_days: Annotated[
        int,
        msgspec.Meta(description="Days that a dead letter is kept at least, after its delivery failed.", examples=[7]),
    ]
    idempotency_key_days: Annotated[
        int, msgspec.Meta(description="Days after which an idempotency key can be used again.", examples=[7])
    ]
    choices: Annotated[Sequence[RetentionChoiceView], msgspec.Meta(description="What the installation offers.")]


@get(_RETENTION, tags=_TAGS)
async def get_webhooks_retention(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
) -> RetentionView:
    """Show how long events are kept."""
    async with database.connection() as connection:
        retention = await service.get_retention(connection, organisation_id=principal.organisation_id)
    return _show(retention, webhooks_settings)


@patch(_RETENTION, tags=_TAGS, opt=access(scope=ADMIN))
async def update_webhooks_retention(
    data: FromBody[UpdateRetention],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
    audit: NamedDependency[AuditEntry],
) -> RetentionView:
    """Change how long events are kept.

    It holds for what is published from now on, with its deliveries and attempts. Earlier events keep their retention.
    """
    retention = Retention[data.retention.upper()]
    audit.target_id = format_id(ORGANISATION_PREFIX, principal.organisation_id)
    async with database.transaction() as connection:
        await service.set_retention(connection, organisation_id=principal.organisation_id, retention=retention)
    return _show(retention, webhooks_settings)


def _show(retention: Retention, settings: WebhooksSettings) -> RetentionView:
    return RetentionView(
        retention=_NAMES[retention],
        days=settings.retention_of(retention).days,
        dead_letter_days=settings.dead_letter_retention_days,
        idempotency_key_days=settings.idempotency_key_retention_days,
        choices=[
            RetentionChoiceView(retention=name, days=settings.retention_of(choice).days)
            for choice, name in _NAMES.items()
        ],
    )


RETENTION_ROUTES: Final[list[HTTPRouteHandler]] = [get_webhooks_retention, update_webhooks_retention]
