"""`api.test`, `auth.test`, `team.info`, `bots.info` and `emoji.list`: where the caller is, and who it is."""

from typing import Any

import msgspec
from litestar import route
from litestar.types import ControllerRouterHandler

from ninefold.core.tenancy.service import get_organisation
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.messaging.service.apps.registry import get_app
from ninefold.systems.messaging.service.members import find_bot
from ninefold.systems.messaging.slack.arguments import read_fields
from ninefold.systems.messaging.slack.calls import Answer, Call, NoArguments, Server, slack_method
from ninefold.systems.messaging.slack.errors import SlackError


class TeamInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `team.info`."""

    team: str | None = None


class BotInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `bots.info`."""

    bot: str | None = None


def auth_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""
    return [
        test_api,
        slack_method(server, "auth.test", NoArguments, test_auth),
        slack_method(server, "team.info", TeamInfo, show_team),
        slack_method(server, "bots.info", BotInfo, show_bot),
        slack_method(server, "emoji.list", NoArguments, list_emoji),
    ]


@route("/slack/api/api.test", http_method=["GET", "POST"], status_code=200)
async def test_api(request: RawRequest) -> dict[str, Any]:
    """Answer with the arguments; with `error`, as an error. It needs no token."""
    given = await read_fields(request)
    given.pop("token", None)
    answer = {"ok": "error" not in given, "args": given}
    return answer if answer["ok"] else {**answer, "error": given["error"]}


async def test_auth(call: Call, given: NoArguments) -> Answer:
    """Say whose the token is."""
    del given
    async with call.begin() as caller:
        member = caller.member
        organisation = await get_organisation(caller.connection, member.organisation_id)
    answer = {
        "url": f"{call.base_url}/",
        "team": organisation.name,
        "user": member.name,
        "team_id": caller.workspace.slack_id,
        "user_id": member.slack_id,
        "is_enterprise_install": False,
    }
    return answer if member.bot_id is None else {**answer, "bot_id": member.bot_id}


async def show_team(call: Call, given: TeamInfo) -> Answer:
    """Show the workspace; there is only that of the token."""
    async with call.begin() as caller:
        organisation = await get_organisation(caller.connection, caller.member.organisation_id)
    team_id = caller.workspace.slack_id
    if given.team not in (None, team_id):
        raise SlackError("team_not_found", "The token is of another workspace.")
    team = {
        "id": team_id,
        "name": organisation.name,
        "domain": team_id.lower(),
        "email_domain": "",
        "url": f"{call.base_url}/",
        "icon": {"image_default": True},
    }
    return {"team": team}


async def show_bot(call: Call, given: BotInfo) -> Answer:
    """Show a bot, by its id `B…`; without one, the bot that calls."""
    async with call.begin() as caller:
        bot_id = given.bot or caller.member.bot_id
        if bot_id is None:
            return {}
        organisation_id = caller.member.organisation_id
        bot = await find_bot(caller.connection, organisation_id=organisation_id, bot_id=bot_id)
        if bot is None:
            raise SlackError("bot_not_found", "There is no such bot.")
        app = (
            None
            if bot.app_id is None
            else await get_app(caller.connection, organisation_id=organisation_id, app_id=bot.app_id)
        )
    shown = {
        "id": bot_id,
        "deleted": bot.is_deactivated,
        "name": bot.shown_name,
        "updated": int(bot.created_at.timestamp()),
        "user_id": bot.slack_id,
        "icons": {},
    }
    return {"bot": shown if app is None else {**shown, "app_id": app.slack_id}}


async def list_emoji(call: Call, given: NoArguments) -> Answer:
    """List the emoji of the workspace: there are none besides those that everybody has."""
    del given
    async with call.begin():
        return {"emoji": {}, "cache_ts": "0"}
