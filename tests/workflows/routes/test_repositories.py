"""Repositories over HTTP: names, owners, what is refused."""

from datetime import UTC, datetime

import pytest

from http_api import Api
from in_process import MakeApi
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.model.repositories import REPOSITORY_PREFIX
from ninefold.systems.workflows.store.pushes import ref_put
from workflow_repositories import create_repository


async def test_a_repository_has_the_owner_of_its_organisation_and_an_address(make_api: MakeApi) -> None:
    api = await make_api("Kestrel Outdoor GmbH")

    created = await create_repository(api, "storefront")

    assert created["full_name"] == "kestrel-outdoor-gmbh/storefront"
    assert created["clone_url"].endswith("/git/kestrel-outdoor-gmbh/storefront.git")
    assert (created["default_branch"], created["pushed_at"]) == ("main", None)


async def test_two_organisations_of_one_name_have_different_owners(make_api: MakeApi) -> None:
    first, second = await make_api("acme"), await make_api("ACME")

    names = [(await create_repository(api))["full_name"] for api in (first, second)]

    assert names == ["acme/storefront", "acme-2/storefront"]


async def test_an_owner_is_changed_once_and_not_to_that_of_another(make_api: MakeApi) -> None:
    first, second = await make_api("one"), await make_api("two")
    created = await create_repository(first)
    await create_repository(second)

    changed = await first.done("PATCH", "/workflows/owner", json={"slug": "kestrel"})
    taken = await second.refused(409, "PATCH", "/workflows/owner", json={"slug": "kestrel"})
    bad = await second.refused(422, "PATCH", "/workflows/owner", json={"slug": "-kestrel"})
    shown = await first.get(f"/workflows/repositories/{created['repository_id']}")

    assert changed == {"slug": "kestrel"}
    assert shown["full_name"] == "kestrel/storefront"
    assert (taken["code"], bad["code"]) == ("owner_taken", "invalid_owner")


async def test_an_owner_is_no_path_that_jobs_ask_the_server_for(make_api: MakeApi) -> None:
    api = await make_api("git")
    created = await create_repository(api)
    assert created["full_name"] == "git-2/storefront"
    for slug in ("git", "twirp", "workflows"):
        problem = await api.refused(422, "PATCH", "/workflows/owner", json={"slug": slug})
        assert (problem["code"], problem["field"]) == ("invalid_owner", "slug")


@pytest.mark.parametrize("name", ["..", "a b", "a/b", "x.git", "naïve", "a\n"])
async def test_a_bad_name_is_refused(api: Api, name: str) -> None:
    problem = await api.refused(422, "POST", "/workflows/repositories", json={"name": name})

    assert (problem["code"], problem["field"]) == ("invalid_repository", "name")


@pytest.mark.parametrize("branch", ["-x", "a..b", "a b", "x.lock", "refs/heads/main", "a~1", "@", "a/.b", "a//b", "a/"])
async def test_a_bad_branch_is_refused(api: Api, branch: str) -> None:
    problem = await api.refused(422, "POST", "/workflows/repositories", json={"name": "site", "default_branch": branch})

    assert (problem["code"], problem["field"]) == ("invalid_repository", "default_branch")


async def test_a_name_is_taken_in_any_case_and_free_after_a_deletion(api: Api) -> None:
    created = await create_repository(api, "Site")
    taken = await api.refused(409, "POST", "/workflows/repositories", json={"name": "site"})

    deleted = await api.request("DELETE", f"/workflows/repositories/{created['repository_id']}")
    gone = await api.refused(404, "GET", f"/workflows/repositories/{created['repository_id']}")
    again = await create_repository(api, "site")

    assert deleted.status_code == 204
    assert (taken["code"], gone["code"]) == ("repository_name_taken", "repository_not_found")
    assert again["repository_id"] != created["repository_id"]


