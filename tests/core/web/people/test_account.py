"""One's own account: set-up, password, authenticator app and recovery codes."""

import httpx
import pyotp
import pytest

from http_api import problem_of
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.accounts import create_password_link, create_setup_link
from ninefold.core.tenancy.passwords import Passwords
from people import NOON, PASSWORD, Person, SetClock, new_organisation, refuse, session_text_in, sign_in

NEW_PASSWORD = "a sentence that is new"


async def setup_token(database: Database) -> str:
    organisation_id = await new_organisation(database, "default")
    async with database.transaction() as connection:
        return (await create_setup_link(connection, organisation_id=organisation_id)).text


async def enable_totp(person: Person, clock: SetClock) -> tuple[pyotp.TOTP, list[str]]:
    enrolled = await person.done("POST", "/account/totp", json={"password": PASSWORD})
    totp = pyotp.TOTP(enrolled["secret"])
    enabled = await person.done("POST", "/account/totp/enable", json={"code": totp.at(clock.now())})
    clock.advance(seconds=30)
    return totp, enabled["recovery_codes"]


async def test_the_setup_link_creates_the_first_owner_once(
    http: httpx.AsyncClient, database: Database, anonymous: Person
) -> None:
    token = await setup_token(database)
    assert (await anonymous.get("/setup")) == {"is_needed": True}
    body = {"token": token, "email": "Mia@example.com", "name": "Mia Chen", "password": NEW_PASSWORD}

    response = await http.post("/api/v1/setup", json=body)
    http.cookies.clear()

    assert response.status_code == 201
    assert response.json()["role"] == "owner"
    person = Person(http, session_text_in(response), email="mia@example.com", account_id=anonymous.account_id)
    assert (await person.get("/session")) == response.json()
    assert (await anonymous.get("/setup")) == {"is_needed": False}
    await anonymous.refused(410, "POST", "/setup", json={**body, "email": "eve@example.com"})
    assert (await sign_in(http, "mia@example.com", NEW_PASSWORD)).status_code == 201


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"token": "nfl_AbC123xy_" + "a" * 43}, 410, "token"),
        ({"token": "x"}, 410, "token"),
        ({"email": "mia"}, 422, "email"),
        ({"email": "mia chen@example.com"}, 422, "email"),
        ({"email": "m" * 250 + "@example.com"}, 422, "email"),
        ({"name": " "}, 422, "name"),
        ({"password": "short"}, 422, "password"),
        ({"password": "x" * 257}, 422, "password"),
        ({"password": None}, 422, "password"),
    ],
    ids=str,
)
async def test_a_wrong_set_up_is_refused_and_the_link_stays_valid(
    database: Database, anonymous: Person, change: dict[str, str | None], status: int, field: str
) -> None:
    body = {"token": await setup_token(database), "email": "mia@example.com", "name": "Mia", "password": NEW_PASSWORD}

    problem = await anonymous.refused(status, "POST", "/setup", json={**body, **change})

    assert problem["field"] == field
    await anonymous.done("POST", "/setup", json=body)


async def test_the_setup_link_is_void_once_there_is_an_account(
    database: Database, owner: Person, anonymous: Person
) -> None:
    del owner
    body = {"token": await setup_token(database), "email": "eve@x.org", "name": "Eve", "password": NEW_PASSWORD}

    assert (await anonymous.refused(409, "POST", "/setup", json=body))["code"] == "already_set_up"


async def test_a_new_password_ends_all_other_sessions(http: httpx.AsyncClient, owner: Person) -> None:
    other_text = session_text_in(await sign_in(http, owner.email))
    other = Person(http, other_text, email=owner.email, account_id=owner.account_id)
    wrong = {"current_password": "wrong", "password": NEW_PASSWORD}
    assert (await owner.refused(403, "PUT", "/account/password", json=wrong))["field"] == "current_password"

    response = await owner.request(
        "PUT", "/account/password", json={"current_password": PASSWORD, "password": NEW_PASSWORD}
    )

    assert response.status_code == 204
    await other.refused(401, "GET", "/session")
    await owner.get("/session")
    await refuse(http, owner.email, PASSWORD)
    assert (await sign_in(http, owner.email, NEW_PASSWORD)).status_code == 201


async def test_guesses_of_the_current_password_are_locked_like_sign_ins(owner: Person) -> None:
    body = {"current_password": "wrong", "password": NEW_PASSWORD}
    statuses = [(await owner.request("PUT", "/account/password", json=body)).status_code for _ in range(7)]

    assert statuses == [403] * 5 + [429] * 2


async def test_a_password_is_the_same_however_its_characters_are_composed(
    http: httpx.AsyncClient, owner: Person
) -> None:
    composed, decomposed = "caf\u00e9 in the morning", "cafe\u0301 in the morning"
    await owner.request("PUT", "/account/password", json={"current_password": PASSWORD, "password": composed})

    assert (await sign_in(http, owner.email, decomposed)).status_code == 201


