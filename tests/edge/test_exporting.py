"""The export of an organisation has what belongs to it, nothing of others, and no secrets."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest

from http_api import Api
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.errors import OrganisationNotFoundError
from ninefold.core.tenancy.service import authenticate
from ninefold.edge.cli import EXIT_FAILED, run
from ninefold.edge.exporting import export_organisation
from ninefold.edge.systems import SYSTEMS
from ninefold.systems.webhooks.store import exports
from webhooks.webhooks_api import WebhooksApi


@pytest.fixture
def webhooks_api(api: Api) -> WebhooksApi:
    return WebhooksApi(api.http, api.api_key)


async def organisation_of(api: Api, database: Database) -> UUID:
    async with database.connection() as connection:
        return (await authenticate(connection, api.api_key, kinds=[API_KEY])).organisation_id


async def export(database: Database, organisation_id: UUID) -> dict[str, list[Any]]:
    file = BytesIO()
    await export_organisation(database, organisation_id, file, systems=SYSTEMS)
    with ZipFile(file) as archive:
        return {
            name: [json.loads(line) for line in archive.read(name).decode().splitlines()]
            for name in archive.namelist()
            if name.endswith(".ndjson")
        } | {"manifest.json": [json.loads(archive.read("manifest.json"))]}


@pytest.mark.usefixtures("worker")
async def test_it_has_events_with_their_deliveries_and_attempts_and_no_secret(
    webhooks_api: WebhooksApi, other_api: Api, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "EVENTS", 2)
    subscription = await webhooks_api.subscribe("http://127.0.0.1:1/hooks")
    event_ids = [await webhooks_api.publish() for _ in range(5)]
    await WebhooksApi(other_api.http, other_api.api_key).publish(event_type="other.event")
    for event_id in event_ids:
        await webhooks_api.dispatched(event_id)

    exported = await export(database, await organisation_of(webhooks_api, database))

    events = exported["webhooks/events.ndjson"]
    assert [format_id("evt", UUID(each["event_id"])) for each in events] == event_ids
    assert {bytes.fromhex(each["payload"].removeprefix("\\x")) for each in events} == {b'{"n":1}'}
    assert {each["deliveries"][0]["last_error_class"] for each in events} == {"connect_failed"}
    assert [each["url"] for each in exported["webhooks/subscriptions.ndjson"]] == ["http://127.0.0.1:1/hooks"]
    assert [each["name"] for each in exported["organisation.ndjson"]] == ["acme"]
    assert [each["prefix"] for each in exported["api_keys.ndjson"]] == [webhooks_api.api_key[:12]]
    assert [each["operation"] for each in exported["audit_log.ndjson"]] == ["create_subscription"]
    assert exported["manifest.json"][0]["files"]["webhooks/events.ndjson"] == 5
    assert "payments" in exported["manifest.json"][0]["not_exported"]
    text = json.dumps(exported)
    assert webhooks_api.api_key not in text
    assert subscription["secret"] not in text


async def test_an_unknown_organisation_is_refused(database: Database) -> None:
    with pytest.raises(OrganisationNotFoundError):
        await export(database, UUID(int=1))


def test_the_command_writes_a_new_file_that_only_its_owner_can_read(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", database_url)
    assert run(["organisations", "create", "acme", "--json"]) == 0
    organisation_id = json.loads(capsys.readouterr().out)["organisation_id"]
    path = tmp_path / "acme.zip"

    assert run(["organisations", "export", organisation_id, "--to", str(path)]) == 0
    captured = capsys.readouterr()
    assert "webhooks/events.ndjson" in captured.out
    assert "can't be exported yet: callbacks" in captured.err
    assert path.stat().st_mode & 0o777 == 0o600
    assert run(["organisations", "export", organisation_id, "--to", str(path)]) == EXIT_FAILED
    assert "File exists" in capsys.readouterr().err


def test_a_failed_export_leaves_no_file(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", database_url)
    path = tmp_path / "nobody.zip"

    assert run(["organisations", "export", format_id("org", UUID(int=1)), "--to", str(path)]) == EXIT_FAILED
    assert not path.exists()
