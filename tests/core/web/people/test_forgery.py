"""Cross-site request forgery: what a page of another site can't do for a person who is signed in."""

import httpx
import pytest

from http_api import Api, problem_of
from in_process import BASE_URL
from ninefold.core.web.forgery import csrf_token
from ninefold.core.web.site import Site
from people import PASSWORD, Person

PUBLIC_URL = "https://ninefold.example.com"

REFUSED = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL},
    {"Origin": "https://evil.example"},
    {"Origin": "http://ninefold.test.evil.example"},
    {"Origin": "http://ninefold.test:8080"},
    {"Origin": "null"},
    {"Origin": ""},
    {"X-CSRF-Token": ""},
    {"X-CSRF-Token": "a" * 43},
    {"X-CSRF-Token": "ü"},
    {"X-CSRF-Token": csrf_token("nfs_AbC123xy_" + "a" * 43)},
]

ADMITTED = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:5173"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": BASE_URL},
    {"Origin": "HTTP://NINEFOLD.TEST"},
]


@pytest.mark.parametrize("headers", REFUSED, ids=str)
async def test_an_unsafe_request_of_another_site_is_refused_and_changes_nothing(
    owner: Person, headers: dict[str, str]
) -> None:
    encoded = {name: value.encode() for name, value in headers.items()}
    response = await owner.request("PATCH", "/account", json={"name": "Eve"}, headers=encoded)  # type: ignore[arg-type]

    assert problem_of(response, status=403)["code"] == "cross_site_request"
    assert (await owner.get("/account"))["name"] == "mia"
    assert (await owner.get("/audit-log"))["items"] == []


@pytest.mark.parametrize("headers", ADMITTED, ids=str)
async def test_a_request_of_this_site_is_admitted(owner: Person, headers: dict[str, str]) -> None:
    await owner.done("PATCH", "/account", json={"name": "Mia Chen"}, headers=headers)


@pytest.mark.parametrize("site", [Site(public_url=PUBLIC_URL)])
async def test_the_public_address_is_this_site_too(owner: Person, site: Site) -> None:
    del site
    await owner.done("PATCH", "/account", json={"name": "Mia Chen"}, headers={"Origin": PUBLIC_URL})


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}], ids=str)
async def test_reading_is_possible_from_everywhere_because_browsers_hide_the_response(
    owner: Person, headers: dict[str, str]
) -> None:
    await owner.done("GET", "/account", headers=headers)


async def test_an_api_key_needs_no_token_because_browsers_do_not_send_it_by_themselves(api: Api, owner: Person) -> None:
    await api.done(
        "POST",
        "/api-keys",
        json={"name": "ci"},
        headers={"Origin": "https://app.example", "Cookie": f"ninefold_session={owner.session_text}"},
    )


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}], ids=str)
async def test_another_site_cannot_sign_a_browser_in(
    http: httpx.AsyncClient, owner: Person, headers: dict[str, str]
) -> None:
    body = {"email": owner.email, "password": PASSWORD}

    response = await http.post("/api/v1/session", json=body, headers=headers)

    assert problem_of(response, status=403)["code"] == "cross_site_request"
    assert "set-cookie" not in response.headers


async def test_each_session_has_its_own_token(owner: Person, viewer: Person) -> None:
    tokens = {(await person.get("/session"))["csrf_token"] for person in (owner, viewer)}

    assert len(tokens) == 2
    response = await owner.request(
        "PATCH", "/account", json={"name": "x"}, headers={"X-CSRF-Token": csrf_token(viewer.session_text)}
    )
    problem_of(response, status=403)
