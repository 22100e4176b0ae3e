"""What others have isn't there: each operation of git and of the results services, with a foreign credential."""

from collections.abc import Mapping

import httpx
import pytest

from http_api import Api
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.model.runs import RUN_PREFIX
from ninefold.systems.workflows.service.tokens import new_job_token
from workflow_repositories import create_repository
from workflow_runs import RunWorld

WORKFLOW = "on: push\njobs:\n  build: {runs-on: ubuntu-latest, steps: [{run: make}]}\n"
UPLOAD = {"content-type": "application/x-git-upload-pack-request"}
RECEIVE = {"content-type": "application/x-git-receive-pack-request"}
GIT = [
    ("GET", "info/refs?service=git-upload-pack", {}),
    ("GET", "info/refs?service=git-receive-pack", {}),
    ("POST", "git-upload-pack", UPLOAD),
    ("POST", "git-receive-pack", RECEIVE),
]
ARTIFACTS = ["CreateArtifact", "FinalizeArtifact", "ListArtifacts", "GetSignedArtifactURL", "DeleteArtifact"]
CACHES = ["CreateCacheEntry", "FinalizeCacheEntryUpload", "GetCacheEntryDownloadURL"]


async def job_of(database: Database, *, is_from_fork: bool = False) -> tuple[RunWorld, str, str]:
    """Let a job of a new organisation run; return its organisation's world, its run and its token."""
    world = await RunWorld(database).create()
    run_id = await world.start(WORKFLOW, is_from_fork=is_from_fork)
    job = await world.begin(run_id, "build")
    async with database.transaction() as connection:
        token = await new_job_token(connection, job.job_id, at=world.now)
    return world, format_id(RUN_PREFIX, run_id), token


@pytest.mark.parametrize(("method", "rest", "headers"), GIT)
async def test_git_finds_no_repository_of_another_organisation(
    *, api: Api, other_api: Api, database: Database, method: str, rest: str, headers: Mapping[str, str]
) -> None:
    repository = await create_repository(api)
    _, _, token = await job_of(database)
    path = f"/git/{repository['full_name']}.git/{rest}"
    is_push = "receive" in rest

    answers = [
        (await api.http.request(method, path, headers=headers, content=b"0000", auth=("x", password))).status_code
        for password in (other_api.api_key, token)
    ]

    # A job can't push anywhere, and learns nothing by trying.
    assert answers == [404, 403 if is_push else 404]


@pytest.mark.parametrize("is_from_fork", [False, True])
async def test_a_job_fetches_from_its_organisation_and_one_of_a_fork_only_from_its_own_repository(
    http: httpx.AsyncClient, database: Database, *, is_from_fork: bool
) -> None:
    world, _, token = await job_of(database, is_from_fork=is_from_fork)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO workflows.repository (repository_id, organisation_id, name, default_branch, created_at, "
            "updated_at) SELECT gen_random_uuid(), organisation_id, 'other', 'main', now(), now() "
            "FROM workflows.owner"
        )

    found = [
        (
            await http.get(
                f"/git/{world.repository.owner}/{name}.git/info/refs?service=git-upload-pack", auth=("x", token)
            )
        ).status_code
        for name in (world.repository.name, "other")
    ]

    assert found == [200, 404 if is_from_fork else 200]


@pytest.mark.parametrize("method", ARTIFACTS)
async def test_the_artifacts_of_another_run_are_refused(
    http: httpx.AsyncClient, database: Database, method: str
) -> None:
    _, run, _ = await job_of(database)
    _, own_run, token = await job_of(database)
    service = "/twirp/github.actions.results.api.v1.ArtifactService"
    headers = {"authorization": f"Bearer {token}"}

    answers = [
        await http.post(
            f"{service}/{method}",
            json={"workflow_run_backend_id": each, "workflow_job_run_backend_id": "x", "name": "report", "size": "1"},
            headers=headers,
        )
        for each in (run, own_run)
    ]

    assert (answers[0].status_code, answers[0].json()["code"]) == (403, "permission_denied")
    assert answers[1].status_code == (200 if method in {"CreateArtifact", "ListArtifacts"} else 404)


@pytest.mark.parametrize("method", [*ARTIFACTS, *CACHES])
async def test_other_credentials_are_no_tokens_of_jobs(api: Api, method: str) -> None:
    service = "ArtifactService" if method in ARTIFACTS else "CacheService"
    path = f"/twirp/github.actions.results.api.v1.{service}/{method}"

    answers = [
        (await api.http.post(path, json={}, headers={"authorization": header})).json()["code"]
        for header in (f"Bearer {api.api_key}", "Bearer eyJh.eyJz.forged", "Basic eDp4")
    ]

    assert answers == ["unauthenticated"] * 3


@pytest.mark.parametrize(("mode", "method"), [("r", "PUT"), ("w", "GET")])
async def test_an_address_is_only_for_what_it_was_signed_for(
    http: httpx.AsyncClient, database: Database, mode: str, method: str
) -> None:
    _, run, token = await job_of(database)
    created = await http.post(
        "/twirp/github.actions.results.api.v1.ArtifactService/CreateArtifact",
        json={"workflow_run_backend_id": run, "name": "report"},
        headers={"authorization": f"Bearer {token}"},
    )
    url = created.json()["signed_upload_url"]

    answers = [
        (await http.request(method, changed, content=b"x" if method == "PUT" else None)).status_code
        for changed in (url.replace("sp=w", f"sp={mode}"), url[:-3] + "abc", url.partition("?")[0])
    ]

    assert answers == [403, 403, 403]
