"""Members, roles and invitations."""

import asyncio
from uuid import UUID

import httpx
import pytest

from http_api import Api
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.accounts import set_account_disabled
from ninefold.core.tenancy.roles import Role
from people import PASSWORD, Person, make_person, new_organisation, session_text_in

NEW_PASSWORD = "a sentence that is new"


async def invite(person: Api, email: str, role: Role = Role.DEVELOPER) -> str:
    """Invite, and return the token of the link."""
    created = await person.done("POST", "/invitations", json={"email": email, "role": role})
    token: str = created["url"].rpartition("#")[2]
    return token


async def test_members_are_listed_page_by_page(owner: Person, admin: Person, viewer: Person) -> None:
    pages = await viewer.walk("/members", limit=2)

    assert [len(page) for page in pages] == [2, 1]
    assert [(item["email"], item["role"]) for page in pages for item in page] == [
        (owner.email, "owner"),
        (admin.email, "admin"),
        (viewer.email, "viewer"),
    ]


async def test_a_new_role_applies_to_the_next_request(owner: Person, viewer: Person) -> None:
    await viewer.refused(403, "POST", "/api-keys", json={"name": "ci"})

    changed = await owner.done("PATCH", f"/members/{viewer.account_text}", json={"role": "admin"})

    assert changed["role"] == "admin"
    await viewer.done("POST", "/api-keys", json={"name": "ci"})


async def test_a_removed_member_has_no_access_from_the_next_request_on(
    http: httpx.AsyncClient, owner: Person, admin: Person
) -> None:
    token = await admin.done("POST", "/personal-tokens", json={"name": "laptop", "role": "admin"})
    with_token = Api(http, token["personal_token"])
    await with_token.get("/members")

    assert (await owner.request("DELETE", f"/members/{admin.account_text}")).status_code == 204

    assert (await admin.refused(403, "GET", "/members"))["code"] == "organisation_required"
    await with_token.refused(401, "GET", "/members")
    session = await admin.get("/session")
    assert (session["organisation_id"], session["role"], session["organisations"]) == (None, None, [])


async def test_a_personal_token_does_not_come_back_with_the_membership(
    http: httpx.AsyncClient, owner: Person, admin: Person
) -> None:
    created = await admin.done("POST", "/personal-tokens", json={"name": "laptop", "role": "viewer"})
    await owner.request("DELETE", f"/members/{admin.account_text}")
    await admin.done("POST", "/invitations/accept", json={"token": await invite(owner, admin.email)})

    await Api(http, created["personal_token"]).refused(401, "GET", "/members")


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
async def test_an_admin_cannot_make_or_unmake_owners(owner: Person, admin: Person, viewer: Person, role: Role) -> None:
    expected = 403 if role is Role.OWNER else 200
    response = await admin.request("PATCH", f"/members/{viewer.account_text}", json={"role": role})
    assert response.status_code == expected

    for method, body in (("PATCH", {"role": "viewer"}), ("DELETE", None)):
        problem = await admin.refused(403, method, f"/members/{owner.account_text}", json=body)
        assert (problem["code"], problem["field"]) == ("role_not_grantable", "role")
    await admin.refused(403, "POST", "/invitations", json={"email": "eve@example.com", "role": "owner"})
    await admin.refused(403, "POST", "/api-keys", json={"name": "ci", "role": "owner"})


async def test_the_last_owner_cannot_leave(database: Database, owner: Person, organisation_id: UUID) -> None:
    for method, path, body in (
        ("DELETE", "/membership", None),
        ("DELETE", f"/members/{owner.account_text}", None),
        ("PATCH", f"/members/{owner.account_text}", {"role": "admin"}),
    ):
        assert (await owner.refused(409, method, path, json=body))["code"] == "last_owner"
    other = await make_person(owner.http, database, organisation_id=organisation_id)
    async with database.transaction() as connection:
        await set_account_disabled(connection, other.account_id, is_disabled=True)
    # An owner who can't sign in doesn't count.
    await owner.refused(409, "DELETE", "/membership")
    async with database.transaction() as connection:
        await set_account_disabled(connection, other.account_id, is_disabled=False)

    assert (await owner.request("DELETE", "/membership")).status_code == 204


async def test_two_owners_who_leave_at_the_same_time_leave_one(
    http: httpx.AsyncClient, database: Database, organisation_id: UUID
) -> None:
    owners = [await make_person(http, database, organisation_id=organisation_id) for _ in range(4)]

    responses = await asyncio.gather(*[person.request("DELETE", "/membership") for person in owners])

    assert sorted(response.status_code for response in responses) == [204, 204, 204, 409]


async def test_a_viewer_can_leave(viewer: Person, owner: Person) -> None:
    assert (await viewer.request("DELETE", "/membership")).status_code == 204

    assert [item["email"] for item in (await owner.get("/members"))["items"]] == [owner.email]