async def test_a_password_link_works_once_and_ends_all_sessions(
    http: httpx.AsyncClient, database: Database, owner: Person, anonymous: Person
) -> None:
    async with database.transaction() as connection:
        earlier = await create_password_link(connection, owner.account_id)
        link = await create_password_link(connection, owner.account_id)
    await anonymous.refused(410, "POST", "/password-reset", json={"token": earlier.text, "password": NEW_PASSWORD})
    await anonymous.refused(422, "POST", "/password-reset", json={"token": link.text, "password": "short"})

    body = {"token": link.text, "password": NEW_PASSWORD}
    response = await anonymous.request("POST", "/password-reset", json=body)

    assert response.status_code == 204, response.text
    await owner.refused(401, "GET", "/session")
    await anonymous.refused(410, "POST", "/password-reset", json=body)
    assert (await sign_in(http, owner.email, NEW_PASSWORD)).status_code == 201


async def test_signing_in_needs_the_code_of_the_authenticator_app(
    http: httpx.AsyncClient, owner: Person, clock: SetClock
) -> None:
    totp, _ = await enable_totp(owner, clock)
    assert (await owner.get("/account"))["has_totp"]

    missing = problem_of(await sign_in(http, owner.email), status=401)
    wrong = problem_of(await sign_in(http, owner.email, code="000000"), status=401)
    right = await sign_in(http, owner.email, code=totp.at(clock.now()))
    again = problem_of(await sign_in(http, owner.email, code=totp.at(clock.now())), status=401)

    assert (missing["code"], missing["field"]) == ("second_factor_required", "code")
    assert wrong["code"] == again["code"] == "second_factor_invalid"
    assert right.status_code == 201


async def test_a_wrong_password_is_not_told_about_the_code(
    http: httpx.AsyncClient, owner: Person, clock: SetClock
) -> None:
    await enable_totp(owner, clock)

    assert (await refuse(http, owner.email))["code"] == "sign_in_failed"


async def test_wrong_codes_are_locked_like_wrong_passwords_and_missing_ones_are_not(
    http: httpx.AsyncClient, owner: Person, clock: SetClock
) -> None:
    await enable_totp(owner, clock)
    missing = [(await sign_in(http, owner.email)).status_code for _ in range(10)]
    wrong = [(await sign_in(http, owner.email, code="000000")).status_code for _ in range(7)]

    assert missing == [401] * 10
    assert wrong == [401] * 5 + [429] * 2


async def test_a_recovery_code_replaces_the_app_once(http: httpx.AsyncClient, owner: Person, clock: SetClock) -> None:
    _, codes = await enable_totp(owner, clock)
    assert len(set(codes)) == 10

    first = await sign_in(http, owner.email, code=codes[0])
    again = await sign_in(http, owner.email, code=codes[0])
    as_typed = await sign_in(http, owner.email, code=codes[1].upper().replace("-", " "))
    replaced = (await owner.done("POST", "/account/recovery-codes", json={"password": PASSWORD}))["recovery_codes"]

    assert [first.status_code, again.status_code, as_typed.status_code] == [201, 401, 201]
    assert (await sign_in(http, owner.email, code=codes[2])).status_code == 401
    assert (await sign_in(http, owner.email, code=replaced[0])).status_code == 201


async def test_an_app_is_enabled_by_its_first_code_and_disabled_by_the_password(
    http: httpx.AsyncClient, owner: Person, clock: SetClock
) -> None:
    await owner.refused(403, "POST", "/account/totp", json={"password": "wrong"})
    await owner.refused(409, "POST", "/account/totp/enable", json={"code": "000000"})
    enrolled = await owner.done("POST", "/account/totp", json={"password": PASSWORD})
    assert enrolled["uri"].startswith("otpauth://totp/Ninefold:mia%40example.com?secret=")
    assert (await sign_in(http, owner.email)).status_code == 201
    await owner.refused(422, "POST", "/account/totp/enable", json={"code": "000000"})
    await enable_totp(owner, clock)
    await owner.refused(409, "POST", "/account/totp", json={"password": PASSWORD})

    await owner.refused(403, "POST", "/account/totp/disable", json={"password": "wrong"})
    assert (await owner.request("POST", "/account/totp/disable", json={"password": PASSWORD})).status_code == 204

    assert (await sign_in(http, owner.email)).status_code == 201
    await owner.refused(409, "POST", "/account/recovery-codes", json={"password": PASSWORD})


async def test_no_response_about_an_account_contains_its_secrets(owner: Person, clock: SetClock) -> None:
    totp, codes = await enable_totp(owner, clock)
    shown = str([await owner.get(path) for path in ("/account", "/session", "/members", "/audit-log")])

    assert totp.secret not in shown
    assert not any(code in shown for code in codes)
    assert clock.now() > NOON


@pytest.mark.parametrize("path", ["/setup", "/password-reset", "/invitations/sign-up"])
async def test_no_password_is_hashed_for_a_link_that_is_not_valid(
    anonymous: Person, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    async def hash_nothing(*_: object) -> str:
        raise AssertionError("A password was hashed.")

    monkeypatch.setattr(Passwords, "hash", hash_nothing)
    body = {"token": "x", "password": NEW_PASSWORD, "name": "Eve", "email": "eve@example.com"}
    fields = {"/setup": body.keys(), "/password-reset": ["token", "password"]}.get(path, ["token", "password", "name"])

    problem = await anonymous.refused(410, "POST", path, json={field: body[field] for field in fields})

    assert problem["code"] == "link_invalid"
