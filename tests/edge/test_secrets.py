"""`ninefold secrets …`, with the keys in the settings."""

import asyncio
import json
from base64 import b64encode
from uuid import UUID

import asyncpg
import pytest

from ninefold.core.ids import new_id
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.second_factor import TOTP_SECRETS
from ninefold.edge.cli import EXIT_FAILED, run
from ninefold.edge.systems import sealed_columns
from ninefold.systems.callbacks.service.configurations import CONFIGURATIONS
from ninefold.systems.messaging.service.apps.signing_secrets import SIGNING_SECRETS as APP_SECRETS
from ninefold.systems.webhooks.service.signing_secrets import SIGNING_SECRETS
from ninefold.systems.workflows.service.secrets import SECRETS

OLD, NEW = b"o" * 32, b"n" * 32
SECRETS_COUNT = len(sealed_columns())


@pytest.fixture(autouse=True)
def sealed(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """A database with a secret of each column that is sealed, with a key that isn't set."""
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", database_url)
    set_keys(monkeypatch, NEW)
    asyncio.run(insert(database_url))


def test_the_list_shows_which_keys_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["secrets", "keys", "--json"]) == 0

    assert {(key["key_id"], key["state"], key["secrets"]) for key in json.loads(capsys.readouterr().out)} == {
        (id_of(OLD), "missing", SECRETS_COUNT),
        (id_of(NEW), "current", 0),
    }
    assert run(["doctor"]) == EXIT_FAILED
    assert id_of(OLD) in capsys.readouterr().out


def test_a_lost_key_is_given_up_only_if_confirmed(capsys: pytest.CaptureFixture[str], database_url: str) -> None:
    assert run(["secrets", "forget-lost-keys"]) == EXIT_FAILED
    assert f"{SECRETS_COUNT} secrets" in capsys.readouterr().err
    assert run(["secrets", "forget-lost-keys", "--yes"]) == 0

    shown = capsys.readouterr().err
    assert "1 signing secrets of subscriptions are lost" in shown
    assert "ninefold workflows secrets set" in shown
    assert "ninefold sources update" in shown
    assert "ninefold messaging apps signing-secret" in shown
    assert "ninefold accounts remove-totp" in shown
    # Somebody who rotates it gets one that the receiver can be given; until then, nobody can forge a signature.
    assert len(asyncio.run(opened(database_url, Sealer(NEW)))) == 1
    assert run(["secrets", "forget-lost-keys", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {}
    assert run(["secrets", "forget-lost-keys"]) == EXIT_FAILED
    assert "No secret was sealed with a key that isn't here" in capsys.readouterr().err


def test_a_rotation_needs_the_new_key_first_in_the_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database_url: str
) -> None:
    set_keys(monkeypatch, OLD)
    assert run(["secrets", "rotate-key"]) == EXIT_FAILED
    assert "openssl rand -base64 32" in capsys.readouterr().err
    set_keys(monkeypatch, NEW, OLD)

    assert run(["secrets", "rotate-key", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "key_id": id_of(NEW),
        "is_new": False,
        "sealed_again": SECRETS_COUNT,
        "broken": [],
    }
    assert asyncio.run(opened(database_url, Sealer(NEW))) == [b"k" * 32]
    assert run(["secrets", "remove-earlier-keys"]) == EXIT_FAILED
    assert "NINEFOLD_SECRETS_KEY" in capsys.readouterr().err


def set_keys(monkeypatch: pytest.MonkeyPatch, *keys: bytes) -> None:
    monkeypatch.setenv("NINEFOLD_SECRETS_KEY", ",".join(b64encode(key).decode() for key in keys))


def id_of(key: bytes) -> str:
    return Sealer(key).keyring().current.key_id.hex()


async def insert(database_url: str) -> None:
    subscription_id, signing_id, secret_id, source_id, app_id, account_id = (new_id() for _ in range(6))
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "INSERT INTO webhooks.subscription (subscription_id, organisation_id, url, event_types, description) "
            "VALUES ($1, $1, 'https://example.com', '{*}', '')",
            subscription_id,
        )
        await connection.execute(
            "INSERT INTO webhooks.signing_secret (signing_secret_id, subscription_id, sealed) VALUES ($1, $2, $3)",
            signing_id,
            subscription_id,
            Sealer(OLD).seal_bytes(b"k" * 32, purpose=SIGNING_SECRETS.purpose(signing_id)),
        )
        await connection.execute(
            "INSERT INTO workflows.secret (secret_id, organisation_id, name, sealed, created_at, updated_at) "
            "VALUES ($1, $1, 'TOKEN', $2, now(), now())",
            secret_id,
            Sealer(OLD).seal("hunter2", purpose=SECRETS.purpose(secret_id)),
        )
        await connection.execute(
            "INSERT INTO callbacks.source (source_id, organisation_id, provider, name, token, sealed, answer_status, "
            "answer_content_type, answer_body) VALUES ($1, $1, 'github', 'Code', 'in_', $2, 200, '', '')",
            source_id,
            Sealer(OLD).seal("{}", purpose=CONFIGURATIONS.purpose(source_id)),
        )
        await connection.execute(
            "INSERT INTO messaging.workspace (organisation_id, slack_id) VALUES ($1, 'T0000000001')", app_id
        )
        await connection.execute(
            "INSERT INTO messaging.app (app_id, organisation_id, slack_id, name, sealed) "
            "VALUES ($1, $1, 'A0000000001', 'deploy', $2)",
            app_id,
            Sealer(OLD).seal("ab" * 16, purpose=APP_SECRETS.purpose(app_id)),
        )
        await connection.execute(
            "INSERT INTO tenancy.account (account_id, email, name, totp_sealed) "
            "VALUES ($1, 'mia@example.com', 'Mia', $2)",
            account_id,
            Sealer(OLD).seal("JBSWY3DPEHPK3PXP", purpose=TOTP_SECRETS.purpose(account_id)),
        )
    finally:
        await connection.close()


async def opened(database_url: str, sealer: Sealer) -> list[bytes]:
    """Return the signing secrets."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT signing_secret_id, sealed FROM webhooks.signing_secret")
    finally:
        await connection.close()
    ids: list[UUID] = [row["signing_secret_id"] for row in rows]
    return [
        sealer.open_bytes(row["sealed"], purpose=SIGNING_SECRETS.purpose(each))
        for each, row in zip(ids, rows, strict=True)
    ]
