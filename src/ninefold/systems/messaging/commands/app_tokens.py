"""`ninefold messaging apps tokens …` and `ninefold messaging apps signing-secret`."""

from typing import Literal

from cyclopts import App

from ninefold.core.commands import FROM_ENVIRONMENT, ApiOptions, Page, print_note, print_table, show_answer, show_fields
from ninefold.systems.messaging.commands.answers import AppTokenAnswer, CreatedAppTokenAnswer, SigningSecretAnswer
from ninefold.systems.messaging.commands.apps import split_scopes
from ninefold.systems.messaging.commands.finding import APPS, find_app

tokens = App(name="tokens", help="Manage the tokens of apps.")


@tokens.command(name="create")
def create_token(
    app: str, *, kind: Literal["bot", "app"] = "bot", scopes: str | None = None, api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """Create another token of an app, and print it.

    Args:
        app: Its id, such as app_…, or its name.
        kind: A token of its bot, or one that opens its connections.
        scopes: What the bot's token is limited to, by the scopes of Slack's API, with commas between them; everything
            by default.
        api: The server and API key to use.
    """
    with api.client() as client:
        body = {"kind": kind, "scopes": None if scopes is None else split_scopes(scopes)}
        answer = client.post(f"{APPS}/{find_app(client, app)}/tokens", body)
        show_answer(answer, CreatedAppTokenAnswer, api=api, show=show_fields)
    if not api.json:
        print_note("Save the token now: it won't be shown again.")


@tokens.command(name="list")
def list_tokens(app: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List the tokens of an app and of its bot, oldest first, with those that were revoked.

    Args:
        app: Its id, such as app_…, or its name.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(f"{APPS}/{find_app(client, app)}/tokens")
        show_answer(answer, Page[AppTokenAnswer], api=api, show=_show_tokens)


@tokens.command(name="revoke")
def revoke_token(app: str, token_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Revoke a token of an app. This can't be undone.

    Args:
        app: Its id, such as app_…, or its name.
        token_id: The id of the token, such as atok_….
        api: The server and API key to use.
    """
    with api.client() as client:
        client.delete(f"{APPS}/{find_app(client, app)}/tokens/{token_id}")
    print_note(f"Revoked {token_id}.")


def replace_signing_secret(app: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Replace the signing secret of an app, and print the new one.

    Args:
        app: Its id, such as app_…, or its name.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.post(f"{APPS}/{find_app(client, app)}/signing-secret", None)
        show_answer(answer, SigningSecretAnswer, api=api, show=show_fields)


def _show_tokens(page: Page[AppTokenAnswer]) -> None:
    print_table(
        ["Token", "Kind", "Prefix", "Scopes", "State", "Created at", "Last used at"],
        [
            [
                each.token_id,
                each.kind,
                each.prefix,
                "all" if each.scopes is None else ",".join(each.scopes),
                each.state,
                each.created_at,
                each.last_used_at,
            ]
            for each in page.items
        ],
        empty="No tokens.",
    )
