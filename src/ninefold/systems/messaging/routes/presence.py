"""The HTTP routes for who is there."""

from typing import Annotated, Final

from litestar import get, patch
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.problems import problem_responses
from ninefold.systems.messaging.model import MEMBER_PREFIX
from ninefold.systems.messaging.routes.member_wire import (
    MessagingMemberView,
    PresenceList,
    PresenceView,
    UpdateOwnMember,
    show_member,
)
from ninefold.systems.messaging.routes.wire import ACTS, READS, TAGS
from ninefold.systems.messaging.rules.limits import PRESENCES_MAX
from ninefold.systems.messaging.service import presence as service
from ninefold.systems.messaging.service.members import get_acting_member, update_member
from ninefold.systems.messaging.service.notifying import notify_organisation

_ID_LENGTH: Final = 31

MemberIds = Annotated[
    str,
    QueryParameter(
        max_length=PRESENCES_MAX * _ID_LENGTH,
        description=f"Ids of up to {PRESENCES_MAX} members, with commas between them.",
    ),
]


@get("/api/v1/messaging/presence", tags=TAGS, opt=READS)
async def list_presences(
    principal: NamedDependency[Principal], database: NamedDependency[Database], member_ids: MemberIds = ""
) -> PresenceList:
    """Show which members are there.

    Ask only for those on the screen.
    """
    texts = [text for text in member_ids.split(",") if text]
    if len(texts) > PRESENCES_MAX:
        raise InvalidInputError(
            f"There are {len(texts)} ids.", field="member_ids", remedy=f"Send at most {PRESENCES_MAX}."
        )
    ids = [parse_body_id(MEMBER_PREFIX, text, field="member_ids") for text in texts]
    async with database.snapshot() as connection:
        found = await service.list_presences(connection, organisation_id=principal.organisation_id, member_ids=ids)
    return PresenceList(
        items=[
            PresenceView(member_id=format_id(MEMBER_PREFIX, member_id), presence="active" if is_active else "away")
            for member_id, is_active in found
        ]
    )


@patch("/api/v1/messaging/me", tags=TAGS, opt=ACTS, responses=problem_responses(404))
async def update_own_messaging_member(
    data: FromBody[UpdateOwnMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> MessagingMemberView:
    """Say that you are away, or not any more.

    An API key names the member: `member_id`.
    """
    async with database.transaction() as connection:
        member = await get_acting_member(connection, principal, member_id=data.acting_id)
        changed = await update_member(connection, member, presence=data.presence)
    notify_organisation(notifier, principal.organisation_id)
    return show_member(changed)


PRESENCE_ROUTES: Final[list[HTTPRouteHandler]] = [list_presences, update_own_messaging_member]
