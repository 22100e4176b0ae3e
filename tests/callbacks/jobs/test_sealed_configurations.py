"""Secrets and options of sources in the database: sealed, also those of earlier versions, and replaced with the key."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from callbacks.callbacks_api import SECRET, CallbacksApi, seal
from http_api import Json
from in_process import StartWorker
from installations import SECRETS_KEY
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.secrets.service import forget_lost_keys, prepare_secrets, rotate_key
from ninefold.systems.callbacks.model import SOURCE_PREFIX
from ninefold.systems.callbacks.service.configurations import CONFIGURATIONS

OPTIONS = {"verify_token": "only-meta-knows-this"}
OTHER_KEY = b"o" * 32


async def rows_of(database: Database) -> list[dict[str, Any]]:
    async with database.connection() as connection:
        return [{**row} for row in await connection.fetch("SELECT * FROM callbacks.source ORDER BY source_id")]


async def execute(database: Database, statement: str, *values: object) -> None:
    async with database.connection() as connection:
        await connection.execute(statement, *values)


async def judge(api: CallbacksApi, source: Json, start_worker: StartWorker) -> Sequence[str | None]:
    """Call a source; return the status of the callback and why it is in quarantine."""
    assert (await api.call(source, b"{}", delivery="new")).status_code == 200
    async with start_worker():
        newest, *_ = await api.judged(1, source=source)
    return newest["status"], newest["reason"]


async def test_a_table_of_sources_has_no_secret_and_no_option(api: CallbacksApi, database: Database) -> None:
    meta = await api.create_source(provider="meta", secrets=["the app's secret"], options=OPTIONS)
    path = f"/sources/{meta['source_id']}"
    rotated = await api.done("PATCH", path, json={"secrets": ["the app's secret", SECRET]})

    content = str(await rows_of(database))

    assert len(rotated["secret_hints"]) == 2
    assert [text for text in (SECRET, "the app's secret", *OPTIONS, *OPTIONS.values()) if text in content] == []


async def test_secrets_of_an_earlier_version_are_sealed_at_the_start_and_still_verify(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    source = await api.create_source()
    await execute(
        database,
        "UPDATE callbacks.source SET sealed = NULL, configuration = $1",
        json.dumps({"secrets": [SECRET], "options": {}}).encode(),
    )

    assert await judge(api, source, start_worker) == ("verified", None)

    (row,) = await rows_of(database)
    assert row["configuration"] is None
    assert SECRET.encode() not in row["sealed"]
    assert (await api.get(f"/sources/{source['source_id']}"))["secret_hints"] == ["…body"]


async def test_a_server_that_has_a_source_in_memory_does_not_open_it_again(
    api: CallbacksApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await api.create_source()
    opened = []
    open_bytes = Sealer.open_bytes

    def count(self: Sealer, sealed: bytes, *, purpose: str) -> bytes:
        opened.append(purpose)
        return open_bytes(self, sealed, purpose=purpose)

    monkeypatch.setattr(Sealer, "open_bytes", count)
    for number in range(3):
        await api.call(source, b"%d" % number)
    assert len(opened) == 1

    await api.done("PATCH", f"/sources/{source['source_id']}", json={"name": "changed"})
    opened.clear()
    for number in range(3):
        await api.call(source, b"%d" % number)
    assert len(opened) == 1


async def test_a_rotation_of_the_key_seals_sources_again(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    source = await api.create_source()
    both = Sealer([OTHER_KEY, SECRETS_KEY])

    rotation = await rotate_key(database, both, [CONFIGURATIONS], on_progress=lambda _, __: None)

    (row,) = await rows_of(database)
    content = Sealer(OTHER_KEY).open(row["sealed"], purpose=CONFIGURATIONS.purpose(row["source_id"]))
    assert rotation.sealed_again == 1
    assert json.loads(content) == {"secrets": [SECRET], "options": {}}
    # And back, for the application and the worker of this test.
    await rotate_key(database, Sealer([SECRETS_KEY, OTHER_KEY]), [CONFIGURATIONS], on_progress=lambda _, __: None)
    assert await judge(api, source, start_worker) == ("verified", None)


async def test_a_source_with_the_secrets_of_another_row_is_quarantined_and_hurts_no_other(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    broken, whole = [await api.create_source() for _ in range(2)]
    await execute(
        database,
        "UPDATE callbacks.source SET sealed = other.sealed FROM callbacks.source AS other "
        "WHERE source.source_id = $1 AND other.source_id = $2",
        *(parse_id(SOURCE_PREFIX, each["source_id"]) for each in (broken, whole)),
    )
    path = f"/sources/{broken['source_id']}"

    assert await judge(api, broken, start_worker) == ("quarantined", "secrets_broken")
    assert await judge(api, whole, start_worker) == ("verified", None)
    (callback,) = await api.judged(1, source=broken)
    shown = await api.get(f"/callbacks/{callback['callback_id']}")
    assert {header["value"] for header in shown["headers"]} == {"***"}
    assert (await api.get(path))["secret_hints"] == []
    # A change of something else doesn't hide that secrets are missing.
    assert (await api.refused(422, "PATCH", path, json={"name": "Code"}))["field"] == "secrets"

    await api.done("PATCH", path, json={"secrets": [SECRET]})
    await api.done("POST", f"/callbacks/{callback['callback_id']}/reverify")
    async with start_worker():
        (callback,) = await api.judged(1, source=broken)
    assert callback["status"] == "verified"


async def test_a_broken_source_needs_its_options_again(api: CallbacksApi, database: Database) -> None:
    options = {"header": "X-Signature", "event_id": "header:X-Id"}
    source = await api.create_source(provider="hmac", secrets=[SECRET], options=options)
    await execute(database, "UPDATE callbacks.source SET sealed = substring(sealed FOR 30)")
    path = f"/sources/{source['source_id']}"

    refused = await api.refused(422, "PATCH", path, json={"secrets": [SECRET]})
    changed = await api.done("PATCH", path, json={"secrets": [SECRET], "options": options})

    assert refused["field"] == "options"
    assert changed["options"] == options


async def test_a_source_whose_key_was_lost_is_quarantined_until_it_has_secrets_again(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    source = await api.create_source()
    lost = seal(source, key=OTHER_KEY, secrets=[SECRET], options={})
    await execute(database, "UPDATE callbacks.source SET sealed = $1", lost)

    given_up = await forget_lost_keys(database, Sealer(SECRETS_KEY), [CONFIGURATIONS])

    await prepare_secrets(database, Sealer(SECRETS_KEY), [CONFIGURATIONS])
    assert list(given_up) == [CONFIGURATIONS.table]
    assert await judge(api, source, start_worker) == ("quarantined", "secrets_broken")


async def test_a_server_that_lacks_the_key_fails_without_telling_strangers_why(
    api: CallbacksApi, database: Database
) -> None:
    source = await api.create_source()
    await execute(database, "UPDATE callbacks.source SET sealed = $1", seal(source, key=OTHER_KEY, secrets=[]))

    response = await api.call(source)

    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert Sealer(OTHER_KEY).keyring().current.key_id.hex() not in response.text
