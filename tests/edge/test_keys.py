import asyncio
import json
from datetime import datetime, timedelta

import asyncpg
import pytest

from ninefold.edge.cli import EXIT_FAILED, run


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", database_url)


def test_the_first_key_creates_the_first_organisation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "create", "--json"]) == 0

    key = json.loads(capsys.readouterr().out)
    assert key["api_key"].startswith("nfk_")
    assert key["api_key_id"].startswith("key_")
    assert key["organisation_id"].startswith("org_")


def test_a_second_key_belongs_to_the_same_organisation(capsys: pytest.CaptureFixture[str]) -> None:
    first = create(capsys)
    second = create(capsys, "--name", "second")

    assert first["organisation_id"] == second["organisation_id"]
    assert second["name"] == "second"
    assert first["api_key"] != second["api_key"]


def test_the_list_does_not_show_keys(capsys: pytest.CaptureFixture[str]) -> None:
    key = create(capsys)

    assert run(["keys", "list", "--json"]) == 0

    shown = capsys.readouterr().out
    assert key["api_key"] not in shown
    assert [(key["api_key_id"], "active")] == [(item["api_key_id"], item["state"]) for item in json.loads(shown)]


def test_the_table_shows_ids_and_states(capsys: pytest.CaptureFixture[str]) -> None:
    key = create(capsys)

    assert run(["keys", "list"]) == 0

    shown = capsys.readouterr().out
    assert key["api_key_id"] in shown
    assert "✓ active" in shown


def test_an_empty_list_says_how_to_create_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "list"]) == 0

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "ninefold keys create" in captured.err


def test_a_new_key_is_printed_with_the_advice_to_save_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "create"]) == 0

    captured = capsys.readouterr()
    assert "nfk_" in captured.out
    assert "Save the key now" in captured.err


def test_a_revoked_key_is_listed_as_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    key = create(capsys)

    assert run(["keys", "revoke", key["api_key_id"]]) == 0
    capsys.readouterr()
    assert run(["keys", "list", "--organisation", key["organisation_id"], "--json"]) == 0

    assert [item["state"] for item in json.loads(capsys.readouterr().out)] == ["revoked"]


@pytest.mark.parametrize(
    ("given", "expected"), [("30d", timedelta(days=30)), ("12h", timedelta(hours=12)), ("1h30m", timedelta(hours=1.5))]
)
def test_a_key_can_expire(given: str, expected: timedelta, capsys: pytest.CaptureFixture[str]) -> None:
    key = create(capsys, "--expires-in", given)

    assert datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"]) == expected


def test_a_key_does_not_expire_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert create(capsys)["expires_at"] is None


def test_an_expired_key_is_listed_as_expired(capsys: pytest.CaptureFixture[str], database_url: str) -> None:
    create(capsys, "--expires-in", "1h")
    asyncio.run(let_an_hour_pass(database_url))

    assert run(["keys", "list"]) == 0

    assert "- expired" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "soon", "30", "5sfoo", "99999999999999d"])
def test_an_invalid_duration_is_a_usage_error(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "create", "--expires-in", text]) == 2

    assert "--expires-in" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "--expires-in", "0s"],
        ["create", "--expires-in=-1h"],
        ["create", "--expires-in", "4000d"],
        ["revoke", "sub_01h455vb4pex5vsknk084sn02q"],
        ["revoke", "key_01h455vb4pex5vsknk084sn02q"],
        ["create", "--organisation", "nobody"],
        ["create", "--organisation", "org_01h455vb4pex5vsknk084sn02q"],
        ["create", "--name", ""],
        ["create", "--organisation", ""],
        ["list", "--organisation", "nobody"],
        ["list", "--organisation", "org_01h455vb4pex5vsknk084sn02q"],
    ],
)
def test_an_invalid_or_unknown_value_is_refused_with_one_message(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["keys", *arguments]) == EXIT_FAILED

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("✗ ")


def test_the_operators_own_database_is_not_migrated(
    monkeypatch: pytest.MonkeyPatch, empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", empty_database_url)

    assert run(["keys", "create"]) == EXIT_FAILED

    assert "ninefold migrate" in capsys.readouterr().err


def create(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    assert run(["keys", "create", "--json", *arguments]) == 0
    key: dict[str, str] = json.loads(capsys.readouterr().out)
    return key


async def let_an_hour_pass(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "UPDATE tenancy.credential "
        "SET created_at = created_at - interval '1 h', expires_at = expires_at - interval '1 h'"
    )
    await connection.close()
