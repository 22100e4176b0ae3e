"""The unmodified clients of GitHub's toolkit against a server: artifacts version 4, caches version 2."""

import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from installations import serving
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.service.tokens import new_job_token
from official_clients import OfficialClients, official_clients
from shared_postgres import SharedPostgres
from workflow_runs import RunWorld

WORKFLOW = """
on: push
jobs:
  build: {runs-on: ubuntu-latest, steps: [{run: make}]}
  test: {runs-on: ubuntu-latest, steps: [{run: make test}]}
"""


@pytest.fixture(scope="module")
def served(postgres: SharedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("results")
    with postgres.temporary_database(template=template_database) as name:
        dsn = postgres.dsn(database=name)
        settings = {"NINEFOLD_DATA_DIR": str(folder), "NINEFOLD_WORKFLOWS_CACHE_BYTES_MAX": "300000"}
        with serving(dsn, log=folder / "log.ndjson", settings=settings) as url:
            yield f"{url} {dsn}"


class Host:
    """A server, jobs that run, and their clients."""

    def __init__(self, url: str, database: Database, world: RunWorld, clients: OfficialClients) -> None:
        self.url = url
        self.database = database
        self.world = world
        self.clients = clients

    async def call(self, token: str, folder: Path, what: str, /, **given: Any) -> dict[str, Any]:
        return await self.clients.call(self.url, token, folder, what, **given)

    async def run(self, ref: str = "refs/heads/main") -> "Jobs":
        return Jobs(self, await self.world.start(WORKFLOW, ref=ref))


class Jobs:
    """The jobs of a run."""

    def __init__(self, host: Host, run_id: object) -> None:
        self.host = host
        self.run_id = run_id

    async def token(self, key: str) -> str:
        job = await self.host.world.begin(self.run_id, key)  # type: ignore[arg-type]  # a UUID.
        async with self.host.database.transaction() as connection:
            return await new_job_token(connection, job.job_id, at=self.host.world.now)

    async def end(self, key: str) -> None:
        await self.host.world.finish(self.run_id, key)  # type: ignore[arg-type]  # a UUID.


@pytest.fixture(scope="module")
async def clients() -> AsyncIterator[OfficialClients]:
    async with official_clients() as started:
        yield started


@pytest.fixture
async def host(served: str, clients: OfficialClients) -> AsyncIterator[Host]:
    url, dsn = served.split(" ")
    database = await Database.connect(dsn, application_name="ninefold-test", connections_max=3)
    yield Host(url, database, await RunWorld(database).create(), clients)
    await database.close()


async def test_an_artifact_of_one_job_is_listed_and_downloaded_by_another(host: Host, tmp_path: Path) -> None:
    jobs = await host.run()
    (tmp_path / "out").mkdir()
    # More than one block of the client.
    content = os.urandom(9 * 1024 * 1024)
    (tmp_path / "out" / "a.bin").write_bytes(content)
    (tmp_path / "out" / "b.txt").write_text("hello")
    files = {"name": "report", "folder": str(tmp_path / "out"), "files": ["a.bin", "b.txt"], "retentionDays": 5}

    build = await jobs.token("build")
    uploaded = await host.call(build, tmp_path, "upload", **files)
    again = await host.call(build, tmp_path, "upload", **files)
    await jobs.end("build")
    test = await jobs.token("test")
    listed = await host.call(test, tmp_path, "list")
    downloaded = await host.call(test, tmp_path, "download", name="report", folder=str(tmp_path / "in"))
    removed = await host.call(test, tmp_path, "remove", name="report")
    gone = await host.call(test, tmp_path, "list")

    assert uploaded.get("result"), uploaded
    assert "already exists" in again["error"] or "exists in this run" in again["error"], again
    (only,) = listed["result"]["artifacts"]
    assert (only["name"], only["size"], only["id"]) == ("report", uploaded["result"]["size"], uploaded["result"]["id"])
    assert only["digest"] == f"sha256:{uploaded['result']['digest']}"
    assert downloaded["result"]["digestMismatch"] is False, downloaded
    assert hashlib.sha256((tmp_path / "in" / "a.bin").read_bytes()).digest() == hashlib.sha256(content).digest()
    assert (tmp_path / "in" / "b.txt").read_text() == "hello"
    assert removed["result"]["id"] == only["id"]
    assert gone["result"]["artifacts"] == []


@pytest.mark.parametrize(
    ("announced", "expected"),
    [
        # Version 4 of the action says `zip` for the contents, which is no media type.
        ({"version": 4}, "application/zip"),
        ({"version": 7, "mime_type": "application/zip"}, "application/zip"),
        ({"version": 7, "mime_type": "text/html"}, "text/html"),
        ({"version": 7, "mime_type": "text/html\r\nx: y"}, "application/octet-stream"),
        ({"version": 7}, "application/octet-stream"),
    ],
)
async def test_contents_have_the_media_type_of_their_artifact(
    host: Host, announced: dict[str, object], expected: str
) -> None:
    token = await (await host.run()).token("build")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    run_id = claims["scp"].split(":")[1]
    async with httpx.AsyncClient(trust_env=False, headers={"authorization": f"Bearer {token}"}) as http:

        async def call(method: str, **fields: object) -> dict[str, str]:
            url = f"{host.url}/twirp/github.actions.results.api.v1.ArtifactService/{method}"
            response = await http.post(url, json={"workflow_run_backend_id": run_id, "name": "report", **fields})
            assert response.is_success, response.text
            answer: dict[str, str] = response.json()
            return answer

        created = await call("CreateArtifact", **announced)
        headers = {"x-ms-blob-content-type": "zip", "x-ms-blob-type": "BlockBlob"}
        put = await http.put(created["signed_upload_url"], content=b"content", headers=headers)
        await call("FinalizeArtifact", size="7")
        signed = await call("GetSignedArtifactURL")
        got = await http.get(signed["signed_url"])

    assert (put.status_code, got.content) == (201, b"content")
    assert got.headers["content-type"].partition(";")[0] == expected
    assert got.headers["content-disposition"].endswith("report.zip" if expected == "application/zip" else "report")


async def test_a_cache_is_saved_once_and_restored_by_its_key_or_the_beginning_of_it(host: Host, tmp_path: Path) -> None:
    jobs = await host.run()
    folder = tmp_path / "deps"
    folder.mkdir()
    (folder / "lib").write_text("content")
    token = await jobs.token("build")
    paths = ["deps"]

    saved = await host.call(token, tmp_path, "save", paths=paths, key="npm-1")
    again = await host.call(token, tmp_path, "save", paths=paths, key="npm-1")
    restored = await host.call(token, tmp_path, "restore", paths=paths, key="npm-1")
    content = (folder / "lib").read_text()
    by_prefix = await host.call(token, tmp_path, "restore", paths=paths, key="npm-2", restoreKeys=["pip-", "npm-"])
    missed = await host.call(token, tmp_path, "restore", paths=paths, key="pip-1")

    assert saved["result"]["id"] > 0, saved
    assert again["result"]["id"] == -1
    assert (restored["result"]["key"], content) == ("npm-1", "content"), restored
    assert by_prefix["result"]["key"] == "npm-1"
    assert missed["result"]["key"] is None


async def test_a_branch_finds_the_caches_of_the_default_branch_and_not_those_of_others(
    host: Host, tmp_path: Path
) -> None:
    (tmp_path / "deps").write_text("content")
    for ref in ("refs/heads/main", "refs/heads/other"):
        token = await (await host.run(ref)).token("build")
        name = ref.rpartition("/")[2]
        saved = await host.call(token, tmp_path, "save", paths=["deps"], key=f"k-{name}")
        assert saved["result"]["id"] > 0

    token = await (await host.run("refs/heads/feature")).token("build")
    of_main = await host.call(token, tmp_path, "restore", paths=["deps"], key="k-main")
    of_other = await host.call(token, tmp_path, "restore", paths=["deps"], key="k-other")

    assert (of_main["result"]["key"], of_other["result"]["key"]) == ("k-main", None)


async def test_the_least_recently_used_cache_gives_way(host: Host, tmp_path: Path) -> None:
    token = await (await host.run()).token("build")
    for number in range(3):
        (tmp_path / "deps").write_bytes(os.urandom(130_000))
        await host.call(token, tmp_path, "save", paths=["deps"], key=f"k-{number}")

    found = [
        (await host.call(token, tmp_path, "restore", paths=["deps"], key=f"k-{number}"))["result"]["key"]
        for number in range(3)
    ]

    assert found == [None, "k-1", "k-2"]


async def test_a_token_is_dead_when_its_job_has_ended(host: Host, tmp_path: Path) -> None:
    jobs = await host.run()
    token = await jobs.token("build")
    await jobs.end("build")

    listed = await host.call(token, tmp_path, "list")

    assert "401" in listed["error"]
