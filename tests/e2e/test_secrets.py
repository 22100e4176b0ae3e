"""The key that seals secrets is replaced while deliveries go on, and the command is killed in between."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from http_api import Json
from in_process import create_key
from installations import LOOPBACK, Installation, clean_environment, run_command
from ninefold.core.ids import new_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import KEY_FILE, Sealer
from ninefold.systems.webhooks.service.signing_secrets import SIGNING_SECRETS
from receivers import Receiver
from webhooks.webhooks_api import WebhooksApi

SUBSCRIPTIONS: Final = 8
EXPIRED_SECRETS: Final = 3_000
"""Enough that the command can be killed before it has sealed all of them again."""

WITHIN_S: Final = 60.0


async def test_a_key_is_replaced_while_deliveries_go_on_and_nothing_shows_it(
    tmp_path: Path, database: Database, database_url: str, receiver: Receiver
) -> None:
    settings = {"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_EGRESS_ALLOW": LOOPBACK, "NINEFOLD_WORKERS": "1"}
    installation = Installation(tmp_path / "data", settings=settings)
    api_key = await create_key(database, organisation="acme")
    async with installation, httpx.AsyncClient(base_url=installation.url, trust_env=False) as http:
        api = WebhooksApi(http, api_key)
        subscriptions = [await api.subscribe(f"{receiver.url}/{number}") for number in range(SUBSCRIPTIONS)]
        secrets = {f"/hooks/{number}".encode(): [each["secret"]] for number, each in enumerate(subscriptions)}
        key_file = tmp_path / "data" / KEY_FILE
        await insert_expired(database, Sealer(key_file), subscriptions[0])
        keys = [key_file.read_bytes()]

        async with publishing(api, receiver) as event_ids:
            await receiver.received(SUBSCRIPTIONS, timeout_s=WITHIN_S)
            await kill_rotation(installation)
            states = await installation.run("secrets", "keys", "--json")
            for number, subscription in enumerate(subscriptions[:2]):
                rotated = await api.done("POST", f"/subscriptions/{subscription['subscription_id']}/rotate-secret")
                secrets[f"/hooks/{number}".encode()].append(rotated["secret"])
            completed = await installation.run("secrets", "rotate-key")
            removed = await installation.run("secrets", "remove-earlier-keys")
            seen = len(receiver.requests)
            await receiver.received(seen + 3 * SUBSCRIPTIONS, timeout_s=WITHIN_S)
        await receiver.received(len(event_ids) * SUBSCRIPTIONS, timeout_s=WITHIN_S)
        doctor = await installation.run("doctor", "--json")
        listed = await api.request("GET", "/subscriptions")
    keys.append(key_file.read_bytes())

    assert '"earlier"' in states.output
    assert (completed.exit_code, removed.exit_code) == (0, 0), completed.errors + removed.errors
    assert "are sealed with the current key" in doctor.output
    # The earlier secret signs for a day after a rotation.
    for request in receiver.requests:
        assert request.verify(secrets[request.path][0]) is not None
    latest = {request.path: request for request in receiver.requests}
    for path, versions in secrets.items():
        assert latest[path].verify(versions[-1]) is not None
    hidden = [secret for versions in secrets.values() for secret in versions]
    shown = "\n".join([*installation.errors, *installation.output, listed.text])
    shown += "".join(run.output + run.errors for run in (states, completed, removed, doctor))
    assert [text for text in texts_of(hidden, keys) if text in shown] == []
    content = await content_of(database)
    assert [text for text in texts_of(hidden, keys) if text in content] == []


async def test_a_process_with_another_key_says_so_and_does_not_start(tmp_path: Path, database_url: str) -> None:
    ours, theirs = (b64encode(bytes([number]) * 32).decode() for number in (1, 2))
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_DATA_DIR": str(tmp_path)})
    started = await run_command("secrets", "rotate-key", environment=environment | {"NINEFOLD_SECRETS_KEY": ours})
    others = [
        await run_command(command, environment=environment | {"NINEFOLD_SECRETS_KEY": theirs})
        for command in ("worker", "serve", "up", "doctor")
    ]

    # One key can't be replaced, but the database knows it from now on.
    assert "no other key" in started.errors
    assert [other.exit_code for other in others] == [1, 1, 1, 1]
    for other in others[:-1]:
        assert "sealed with a key that this process doesn't have" in other.errors
        assert "NINEFOLD_SECRETS_KEY" in other.errors
        assert not {text for text in (ours, theirs) if text in other.errors + other.output}


@asynccontextmanager
async def publishing(api: WebhooksApi, receiver: Receiver) -> AsyncIterator[list[str]]:
    """Publish an event as soon as the previous one has been delivered, until the block ends."""
    event_ids: list[str] = []
    is_over = asyncio.Event()

    async def publish() -> None:
        while not is_over.is_set():
            event_ids.append(await api.publish(b'{"n":%d}' % len(event_ids)))
            await receiver.received(len(event_ids) * SUBSCRIPTIONS, timeout_s=WITHIN_S)

    async with asyncio.TaskGroup() as group:
        group.create_task(publish())
        try:
            yield event_ids
        finally:
            is_over.set()


async def kill_rotation(installation: Installation) -> None:
    """Begin to replace the key, and kill the command after its first batch."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ninefold", "secrets", "rotate-key"),
        env=installation.environment,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(WITHIN_S):
        assert b"sealed" in await process.stderr.readline()
    process.kill()
    await process.wait()


async def insert_expired(database: Database, sealer: Sealer, subscription: Json) -> None:
    subscription_id = parse_id("sub", subscription["subscription_id"])
    rows = [
        (secret_id, subscription_id, sealer.seal_bytes(bytes(32), purpose=SIGNING_SECRETS.purpose(secret_id)))
        for secret_id in (new_id() for _ in range(EXPIRED_SECRETS))
    ]
    async with database.transaction() as connection:
        await connection.executemany(
            "INSERT INTO webhooks.signing_secret (signing_secret_id, subscription_id, sealed, expires_at) "
            "VALUES ($1, $2, $3, now())",
            rows,
        )


def texts_of(secrets: list[str], keys: list[bytes]) -> list[str]:
    """Return what must not be shown anywhere, in the forms in which it could be."""
    contents = [*keys, *[b64decode(secret.removeprefix("whsec_")) for secret in secrets]]
    return [text for content in contents for text in (content.hex(), b64encode(content).decode().rstrip("="))]


async def content_of(database: Database) -> str:
    """Return all rows of all tables as text."""
    async with database.connection() as connection:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return "\n".join(
            [
                record["content"]
                for table in tables
                for record in await connection.fetch(f"SELECT t::text AS content FROM {table['name']} AS t")
            ]
        )
