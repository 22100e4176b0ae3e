"""Nothing of an organisation's people is seen or changed by another organisation."""

import pytest

from http_api import Api, Json, problem_of
from people import Person

PATHS = {
    "/members/{account_id}": ["DELETE", "PATCH"],
    "/invitations/{invitation_id}": ["DELETE"],
    "/api-keys/{api_key_id}": ["DELETE"],
    "/personal-tokens/{personal_token_id}": ["DELETE"],
    "/sessions/{session_id}": ["DELETE"],
}
"""Every path of people that has an id, and its methods."""

LISTS = ["/members", "/invitations", "/api-keys", "/personal-tokens", "/sessions", "/audit-log"]


@pytest.fixture
async def ids(owner: Person, viewer: Person) -> dict[str, str]:
    """One id of each kind, of the owner's organisation."""
    invitation = await owner.done("POST", "/invitations", json={"email": "noa@example.com", "role": "viewer"})
    key = await owner.done("POST", "/api-keys", json={"name": "ci"})
    token = await owner.done("POST", "/personal-tokens", json={"name": "ci", "role": "viewer"})
    return {
        "account_id": viewer.account_text,
        "invitation_id": invitation["invitation_id"],
        "api_key_id": key["api_key_id"],
        "personal_token_id": token["personal_token_id"],
        "session_id": (await owner.get("/session"))["session_id"],
    }


async def read_everything(owner: Person) -> list[Json]:
    return [await owner.get(path) for path in LISTS]


async def test_the_tables_are_complete(owner: Person) -> None:
    document = (await owner.http.get("/openapi.json")).json()
    paths = {
        path.removeprefix("/api/v1"): [method.upper() for method in methods]
        for path, methods in document["paths"].items()
        if "{" in path
    }
    assert paths == PATHS


async def test_an_id_of_another_organisation_is_answered_like_one_that_does_not_exist(
    owner: Person, stranger: Person, ids: dict[str, str]
) -> None:
    before = await read_everything(owner)
    unknown = {name: f"{value.rpartition('_')[0]}_01h455vb4pex5vsknk084sn02q" for name, value in ids.items()}
    for path, methods in PATHS.items():
        for method in methods:
            body = {"role": "viewer"} if method == "PATCH" else None
            foreign = problem_of(await stranger.request(method, path.format_map(ids), json=body), status=404)
            missing = problem_of(await stranger.request(method, path.format_map(unknown), json=body), status=404)
            assert foreign["code"] == missing["code"]
            assert foreign["remedy"] == missing["remedy"]
    assert await read_everything(owner) == before


async def test_no_list_shows_what_another_organisation_has(
    owner: Person, stranger: Person, viewer: Person, ids: dict[str, str]
) -> None:
    texts = [*ids.values(), owner.email, viewer.email, "noa@example.com", "acme"]
    shown = str([await stranger.get(path) for path in [*LISTS, "/session", "/account"]])

    assert [text for text in texts if text in shown] == []


async def test_a_cursor_of_another_organisation_shows_nothing_of_it(
    owner: Person, stranger: Person, viewer: Person
) -> None:
    for _ in range(2):
        await owner.done("POST", "/invitations", json={"email": "noa@example.com", "role": "viewer"})
    for path in ("/members", "/invitations", "/audit-log"):
        cursor = (await owner.get(f"{path}?limit=1"))["next_cursor"]
        assert cursor is not None
        shown = await stranger.get(f"{path}?cursor={cursor}")
        assert viewer.email not in str(shown)
        assert "noa@example.com" not in str(shown)


async def test_an_api_key_cannot_choose_another_organisation(api: Api, stranger: Person) -> None:
    other = (await stranger.get("/session"))["organisation_id"]

    response = await api.request("GET", "/members", headers={"Ninefold-Organisation": other})

    assert stranger.email not in response.text
