"""Signing in and out: the cookie, no hint at which accounts exist, and lock-out."""

import asyncio
import re
from collections import Counter
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from http_api import problem_of
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.accounts import create_account, set_account_disabled
from ninefold.core.web.forgery import csrf_token
from ninefold.core.web.site import Site
from people import PASSWORD, WRONG_PASSWORD, Person, SetClock, refuse, session_text_in, sign_in


async def test_a_person_signs_in_and_out(http: httpx.AsyncClient, owner: Person) -> None:
    response = await sign_in(http, "Mia@Example.com ")

    assert response.status_code == 201
    view = response.json()
    assert view["account"]["email"] == "mia@example.com"
    assert [(item["name"], item["role"]) for item in view["organisations"]] == [("acme", "owner")]
    assert view["organisation_id"] == view["organisations"][0]["organisation_id"]
    person = Person(http, session_text_in(response), email=owner.email, account_id=owner.account_id)
    assert await person.get("/session") == view

    signed_out = await person.request("DELETE", "/session")

    assert signed_out.status_code == 204
    assert session_text_in(signed_out) == ""
    assert "Max-Age=0" in signed_out.headers["set-cookie"]
    assert (await person.refused(401, "GET", "/session"))["code"] == "session_revoked"
    assert (await owner.get("/session"))["account"] == view["account"]


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(http: httpx.AsyncClient, owner: Person) -> None:
    cookie = (await sign_in(http, owner.email)).headers["set-cookie"]

    attributes = [part.strip().lower() for part in cookie.split(";")[1:]]
    assert "httponly" in attributes
    assert "samesite=lax" in attributes
    assert "path=/" in attributes
    assert "max-age=2592000" in attributes
    assert "secure" not in attributes


@pytest.mark.parametrize("site", [Site(public_url="https://ninefold.example.com")])
async def test_the_cookie_is_secure_over_https(http: httpx.AsyncClient, owner: Person, site: Site) -> None:
    del site
    assert re.search(r"(?i);\s*secure", (await sign_in(http, owner.email)).headers["set-cookie"])


async def test_the_response_contains_no_secret(http: httpx.AsyncClient, owner: Person) -> None:
    response = await sign_in(http, owner.email)

    assert session_text_in(response) not in response.text
    assert "argon2" not in response.text


async def test_unknown_disabled_and_wrong_are_the_same_to_a_caller(
    http: httpx.AsyncClient, database: Database, owner: Person, viewer: Person
) -> None:
    async with database.transaction() as connection:
        await create_account(connection, email="invited@example.com")
        await set_account_disabled(connection, viewer.account_id, is_disabled=True)

    problems = [
        await refuse(http, owner.email),
        await refuse(http, "nobody@example.com"),
        await refuse(http, "not a mail address"),
        await refuse(http, viewer.email, PASSWORD),
        await refuse(http, "invited@example.com", ""),
    ]

    for problem in problems:
        problem.pop("request_id")
    assert problems == [problems[0]] * len(problems)
    assert problems[0]["code"] == "sign_in_failed"


async def test_unknown_accounts_are_locked_like_known_ones(http: httpx.AsyncClient, owner: Person) -> None:
    known = [(await sign_in(http, owner.email, WRONG_PASSWORD)).status_code for _ in range(8)]
    unknown = [(await sign_in(http, "nobody@example.com", WRONG_PASSWORD)).status_code for _ in range(8)]

    assert known == unknown == [401] * 5 + [429] * 3


async def test_failures_lock_an_account_for_longer_and_longer(
    http: httpx.AsyncClient, owner: Person, clock: SetClock
) -> None:
    for _ in range(4):
        await refuse(http, owner.email)
    waits = []
    for _ in range(11):
        await refuse(http, owner.email)
        response = await sign_in(http, owner.email)
        assert problem_of(response, status=429)["code"] == "too_many_sign_ins"
        waits.append(int(response.headers["retry-after"]))
        clock.advance(seconds=waits[-1])

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert (await sign_in(http, owner.email)).status_code == 201


async def test_a_success_forgets_the_failures_of_the_account(http: httpx.AsyncClient, owner: Person) -> None:
    for _ in range(3):
        for _ in range(4):
            await refuse(http, owner.email)
        assert (await sign_in(http, owner.email)).status_code == 201


async def test_an_hour_forgets_failures(http: httpx.AsyncClient, owner: Person, clock: SetClock) -> None:
    for _ in range(4):
        await refuse(http, owner.email)
    clock.advance(hours=1)

    for _ in range(4):
        await refuse(http, owner.email)
    assert (await sign_in(http, owner.email)).status_code == 201


async def test_failures_with_many_accounts_lock_the_address(http: httpx.AsyncClient, owner: Person) -> None:
    for number in range(20):
        await refuse(http, f"nobody-{number}@example.com")

    await refuse(http, owner.email, PASSWORD, status=429)