async def test_a_repository_is_renamed_and_found_by_its_name(api: Api) -> None:
    created = await create_repository(api, "old")
    await create_repository(api, "other")

    await api.done("PATCH", f"/workflows/repositories/{created['repository_id']}", json={"name": "new"})
    taken = await api.refused(
        409, "PATCH", f"/workflows/repositories/{created['repository_id']}", json={"name": "OTHER"}
    )
    found = [
        [each["name"] for each in (await api.get(f"/workflows/repositories?name={name}"))["items"]]
        for name in ("new", "acme/NEW", "old", "globex/new")
    ]

    assert taken["code"] == "repository_name_taken"
    assert found == [["new"], ["new"], [], []]


async def test_the_default_branch_is_one_that_was_pushed(api: Api, database: Database) -> None:
    repository_id = (await create_repository(api))["repository_id"]
    path = f"/workflows/repositories/{repository_id}"

    before = await api.done("PATCH", path, json={"default_branch": "later"})
    async with database.transaction() as connection:
        await ref_put(
            connection,
            repository_id=parse_id(REPOSITORY_PREFIX, repository_id),
            refs={"refs/heads/main": "1" * 40, "refs/heads/next": "1" * 40, "refs/tags/v1": "1" * 40},
            updated_at=datetime(2026, 11, 27, tzinfo=UTC),
        )
    absent = await api.refused(422, "PATCH", path, json={"default_branch": "v1"})
    after = await api.done("PATCH", path, json={"default_branch": "next"})

    assert (before["default_branch"], after["default_branch"]) == ("later", "next")
    assert (absent["code"], absent["field"]) == ("invalid_repository", "default_branch")
    assert "The repository has no branch 'v1'." in absent["detail"]
    assert "main, next" in absent["remedy"]


async def test_names_stay_while_runs_go_on_that_fetch_by_them(make_api: MakeApi, database: Database) -> None:
    api = await make_api("kestrel")
    repository_id = (await create_repository(api))["repository_id"]
    other_id = (await create_repository(api, "other"))["repository_id"]
    query = """
        INSERT INTO workflows.run (run_id, organisation_id, repository_id, workflow_file, workflow_name, title, number,
            event, ref, head_sha, actor, status, created_at, started_at)
        SELECT $1, organisation_id, repository_id, 'ci.yml', 'ci', 'ci', 1, 'push', 'refs/heads/main', repeat('1', 40),
            'mia', 'running', created_at, created_at
        FROM workflows.repository WHERE repository_id = $1
    """
    async with database.connection() as connection:
        await connection.execute(query, parse_id(REPOSITORY_PREFIX, repository_id))

    owner = await api.refused(409, "PATCH", "/workflows/owner", json={"slug": "harrier"})
    name = await api.refused(409, "PATCH", f"/workflows/repositories/{repository_id}", json={"name": "shop"})
    same = await api.done("PATCH", f"/workflows/repositories/{repository_id}", json={"name": "storefront"})
    other = await api.done("PATCH", f"/workflows/repositories/{other_id}", json={"name": "shop"})
    async with database.connection() as connection:
        await connection.execute("UPDATE workflows.run SET status = 'skipped', ended_at = created_at")
    changed = await api.done("PATCH", "/workflows/owner", json={"slug": "harrier"})

    assert (owner["code"], name["code"]) == ("runs_unfinished", "runs_unfinished")
    assert "cancel them" in owner["remedy"]
    assert (same["name"], other["name"], changed["slug"]) == ("storefront", "shop", "harrier")


async def test_what_is_at_github_is_set_together_and_removed_together(api: Api) -> None:
    path = f"/workflows/repositories/{(await create_repository(api))['repository_id']}"

    half = await api.refused(422, "PATCH", path, json={"github_full_name": "octo/site"})
    whole = await api.done(
        "PATCH", path, json={"github_full_name": "octo/site", "github_clone_url": "https://example.com/site.git"}
    )
    removed = await api.done("PATCH", path, json={"github_full_name": ""})

    assert half["field"] == "github_clone_url"
    assert whole["github_full_name"] == "octo/site"
    assert (removed["github_full_name"], removed["github_clone_url"]) == (None, None)
