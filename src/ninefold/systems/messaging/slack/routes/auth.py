"""`auth.test`: whose the token is."""

from typing import Any

import msgspec
from litestar import route
from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import get_organisation
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.messaging.service.workspaces import ensure_workspace
from ninefold.systems.messaging.slack.callers import find_caller


class AuthTest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose a token is."""

    ok: bool
    url: str
    team: str
    user: str
    team_id: str
    user_id: str
    bot_id: str | None = None
    is_enterprise_install: bool


def auth_routes(database: Database) -> list[ControllerRouterHandler]:
    """Return the routes."""

    @route("/slack/api/auth.test", http_method=["GET", "POST"], status_code=200)
    async def test_auth(request: RawRequest) -> AuthTest:
        """Say whose the token is."""
        async with database.transaction() as connection:
            member = await find_caller(connection, request.auth)
            workspace = await ensure_workspace(connection, organisation_id=member.organisation_id)
            organisation = await get_organisation(connection, member.organisation_id)
        return AuthTest(
            ok=True,
            url=f"{str(request.base_url).rstrip('/')}/",
            team=organisation.name,
            user=member.name,
            team_id=workspace.slack_id,
            user_id=member.slack_id,
            bot_id=member.bot_id,
            is_enterprise_install=False,
        )

    handlers: list[Any] = [test_auth]
    return handlers
