"""Whose access to messaging ends when a member is deactivated."""

from collections.abc import Mapping

import httpx

from http_api import Api, Json
from messaging_api import Talk
from ninefold.core.ids import new_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import Principal
from ninefold.systems.messaging.model import APP_PREFIX
from ninefold.systems.messaging.service.apps.delivery import keep_connection
from ninefold.systems.messaging.service.members import list_deactivated
from ninefold.systems.messaging.service.tokens import TOKEN_KINDS
from people import make_person


async def principals_of(database: Database, tokens: Mapping[str, str]) -> dict[Principal, str]:
    """Return the principals of tokens, with their names."""
    async with database.connection() as connection:
        return {await tenancy.authenticate(connection, text, kinds=TOKEN_KINDS): name for name, text in tokens.items()}


async def test_it_ends_for_all_tokens_of_a_member_or_an_app_and_for_a_persons_sessions(
    http: httpx.AsyncClient, api: Api, database: Database
) -> None:
    talk = Talk(api)
    ines = await talk.member("ines")
    app = await api.done("POST", "/messaging/apps", json={"name": "deploy"})
    other = await api.done("POST", "/messaging/apps", json={"name": "watch"})
    token = await api.done("POST", f"/messaging/members/{ines['member_id']}/tokens", json={})
    async with database.connection() as connection:
        organisation_id = (await tenancy.authenticate(connection, api.api_key, kinds=[API_KEY])).organisation_id
    mia = await make_person(http, database, organisation_id=organisation_id)
    own: Json = (await mia.get("/messaging/me"))["member"]
    names = await principals_of(
        database,
        {
            "ines": token["token"],
            "bot": app["bot_token"],
            "app": app["app_token"],
            "other bot": other["bot_token"],
            "other app": other["app_token"],
        },
    )
    session = Principal(organisation_id=organisation_id, account_id=mia.account_id, credential_id=mia.account_id)
    names[session] = "mia"

    async def deactivated() -> set[str]:
        async with database.connection() as connection:
            return {names[each] for each in await list_deactivated(connection, list(names))}

    assert await deactivated() == set()
    for member in (ines, app["bot"], own):
        await api.done("PATCH", f"/messaging/members/{member['member_id']}", json={"is_deactivated": True})
    assert await deactivated() == {"ines", "bot", "app", "mia"}


async def test_what_waits_for_an_app_is_given_up_when_it_is_disabled(api: Api, database: Database) -> None:
    talk = Talk(api)
    ines = await talk.member("ines")
    app = await api.done("POST", "/messaging/apps", json={"name": "helper", "event_types": ["message.channels"]})
    async with database.transaction() as connection:
        await keep_connection(connection, connection_id=new_id(), app_id=parse_id(APP_PREFIX, app["app_id"]))
    await talk.post(await talk.general(), ines, "Hello")
    path = f"/messaging/apps/{app['app_id']}"

    await api.done("PATCH", path, json={"is_disabled": True})

    (event,) = (await api.get(f"{path}/events"))["items"]
    assert (event["state"], event["error"], event["due_at"]) == ("failed", "app_disabled", None)
