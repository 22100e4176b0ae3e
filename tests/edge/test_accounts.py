import asyncio
import io
import json
from collections.abc import Callable
from typing import Any, TypeAlias

import asyncpg
import httpx
import pytest

from http_api import problem_of
from ninefold.core.postgres.database import Database
from ninefold.edge.cli import EXIT_FAILED, run
from people import PASSWORD, sign_in

Run: TypeAlias = Callable[..., Any]

OWNER = "mia@example.com"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", database_url)


@pytest.fixture
def done(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command that succeeds, and return its JSON."""

    def run_command(*arguments: str) -> Any:
        # The application in this process may have logged something.
        capsys.readouterr()
        assert run([*arguments, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return run_command


def test_an_account_is_created_with_a_link_and_the_first_organisation(done: Run) -> None:
    created = done("accounts", "create", "Mia@Example.com", "--name", "Mia Chen")

    assert (created["email"], created["name"], created["role"]) == (OWNER, "Mia Chen", "owner")
    assert created["url"].startswith("http://127.0.0.1:8900/password-reset#nfr_")
    (listed,) = done("accounts", "list")
    assert listed["memberships"] == ["owner of default"]
    assert (listed["has_password"], listed["has_totp"], listed["disabled_at"]) == (False, False, None)
    assert created["url"].rpartition("_")[2] not in str(listed)


def test_a_link_begins_with_the_public_address(done: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEFOLD_PUBLIC_URL", "https://ninefold.example.com/")

    created = done("accounts", "create", OWNER)

    assert created["url"].startswith("https://ninefold.example.com/password-reset#nfr_")


def test_an_account_can_join_several_organisations(done: Run) -> None:
    acme, globex = (done("organisations", "create", name)["organisation_id"] for name in ("acme", "globex"))
    done("accounts", "create", OWNER, "--organisation", globex, "--role", "viewer")
    done("accounts", "grant", OWNER, "developer", "--organisation", acme)
    done("accounts", "grant", OWNER, "admin", "--organisation", acme)

    (listed,) = done("accounts", "list")
    assert listed["memberships"] == ["admin of acme", "viewer of globex"]


def test_the_last_owner_keeps_the_role(done: Run, capsys: pytest.CaptureFixture[str]) -> None:
    created = done("accounts", "create", OWNER)

    assert run(["accounts", "grant", OWNER, "viewer", "--organisation", created["organisation_id"]]) == EXIT_FAILED
    assert "last owner" in capsys.readouterr().err


async def test_a_password_is_set_from_standard_input(
    done: Run, monkeypatch: pytest.MonkeyPatch, http: httpx.AsyncClient
) -> None:
    await asyncio.to_thread(done, "accounts", "create", OWNER)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

    await asyncio.to_thread(done, "accounts", "set-password", OWNER)

    assert (await sign_in(http, OWNER)).status_code == 201


async def test_a_disabled_account_cannot_sign_in_until_it_is_enabled(
    done: Run, monkeypatch: pytest.MonkeyPatch, http: httpx.AsyncClient
) -> None:
    await asyncio.to_thread(done, "accounts", "create", OWNER)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    await asyncio.to_thread(done, "accounts", "set-password", OWNER)

    await asyncio.to_thread(done, "accounts", "disable", OWNER)
    problem_of(await sign_in(http, OWNER), status=401)
    await asyncio.to_thread(done, "accounts", "enable", OWNER)

    assert (await sign_in(http, OWNER)).status_code == 201


async def test_a_reset_link_ends_a_lock_out(done: Run, http: httpx.AsyncClient) -> None:
    await asyncio.to_thread(done, "accounts", "create", OWNER)
    for _ in range(5):
        problem_of(await sign_in(http, OWNER, "wrong"), status=401)
    problem_of(await sign_in(http, OWNER, "wrong"), status=429)

    link = await asyncio.to_thread(done, "accounts", "reset-link", OWNER)
    body = {"token": link["url"].rpartition("#")[2], "password": PASSWORD}
    assert (await http.post("/api/v1/password-reset", json=body)).status_code == 204

    assert (await sign_in(http, OWNER)).status_code == 201


async def test_a_lost_authenticator_app_is_removed(done: Run, database: Database) -> None:
    await asyncio.to_thread(done, "accounts", "create", OWNER)
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE tenancy.account SET totp_sealed = sha256(''), totp_enabled_at = now(), totp_last_step = 1"
        )
    assert [account["has_totp"] for account in await asyncio.to_thread(done, "accounts", "list")] == [True]

    await asyncio.to_thread(done, "accounts", "remove-totp", OWNER)

    assert [account["has_totp"] for account in await asyncio.to_thread(done, "accounts", "list")] == [False]


def test_the_table_shows_who_has_which_role(done: Run, capsys: pytest.CaptureFixture[str]) -> None:
    done("accounts", "create", OWNER)

    assert run(["accounts", "list"]) == 0

    shown = capsys.readouterr().out
    assert OWNER in shown
    assert "owner of default" in shown
    assert "not chosen yet" in shown


def test_an_empty_list_says_how_to_create_an_account(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["accounts", "list"]) == 0

    assert "ninefold accounts create" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "mia"],
        ["create", "mia@example.com", "--name", ""],
        ["create", "mia@example.com", "--organisation", "acme"],
        ["create", "mia@example.com", "--organisation", "org_01h455vb4pex5vsknk084sn02q"],
        ["grant", "nobody@example.com", "admin", "--organisation", "org_01h455vb4pex5vsknk084sn02q"],
        ["reset-link", "nobody@example.com"],
        ["set-password", "nobody@example.com"],
        ["remove-totp", "nobody@example.com"],
        ["disable", "nobody@example.com"],
        ["enable", ""],
    ],
)
def test_an_invalid_or_unknown_value_is_refused_with_one_message(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert run(["accounts", *arguments]) == EXIT_FAILED

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("✗ ")


def test_a_mail_address_has_one_account(done: Run, capsys: pytest.CaptureFixture[str]) -> None:
    done("accounts", "create", OWNER)

    assert run(["accounts", "create", "MIA@example.com"]) == EXIT_FAILED
    assert "There is an account" in capsys.readouterr().err


def test_every_command_that_changes_something_is_in_the_audit_log(done: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    organisation_id = done("organisations", "create", "acme")["organisation_id"]
    done("accounts", "create", OWNER)
    done("accounts", "grant", OWNER, "owner", "--organisation", organisation_id)
    done("accounts", "reset-link", OWNER)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    done("accounts", "set-password", OWNER)
    done("accounts", "remove-totp", OWNER)
    done("accounts", "disable", OWNER)
    done("accounts", "enable", OWNER)
    key_id = done("keys", "create", "--role", "viewer")["api_key_id"]
    done("keys", "revoke", key_id)

    log = done("audit-log")

    assert [entry["operation"].removeprefix("ninefold ") for entry in reversed(log)] == [
        "organisations create",
        "accounts create",
        "accounts grant",
        "accounts reset-link",
        "accounts set-password",
        "accounts remove-totp",
        "accounts disable",
        "accounts enable",
        "keys create",
        "keys revoke",
    ]
    assert {(entry["actor"], entry["actor_kind"], entry["address"]) for entry in log} == {
        ("operator", "operator", None)
    }
    assert all(entry["target_id"] for entry in log)
    assert [entry["target_id"] for entry in done("audit-log", "--target", key_id)] == [key_id, key_id]
    assert done("audit-log", "--organisation", organisation_id, "--operation", "ninefold keys create") != []
    assert done("audit-log", "--result", "denied") == []
    assert done("audit-log", "--limit", "3", "--before", log[2]["audit_entry_id"]) == log[3:6]


def test_the_audit_log_is_a_table_that_says_how_to_go_on(done: Run, capsys: pytest.CaptureFixture[str]) -> None:
    done("accounts", "create", OWNER)
    done("keys", "create")

    assert run(["audit-log", "--limit", "1"]) == 0

    captured = capsys.readouterr()
    assert "operator" in captured.out
    assert "ninefold keys create" in captured.out
    assert "--before aud_" in captured.err


async def test_no_secret_of_an_account_is_in_the_database(done: Run, database_url: str) -> None:
    created = await asyncio.to_thread(done, "accounts", "create", OWNER)
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetchval("SELECT string_agg(c::text, ' ') FROM tenancy.credential AS c")
    await connection.close()

    assert "nfr_" in rows
    assert created["url"].rpartition("_")[2] not in rows
