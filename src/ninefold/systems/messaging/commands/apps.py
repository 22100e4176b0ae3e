"""`ninefold messaging apps …`."""

from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter

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
from ninefold.systems.messaging.commands.answers import (
    AppAnswer,
    AppDetailsAnswer,
    AppEventAnswer,
    CreatedAppAnswer,
    CreatedWebhookAnswer,
)
from ninefold.systems.messaging.commands.finding import APPS, find_app, find_channel

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


Events = Annotated[list[str] | None, Parameter(name="--event", negative="", show_default=False)]
Commands = Annotated[list[str] | None, Parameter(name="--command", negative="", show_default=False)]
RequestUrl = Annotated[str | None, Parameter(show_default=False)]


@apps.command(name="create")
def create_app(
    name: str,
    *,
    request_url: RequestUrl = None,
    events: Events = None,
    commands: Commands = None,
    scopes: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Create an app with its bot, and print its tokens and its signing secret.

    Args:
        name: Its name, which is also its bot's: lower-case letters without accents, digits, ., _ and -.
        request_url: Where it is told what happens. Without one, it connects in Socket Mode.
        events: An event that it is told, such as app_mention; can be repeated. Without one, all of them.
        commands: A slash command, such as /deploy; can be repeated.
        scopes: What the bot's token is limited to, by the scopes of Slack's API, with commas between them; everything
            by default.
        api: The server and API key to use.
    """
    with api.client() as client:
        body = {"name": name, "scopes": None if scopes is None else split_scopes(scopes)}
        app = client.post(APPS, {**body, **_settings(request_url, events, commands)}).read(CreatedAppAnswer)
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


@apps.command(name="update")
def update_app(
    app: str,
    *,
    request_url: RequestUrl = None,
    events: Events = None,
    commands: Commands = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Change how an app is told what happens, and print it.

    Args:
        app: Its id, such as app_…, or its name.
        request_url: Where it is told what happens. An empty text removes it.
        events: An event that it is told; can be repeated. `all` is everything.
        commands: A slash command; can be repeated. These replace all that it has.
        api: The server and API key to use.
    """
    with api.client() as client:
        app_id = find_app(client, app)
        answer = client.patch(f"{APPS}/{app_id}", _settings(request_url, events, commands))
        show_answer(answer, AppDetailsAnswer, api=api, show=show_fields)


@apps.command(name="disable")
def disable_app(app: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Disable an app until it is enabled again: it is told nothing, and can do nothing.

    Args:
        app: Its id, such as app_…, or its name.
        api: The server and API key to use.
    """
    _set_disabled(app, api, is_disabled=True)


@apps.command(name="enable")
def enable_app(app: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Enable an app that was disabled, with the tokens that it has.

    Args:
        app: Its id, such as app_…, or its name.
        api: The server and API key to use.
    """
    _set_disabled(app, api, is_disabled=False)


@apps.command(name="events")
def list_app_events(
    app: str,
    *,
    state: Literal["queued", "sent", "retrying", "delivered", "failed"] | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List what an app is told, latest first.

    Args:
        app: Its id, such as app_…, or its name.
        state: Only those in this state.
        limit: Maximum number to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        path = f"{APPS}/{find_app(client, app)}/events"
        answer = client.get(path, state=state, limit=limit, cursor=cursor)
        show_answer(answer, Page[AppEventAnswer], api=api, show=_show_events)


@apps.command(name="webhook")
def create_webhook(app: str, channel: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Create an incoming webhook: an address at which an app posts in a channel, without a token.

    Args:
        app: Its id, such as app_…, or its name.
        channel: The channel's id, such as chan_…, or its name.
        api: The server and API key to use.
    """
    with api.client() as client:
        channel_id = find_channel(client, channel)
        answer = client.post(f"{APPS}/{find_app(client, app)}/webhooks", {"channel_id": channel_id})
        show_answer(answer, CreatedWebhookAnswer, api=api, show=show_fields)
    if not api.json:
        print_note("Save the address now: it won't be shown again.")


@apps.command(name="list")
def list_apps(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List apps, oldest first.

    Args:
        limit: Maximum number of apps to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(APPS, limit=limit, cursor=cursor)
        show_answer(answer, Page[AppAnswer], api=api, show=_show_apps)


def _set_disabled(app: str, api: ApiOptions, *, is_disabled: bool) -> None:
    with api.client() as client:
        answer = client.patch(f"{APPS}/{find_app(client, app)}", {"is_disabled": is_disabled})
        show_answer(answer, AppDetailsAnswer, api=api, show=show_fields)


def split_scopes(scopes: str) -> list[str]:
    """Return the scopes that an option names."""
    return [scope.strip() for scope in scopes.split(",") if scope.strip()]


def _show_apps(page: Page[AppAnswer]) -> None:
    print_table(
        ["App", "Slack id", "Name", "Request URL", "Verified", "Created at"],
        [
            [each.app_id, each.slack_id, each.name, each.request_url, each.request_url_state, each.created_at]
            for each in page.items
        ],
        empty="No apps yet. Create one: ninefold messaging apps create deploy",
    )
    print_next_page(page)


def _show_events(page: Page[AppEventAnswer]) -> None:
    print_table(
        ["Event", "Type", "State", "Attempts", "Error", "Due at", "Created at"],
        [
            [each.app_event_id, each.type, each.state, each.attempt_count, each.error, each.due_at, each.created_at]
            for each in page.items
        ],
        empty="Nothing yet. An app is told what happens once it has connected, or verified its request URL.",
    )
    print_next_page(page)


def _settings(request_url: str | None, events: list[str] | None, commands: list[str] | None) -> dict[str, object]:
    given = {"request_url": request_url, "event_types": events, "commands": commands}
    return {name: value for name, value in given.items() if value is not None}