async def test_successes_do_not_lock_an_address_and_do_not_excuse_failures(
    http: httpx.AsyncClient, owner: Person
) -> None:
    for number in range(19):
        await refuse(http, f"nobody-{number}@example.com")
        assert (await sign_in(http, owner.email)).status_code == 201
    await refuse(http, "nobody@example.com")

    await refuse(http, owner.email, PASSWORD, status=429)


async def test_parallel_guesses_get_no_more_attempts(http: httpx.AsyncClient, owner: Person) -> None:
    responses = await asyncio.gather(*[sign_in(http, owner.email, WRONG_PASSWORD) for _ in range(20)])

    assert Counter(response.status_code for response in responses) == {401: 5, 429: 15}


async def test_a_locked_account_keeps_its_sessions(http: httpx.AsyncClient, owner: Person) -> None:
    for _ in range(5):
        await refuse(http, owner.email)

    assert (await owner.get("/session"))["account"]["email"] == owner.email


async def test_a_session_ends_with_its_lifetime_and_when_it_is_not_used(
    database: Database, owner: Person, viewer: Person
) -> None:
    await let_time_pass(database, owner.account_id, timedelta(days=30), is_used=True)
    await let_time_pass(database, viewer.account_id, timedelta(days=7), is_used=False)

    assert (await owner.refused(401, "GET", "/session"))["code"] == "session_expired"
    assert (await viewer.refused(401, "GET", "/session"))["code"] == "session_expired"


async def test_a_disabled_account_is_signed_out_at_once(database: Database, owner: Person) -> None:
    await owner.get("/session")
    async with database.transaction() as connection:
        await set_account_disabled(connection, owner.account_id, is_disabled=True)

    assert (await owner.refused(401, "GET", "/session"))["code"] == "session_revoked"
    async with database.transaction() as connection:
        await set_account_disabled(connection, owner.account_id, is_disabled=False)
    assert (await owner.refused(401, "GET", "/session"))["code"] == "session_revoked"


@pytest.mark.parametrize("cookie", ["", "nfs_short", "nfk_AbC123xy_" + "a" * 43, "nfs_AbC123xy_" + "a" * 43])
async def test_an_unknown_session_is_refused(http: httpx.AsyncClient, owner: Person, cookie: str) -> None:
    forged = Person(http, cookie, email=owner.email, account_id=owner.account_id)

    problem = await forged.refused(401, "GET", "/session")

    assert problem["code"] == ("session_invalid" if cookie else "session_missing")


async def test_a_person_ends_another_session_of_theirs(
    http: httpx.AsyncClient, owner: Person, stranger: Person
) -> None:
    other_text = session_text_in(await sign_in(http, owner.email, **{"User-Agent": "Firefox"}))
    other = Person(http, other_text, email=owner.email, account_id=owner.account_id)
    sessions = (await owner.get("/sessions"))["items"]

    assert [(item["client"], item["is_current"], item["address"]) for item in sessions] == [
        ("Firefox", False, "127.0.0.1"),
        ("tests", True, None),
    ]
    await stranger.refused(404, "DELETE", f"/sessions/{sessions[0]['session_id']}")
    assert (await other.get("/session"))["session_id"] == sessions[0]["session_id"]

    assert (await owner.request("DELETE", f"/sessions/{sessions[0]['session_id']}")).status_code == 204

    await other.refused(401, "GET", "/session")
    await owner.refused(404, "DELETE", f"/sessions/{sessions[0]['session_id']}")
    assert len((await owner.get("/sessions"))["items"]) == 1


async def let_time_pass(database: Database, account_id: UUID, time: timedelta, *, is_used: bool) -> None:
    """Move a session into the past, which has the same effect as waiting."""
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE tenancy.credential SET created_at = created_at - $1::interval, "
            "expires_at = expires_at - $1::interval, last_used_at = CASE WHEN $2 THEN now() END WHERE account_id = $3",
            time,
            is_used,
            account_id,
        )


async def test_no_secret_is_logged(
    http: httpx.AsyncClient, owner: Person, logs: list[MutableMapping[str, Any]]
) -> None:
    text = session_text_in(await sign_in(http, owner.email, **{"User-Agent": "Firefox"}))
    await refuse(http, owner.email)
    person = Person(http, text, email=owner.email, account_id=owner.account_id)
    token = (await person.done("POST", "/personal-tokens", json={"name": "x", "role": "viewer"}))["personal_token"]
    await person.refused(403, "PATCH", "/account", json={"name": "x"}, headers={"X-CSRF-Token": "wrong"})
    await person.request("DELETE", "/session")
    await person.refused(401, "GET", "/session")

    logged = str(logs)
    assert "/api/v1/session" in logged
    secrets = [PASSWORD, WRONG_PASSWORD, text.rpartition("_")[2], token.rpartition("_")[2], csrf_token(text)]
    assert [secret for secret in secrets if secret in logged] == []