async def test_an_invitation_creates_an_account(http: httpx.AsyncClient, owner: Person, anonymous: Person) -> None:
    token = await invite(owner, "Noa@example.com", Role.ADMIN)
    found = await anonymous.done("POST", "/invitations/find", json={"token": token})
    assert (found["email"], found["organisation_name"], found["role"]) == ("noa@example.com", "acme", "admin")
    assert (found["invited_by"], found["has_account"]) == (owner.email, False)

    body = {"token": token, "name": "Noa", "password": NEW_PASSWORD}
    response = await http.post("/api/v1/invitations/sign-up", json=body)
    http.cookies.clear()

    assert response.status_code == 201
    noa = Person(http, session_text_in(response), email="noa@example.com", account_id=UUID(int=0))
    assert (await noa.get("/session"))["role"] == "admin"
    await anonymous.refused(410, "POST", "/invitations/sign-up", json=body)
    await anonymous.refused(410, "POST", "/invitations/find", json={"token": token})
    assert [item["state"] for item in (await owner.get("/invitations"))["items"]] == ["accepted"]


async def test_a_person_with_an_account_signs_in_to_accept(owner: Person, stranger: Person, anonymous: Person) -> None:
    token = await invite(owner, stranger.email)
    body = {"token": token, "name": "Eve", "password": NEW_PASSWORD}
    assert (await anonymous.refused(409, "POST", "/invitations/sign-up", json=body))["code"] == "account_exists"
    assert (await anonymous.done("POST", "/invitations/find", json={"token": token}))["has_account"]

    await stranger.done("POST", "/invitations/accept", json={"token": token})

    session = await stranger.get("/session")
    assert {item["name"]: item["role"] for item in session["organisations"]} == {"acme": "developer", "globex": "owner"}


async def test_an_invitation_is_for_one_mail_address(owner: Person, stranger: Person, viewer: Person) -> None:
    token = await invite(owner, "noa@example.com")
    assert (await stranger.refused(403, "POST", "/invitations/accept", json={"token": token}))["remedy"]
    own = await invite(owner, viewer.email)
    assert (await viewer.refused(409, "POST", "/invitations/accept", json={"token": own}))["code"] == "already_member"


async def test_a_revoked_or_expired_invitation_is_void(database: Database, owner: Person, anonymous: Person) -> None:
    revoked, expired = await invite(owner, "noa@example.com"), await invite(owner, "ida@example.com")
    listed = (await owner.get("/invitations"))["items"]
    assert [item["email"] for item in listed] == ["ida@example.com", "noa@example.com"]
    assert (await owner.request("DELETE", f"/invitations/{listed[1]['invitation_id']}")).status_code == 204
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE tenancy.credential SET created_at = now() - interval '8 days', expires_at = now() "
            "WHERE kind = 'invitation_link' AND revoked_at IS NULL"
        )

    for token in (revoked, expired):
        await anonymous.refused(410, "POST", "/invitations/find", json={"token": token})
    assert [item["state"] for item in (await owner.get("/invitations"))["items"]] == ["expired", "revoked"]


async def test_no_list_shows_a_link(owner: Person) -> None:
    token = await invite(owner, "noa@example.com")

    shown = str([await owner.get(path) for path in ("/invitations", "/audit-log", "/api-keys")])

    assert token.rpartition("_")[2] not in shown


async def test_a_person_switches_between_organisations(owner: Person, stranger: Person) -> None:
    await stranger.done("POST", "/invitations/accept", json={"token": await invite(owner, stranger.email)})
    organisations = {
        item["name"]: item["organisation_id"] for item in (await stranger.get("/session"))["organisations"]
    }

    switched = await stranger.done("PATCH", "/session", json={"organisation_id": organisations["acme"]})

    assert (switched["organisation_id"], switched["role"]) == (organisations["acme"], "developer")
    assert len((await stranger.get("/members"))["items"]) == 2
    # The header chooses for one request, so that two tabs can show two organisations.
    response = await stranger.request("GET", "/members", headers={"Ninefold-Organisation": organisations["globex"]})
    assert [item["email"] for item in response.json()["items"]] == [stranger.email]
    assert (await stranger.get("/session"))["organisation_id"] == organisations["acme"]


@pytest.mark.parametrize("text", ["org_01h455vb4pex5vsknk084sn02q", "acme", "", "acc_01h455vb4pex5vsknk084sn02q"])
async def test_an_organisation_of_others_looks_like_one_that_does_not_exist(owner: Person, text: str) -> None:
    header = await owner.refused(404, "GET", "/members", headers={"Ninefold-Organisation": text})
    body = await owner.refused(404, "PATCH", "/session", json={"organisation_id": text})

    assert header["code"] == body["code"] == "organisation_not_found"


async def test_a_person_without_an_organisation_can_sign_in_and_is_told_what_to_do(
    http: httpx.AsyncClient, database: Database
) -> None:
    await new_organisation(database, "acme")
    person = await make_person(http, database, organisation_id=None)

    assert (await person.get("/session"))["organisations"] == []
    problem = await person.refused(403, "GET", "/members")
    assert problem["code"] == "organisation_required"
    assert "invitation" in problem["remedy"]
    assert PASSWORD not in str(problem)
