import re
from typing import Any

import pytest

from callbacks.callbacks_api import SECRET, CallbacksApi, seal
from ninefold.core.postgres.database import Database

OTHER_SECRET = "another secret of the shop, f00d"
TOKEN_URL = re.compile(r"http://ninefold\.test/in/in_[A-Za-z0-9_-]{32}")


async def test_a_new_source_has_a_url_and_the_steps_at_the_provider(api: CallbacksApi) -> None:
    source = await api.create_source(name="Code", options={})

    assert TOKEN_URL.fullmatch(source["ingest_url"])
    assert (source["provider"], source["name"]) == ("github", "Code")
    assert source["answer"] == {"status": 200, "content_type": "text/plain; charset=utf-8", "body": ""}
    assert any(source["ingest_url"] in step for step in source["setup_steps"])
    assert await api.get(f"/sources/{source['source_id']}") == source


async def test_secrets_are_never_shown_but_for_their_end(api: CallbacksApi) -> None:
    source = await api.create_source(secrets=[SECRET, "short"])

    shown = [source, await api.get(f"/sources/{source['source_id']}"), await api.get("/sources")]

    assert source["secret_hints"] == ["…body", "…"]
    assert SECRET not in str(shown)
    assert "short" not in str(shown)


async def test_an_update_changes_only_what_it_names(api: CallbacksApi) -> None:
    source = await api.create_source()
    path = f"/sources/{source['source_id']}"

    renamed = await api.done("PATCH", path, json={"name": "Shop"})
    rotated = await api.done("PATCH", path, json={"secrets": [SECRET, OTHER_SECRET]})
    answering = await api.done("PATCH", path, json={"answer": {"status": 202, "body": "thanks"}})

    assert {**renamed, "updated_at": ""} == {**source, "name": "Shop", "updated_at": "", "forward_secret": None}
    assert rotated["secret_hints"] == ["…body", "…f00d"]
    assert (answering["name"], answering["secret_hints"]) == ("Shop", ["…body", "…f00d"])
    assert answering["answer"] == {"status": 202, "content_type": "text/plain; charset=utf-8", "body": "thanks"}


async def test_an_update_checks_only_what_it_changes(api: CallbacksApi, database: Database) -> None:
    source = await api.create_source(provider="hmac", secrets=["00ff"], options={"header": "X-Signature"})
    path = f"/sources/{source['source_id']}"
    # As an earlier version may have allowed.
    sealed = seal(source, secrets=["00ff"], options={"header": "X-Signature", "tolerance_s": "0"})
    async with database.connection() as connection:
        await connection.execute("UPDATE callbacks.source SET sealed = $1, name = ''", sealed)

    rotated = await api.done("PATCH", path, json={"secrets": ["00ff", "another one"]})
    refused = await api.refused(422, "PATCH", path, json={"options": {"header": "X-Own", "tolerance_s": "0"}})
    contradictory = await api.refused(
        422, "PATCH", path, json={"options": {"header": "X-Own", "secret_encoding": "hex"}}
    )
    corrected = await api.done("PATCH", path, json={"options": {"header": "X-Own"}})

    assert (rotated["name"], len(rotated["secret_hints"])) == ("", 2)
    assert (refused["field"], contradictory["field"]) == ("options.tolerance_s", "secrets")
    assert corrected["options"] == {"header": "X-Own"}
    assert (await api.refused(422, "PATCH", path, json={"name": "a\0"}))["field"] == "name"


async def test_sources_are_listed_newest_first(api: CallbacksApi) -> None:
    created = [await api.create_source(name=f"source {number}") for number in range(3)]

    pages = await api.walk("/sources", limit=2)

    assert [source for page in pages for source in page] == created[::-1]


