"""The signing secrets of apps in the database: sealed, also those of earlier versions, and replaced with the key."""

import asyncio
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from http_api import Api, Json
from in_process import StartWorker, running_worker
from installations import SECRETS_KEY
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.secrets.service import forget_lost_keys, rotate_key
from ninefold.systems.messaging.model import APP_PREFIX
from ninefold.systems.messaging.service.apps.signing_secrets import SIGNING_SECRETS
from receivers import ReceivedRequest, Receiver

OTHER_KEY = b"o" * 32


async def create_app(api: Api, name: str = "deploy", **fields: object) -> Json:
    return await api.done("POST", "/messaging/apps", json={"name": name, **fields})


async def rows_of(database: Database) -> list[dict[str, Any]]:
    async with database.connection() as connection:
        return [{**row} for row in await connection.fetch("SELECT * FROM messaging.app ORDER BY app_id")]


async def execute(database: Database, statement: str, *values: object) -> None:
    async with database.connection() as connection:
        await connection.execute(statement, *values)


def is_signed(request: ReceivedRequest, secret: str) -> bool:
    return bool(SignatureVerifier(secret).is_valid_request(request.body, request.headers))


async def test_a_table_of_apps_has_no_signing_secret_and_apps_are_signed_for(
    api: Api, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    app = await create_app(api, request_url=receiver.url)

    async with start_worker():
        (request,) = await receiver.received(1)

    assert is_signed(request, app["signing_secret"])
    content = str(await rows_of(database))
    assert app["signing_secret"] not in content
    assert app["signing_secret"] not in str(await api.get(f"/messaging/apps/{app['app_id']}"))


async def test_a_replaced_secret_is_sealed_and_signs(
    api: Api, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    app = await create_app(api, request_url=receiver.url)
    replaced = await api.done("POST", f"/messaging/apps/{app['app_id']}/signing-secret")

    async with start_worker():
        (request,) = await receiver.received(1)

    assert is_signed(request, replaced["signing_secret"])
    assert not is_signed(request, app["signing_secret"])
    assert replaced["signing_secret"] not in str(await rows_of(database))


async def test_a_secret_of_an_earlier_version_is_sealed_at_the_start_and_still_signs(
    api: Api, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    secret = "00112233445566778899aabbccddeeff"
    await create_app(api, request_url=receiver.url)
    await execute(database, "UPDATE messaging.app SET sealed = NULL, signing_secret = $1", secret.encode())

    async with start_worker():
        (request,) = await receiver.received(1)

    (row,) = await rows_of(database)
    assert is_signed(request, secret)
    assert row["signing_secret"] is None
    assert secret.encode() not in row["sealed"]


async def test_a_rotation_of_the_key_seals_apps_again(api: Api, database: Database) -> None:
    app = await create_app(api)

    rotation = await rotate_key(
        database, Sealer([OTHER_KEY, SECRETS_KEY]), [SIGNING_SECRETS], on_progress=lambda _, __: None
    )

    (row,) = await rows_of(database)
    assert rotation.sealed_again == 1
    assert (
        Sealer(OTHER_KEY).open(row["sealed"], purpose=SIGNING_SECRETS.purpose(row["app_id"])) == app["signing_secret"]
    )


async def test_an_app_with_the_secret_of_another_row_is_sent_nothing_until_it_is_replaced(
    api: Api, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    broken, whole = await create_app(api, "broken"), await create_app(api, "whole")
    await execute(
        database,
        "UPDATE messaging.app SET sealed = other.sealed FROM messaging.app AS other "
        "WHERE app.app_id = $1 AND other.app_id = $2",
        *(parse_id(APP_PREFIX, each["app_id"]) for each in (broken, whole)),
    )
    path = f"/messaging/apps/{broken['app_id']}"

    async with start_worker():
        await api.done("PATCH", path, json={"request_url": f"{receiver.url}/broken"})
        async with asyncio.timeout(10):
            while (event := (await api.get(f"{path}/events"))["items"][0])["error"] is None:
                await asyncio.sleep(0.02)
        await api.done("PATCH", f"/messaging/apps/{whole['app_id']}", json={"request_url": f"{receiver.url}/whole"})
        await receiver.wait_until(lambda: {b"/hooks/whole"} == {each.path for each in receiver.requests})
        replaced = await api.done("POST", f"{path}/signing-secret")
        await api.done("PATCH", path, json={"request_url": f"{receiver.url}/replaced"})
        await receiver.wait_until(lambda: receiver.requests[-1].path == b"/hooks/replaced")

    assert event["error"] == "signing_secret_broken"
    assert b"/hooks/broken" not in {each.path for each in receiver.requests}
    assert is_signed(receiver.requests[-1], replaced["signing_secret"])


async def test_a_secret_whose_key_was_lost_is_replaced_by_one_that_nobody_has(api: Api, database: Database) -> None:
    app = await create_app(api)
    (row,) = await rows_of(database)
    lost = Sealer(OTHER_KEY).seal(app["signing_secret"], purpose=SIGNING_SECRETS.purpose(row["app_id"]))
    await execute(database, "UPDATE messaging.app SET sealed = $1", lost)

    await forget_lost_keys(database, Sealer(SECRETS_KEY), [SIGNING_SECRETS])

    (row,) = await rows_of(database)
    secret = Sealer(SECRETS_KEY).open(row["sealed"], purpose=SIGNING_SECRETS.purpose(row["app_id"]))
    assert (len(secret), secret == app["signing_secret"]) == (32, False)


async def test_a_worker_that_lacks_the_key_ends_and_says_so(
    api: Api, database: Database, database_url: str, receiver: Receiver
) -> None:
    app = await create_app(api)
    (row,) = await rows_of(database)
    sealed = Sealer(OTHER_KEY).seal("ab" * 16, purpose=SIGNING_SECRETS.purpose(row["app_id"]))

    async def work_until_it_ends() -> None:
        async with running_worker(database_url, {}), asyncio.timeout(20):
            await execute(database, "UPDATE messaging.app SET sealed = $1", sealed)
            await api.done("PATCH", f"/messaging/apps/{app['app_id']}", json={"request_url": receiver.url})
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as raised:
        await work_until_it_ends()

    assert Sealer(OTHER_KEY).keyring().current.key_id.hex() in "".join(str(each) for each in leaves_of(raised.value))
    assert receiver.requests == []


def leaves_of(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in leaves_of(each)]
    return [error]
