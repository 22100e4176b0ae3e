"""`ninefold messaging apps …`."""

from typing import Final

import msgspec
from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    print_json,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.systems.messaging.commands.answers import AppAnswer, CreatedAppAnswer

_APPS: Final = "/api/v1/messaging/apps"

apps = App(name="apps", help="Manage apps: programs that act by their bots.")


class CreatedApp(msgspec.Struct, frozen=True, kw_only=True):
    """What `apps create --json` prints."""

    app_id: str
    name: str
    bot_user_id: str
    team_id: str
    bot_token: str
    app_token: str
    signing_secret: str


@apps.command(name="create")
def create_app(name: str, *, scopes: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Create an app with its bot, and print its tokens and its signing secret.

    Args:
        name: Its name, which is also its bot's: lower-case letters without accents, digits, ., _ and -.
        scopes: What the bot's token is limited to, by the scopes of Slack's API, with commas between them; everything
            by default.
        api: The server and API key to use.
    """
    with api.client() as client:
        app = client.post(_APPS, {"name": name, "scopes": None if scopes is None else _split(scopes)}).read(
            CreatedAppAnswer
        )
    created = CreatedApp(
        app_id=app.slack_id,
        name=app.name,
        bot_user_id=app.bot.slack_id,
        team_id=app.team_id,
        bot_token=app.bot_token,
        app_token=app.app_token,
        signing_secret=app.signing_secret,
    )
    if api.json:
        print_json(created)
    else:
        show_fields(created)
        print_note("Save these now: they won't be shown again.")


@apps.command(name="list")
def list_apps(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List apps, oldest first.

    Args:
        limit: Maximum number of apps to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_APPS, limit=limit, cursor=cursor)
        show_answer(answer, Page[AppAnswer], api=api, show=_show_apps)


def _split(scopes: str) -> list[str]:
    return [scope.strip() for scope in scopes.split(",") if scope.strip()]


def _show_apps(page: Page[AppAnswer]) -> None:
    print_table(
        ["App", "Slack id", "Name", "Created at"],
        [[each.app_id, each.slack_id, each.name, each.created_at] for each in page.items],
        empty="No apps yet. Create one: ninefold messaging apps create deploy",
    )
    print_next_page(page)