async def test_a_deleted_source_is_gone(api: CallbacksApi) -> None:
    source = await api.create_source()
    assert (await api.call(source)).status_code == 200

    response = await api.request("DELETE", f"/sources/{source['source_id']}")

    assert response.status_code == 204
    await api.refused(404, "GET", f"/sources/{source['source_id']}")
    refused = await api.call(source)
    assert (refused.status_code, refused.json()["code"]) == (404, "ingest_url_not_found")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"provider": "nobody"}, "provider", "provider_unknown"),
        ({"name": ""}, "name", "invalid_source"),
        ({"name": "x" * 201}, "name", "invalid_source"),
        ({"name": "\0"}, "name", "invalid_input"),
        ({"secrets": []}, "secrets", "invalid_source"),
        ({"secrets": ["x"] * 11}, "secrets", "invalid_source"),
        ({"secrets": ["good", ""]}, "secrets[1]", "invalid_source"),
        ({"secrets": ["x" * 16_385]}, "secrets[0]", "invalid_source"),
        ({"options": {"color": "red"}}, "options.color", "invalid_source"),
        ({"answer": {"status": 302}}, "answer.status", "invalid_input"),
        ({"answer": {"content_type": "text/html\r\nset-cookie: a=b"}}, "answer.content_type", "invalid_source"),
        ({"answer": {"body": "x" * 16_385}}, "answer.body", "invalid_source"),
        ({"answer": {"status": 204, "body": "x"}}, "answer.body", "invalid_source"),
        ({"answer": {"status": 205, "body": "x"}}, "answer.body", "invalid_source"),
        ({"answer": {"content_type": "text"}}, "answer.content_type", "invalid_source"),
        ({"unknown": 1}, "unknown", "invalid_input"),
    ],
)
async def test_an_invalid_source_is_refused_with_the_field(
    api: CallbacksApi, change: dict[str, Any], field: str, code: str
) -> None:
    body = {"provider": "github", "name": "Code", "secrets": [SECRET], **change}

    problem = await api.refused(422, "POST", "/sources", json=body)

    assert (problem["field"], problem["code"]) == (field, code)
    assert problem["remedy"]
    assert (await api.get("/sources"))["items"] == []


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"provider": "jwt", "options": {"jwks_url": "nonsense"}}, "options.jwks_url"),
        ({"provider": "jwt", "options": {"jwks_url": "http://169.254.169.254/"}}, "options.jwks_url"),
        (
            {"provider": "hmac", "secrets": ["zz"], "options": {"header": "X-S", "secret_encoding": "hex"}},
            "secrets",
        ),
        ({"provider": "github", "secrets": [SECRET], "forward_url": "nonsense"}, "forward_url"),
    ],
)
async def test_a_source_that_could_verify_or_forward_nothing_is_refused(
    api: CallbacksApi, source: dict[str, Any], field: str
) -> None:
    problem = await api.refused(422, "POST", "/sources", json={"name": "Code", **source})

    assert problem["field"] == field
    assert problem["remedy"]


@pytest.mark.parametrize(
    ("options", "field", "detail", "remedy"),
    [
        (
            {"timestamp_item": "t=", "tolerance_s": "0"},
            "options.tolerance_s",
            "HMAC, tolerance_s: It must be a whole number of seconds from 1 to 86,400.",
            "Give a number such as 300, or omit it.",
        ),
        (
            {"colour_of": "light"},
            "options.colour_of",
            "HMAC, colour_of: There is no option of this name.",
            "GET /api/v1/providers describes the fields; see also https://www.rfc-editor.org/rfc/rfc2104.",
        ),
        (
            {"timestamp_item": "t=", "timestamp_header": "X-Time"},
            "options.timestamp_item",
            "HMAC, timestamp_item: The time is either in a header of its own or in that of the signature.",
            "Omit timestamp_header or timestamp_item.",
        ),
    ],
)
async def test_a_wrong_option_is_named_with_a_remedy(
    api: CallbacksApi, options: dict[str, str], field: str, detail: str, remedy: str
) -> None:
    options = {"header": "X-Signature", "signed_content": "{timestamp}.{body}", **options}
    body = {"provider": "hmac", "name": "Code", "secrets": [SECRET], "options": options}

    problem = await api.refused(422, "POST", "/sources", json=body)

    assert (problem["field"], problem["detail"], problem["remedy"]) == (field, detail, remedy)


async def test_every_provider_is_listed_with_what_a_source_needs(api: CallbacksApi) -> None:
    providers = (await api.get("/providers"))["items"]

    (github,) = [provider for provider in providers if provider["name"] == "github"]
    assert github["docs_url"].startswith("https://docs.github.com/")
    assert any(field["name"] == "secrets" and field["is_required"] for field in github["fields"])
    assert any("{ingest_url}" in step for step in github["setup_steps"])
