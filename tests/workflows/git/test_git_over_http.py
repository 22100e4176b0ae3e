"""Unmodified git against a server: clones, pushes, and what is refused."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from git_http_servers import commit_files, commit_often, git, make_repository
from http_api import Api, Json
from in_process import create_key
from installations import serving
from ninefold.core.postgres.database import Database
from shared_postgres import SharedPostgres
from workflow_repositories import clone_url, create_repository, git_client, git_done


@pytest.fixture(scope="module")
def served(postgres: SharedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with its repositories in a folder of its own."""
    folder = tmp_path_factory.mktemp("repositories")
    with postgres.temporary_database(template=template_database) as name:
        dsn = postgres.dsn(database=name)
        settings = {"NINEFOLD_WORKFLOWS_REPOSITORIES": str(folder), "NINEFOLD_WORKFLOWS_PUSH_BYTES_MAX": "3000000"}
        with serving(dsn, log=folder / "log.ndjson", settings=settings) as url:
            yield f"{url} {dsn}"


class Host:
    """A server, and a client of its API."""

    def __init__(self, url: str, database: Database, http: httpx.AsyncClient) -> None:
        self.url = url
        self.database = database
        self.http = http

    async def organisation(self, name: str) -> Api:
        return Api(self.http, await create_key(self.database, organisation=name))

    async def pushes(self, repository: Json) -> list[Json]:
        query = """
            SELECT push.state, push.pushed_by, update.*
            FROM workflows.push AS push
            INNER JOIN workflows.repository AS repository USING (repository_id)
            INNER JOIN workflows.owner AS owner USING (organisation_id),
            LATERAL jsonb_to_recordset(push.updates) AS update (ref text, before text, after text)
            WHERE owner.slug || '/' || repository.name = $1
            ORDER BY push.push_id, update.ref
        """
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, repository["full_name"])]


@pytest.fixture
async def host(served: str) -> AsyncIterator[Host]:
    url, dsn = served.split(" ")
    database = await Database.connect(dsn, application_name="ninefold-test", connections_max=2)
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        yield Host(url, database, http)
    await database.close()


async def test_what_is_pushed_is_recorded_and_can_be_cloned(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("Kestrel Outdoor")
    repository = await create_repository(api)
    sha = make_repository(tmp_path / "work", {"README.md": "hello", "src/main.py": "print(1)"})
    url = clone_url(host.url, repository["full_name"], api.api_key)

    await git_done(tmp_path / "work", "push", url, "main", "HEAD:refs/tags/v1")
    await git_done(tmp_path, "clone", "-q", url, "copy")

    assert repository["full_name"] == "kestrel-outdoor/storefront"
    assert git(tmp_path / "copy", "rev-parse", "HEAD", "v1") == f"{sha}\n{sha}"
    moved = [(each["ref"], each["before"], each["after"]) for each in await host.pushes(repository)]
    assert moved == [("refs/heads/main", "0" * 40, sha), ("refs/tags/v1", "0" * 40, sha)]
    shown = await api.get(f"/workflows/repositories/{repository['repository_id']}")
    assert shown["pushed_at"] is not None


async def test_a_branch_that_git_cannot_check_out_is_refused(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("hyphens")
    repository = await create_repository(api)
    work = tmp_path / "work"
    make_repository(work, {"large": "".join(map(str, range(300_000)))})
    url = clone_url(host.url, repository["full_name"], api.api_key)

    refused = await git_client(work, "push", url, "main:refs/heads/main", "main:refs/heads/-bad")
    nothing = await host.pushes(repository)
    await git_done(work, "push", url, "main:refs/heads/main", "main:refs/heads/fine-", "main:refs/tags/-v1")

    assert refused.exit_code != 0
    assert "remote: A branch can't have the name '-bad', because git can't check it out." in refused.errors
    assert "HEAD:refs/heads/bad" in refused.errors
    assert nothing == []
    moved = [each["ref"] for each in await host.pushes(repository)]
    assert moved == ["refs/heads/fine-", "refs/heads/main", "refs/tags/-v1"]
    assert all(" " not in each["pushed_by"] for each in await host.pushes(repository))


async def test_a_second_push_a_forced_one_and_a_deletion_are_recorded_each_once(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("updates")
    repository = await create_repository(api)
    work = tmp_path / "work"
    url = clone_url(host.url, repository["full_name"], api.api_key)
    first = make_repository(work, {"a": "1"})
    await git_done(work, "push", url, "main", "main:other")
    second = commit_files(work, {"a": "2"})
    await git_done(work, "push", url, "main")
    git(work, "commit", "-q", "--amend", "-m", "again")
    third = git(work, "rev-parse", "HEAD")
    await git_done(work, "push", "--force", url, "main", ":other")

    moved = [(each["ref"], each["before"], each["after"]) for each in await host.pushes(repository)]

    assert moved == [
        ("refs/heads/main", "0" * 40, first),
        ("refs/heads/other", "0" * 40, first),
        ("refs/heads/main", first, second),
        ("refs/heads/main", second, third),
        ("refs/heads/other", first, "0" * 40),
    ]


async def test_a_commit_is_fetched_by_its_sha_and_without_history(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("fetches")
    repository = await create_repository(api)
    work = tmp_path / "work"
    url = clone_url(host.url, repository["full_name"], api.api_key)
    first = make_repository(work, {"a": "1"})
    commit_files(work, {"a": "2"})
    await git_done(work, "push", url, "main")
    make_repository(tmp_path / "other", {"b": "1"})

    for protocol in ("0", "1", "2"):
        await git_done(tmp_path / "other", "-c", f"protocol.version={protocol}", "fetch", "--depth=1", url, first)

        assert git(tmp_path / "other", "rev-parse", "FETCH_HEAD") == first


async def test_a_large_request_is_compressed_by_git_and_understood(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("compressed")
    repository = await create_repository(api)
    work = tmp_path / "work"
    url = clone_url(host.url, repository["full_name"], api.api_key)
    make_repository(work, {"a": "1"})
    await git_done(work, "push", url, "main")
    await git_done(tmp_path, "clone", "-q", url, "copy")
    commit_often(tmp_path / "copy", 60)
    commit_files(work, {"c": "1"})
    await git_done(work, "push", url, "main")

    await git_done(tmp_path / "copy", "fetch", "origin")

    assert git(tmp_path / "copy", "rev-parse", "origin/main") == git(work, "rev-parse", "HEAD")


async def test_the_branch_of_the_first_push_becomes_the_default_one(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("branches")
    repository = await create_repository(api)
    work = tmp_path / "work"
    make_repository(work, {"a": "1"}, branch="trunk")
    url = clone_url(host.url, repository["full_name"], api.api_key)
    await git_done(work, "push", url, "trunk")

    refused = await git_client(work, "push", url, ":trunk")
    await git_done(tmp_path, "clone", "-q", url, "copy")

    shown = await api.get(f"/workflows/repositories/{repository['repository_id']}")
    assert shown["default_branch"] == "trunk"
    assert refused.exit_code == 1
    assert "deletion of the current branch prohibited" in refused.errors
    assert git(tmp_path / "copy", "branch", "--show-current") == "trunk"


async def test_a_push_to_a_repository_that_isnt_there_says_how_to_create_it(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("absent")
    make_repository(tmp_path / "work", {"a": "1"})

    pushed = await git_client(tmp_path / "work", "push", clone_url(host.url, "absent/storefront", api.api_key), "main")

    assert pushed.exit_code == 128
    assert "ninefold workflows repositories create storefront" in pushed.errors


async def test_without_a_valid_password_git_is_asked_for_one(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("passwords")
    repository = await create_repository(api)
    plain = f"{host.url}/git/{repository['full_name']}.git"

    async with httpx.AsyncClient(trust_env=False) as http:
        anonymous = await http.get(f"{plain}/info/refs?service=git-upload-pack")
    wrong = await git_client(tmp_path, "ls-remote", clone_url(host.url, repository["full_name"], "nfk_wrong"))

    assert anonymous.status_code == 401
    assert anonymous.headers["www-authenticate"].startswith("Basic ")
    assert "Authentication failed" in wrong.errors


async def test_a_push_above_the_limit_is_refused_and_moves_nothing(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("large")
    repository = await create_repository(api)
    work = tmp_path / "work"
    make_repository(work, {"a": "1"})
    (work / "large").write_bytes(os.urandom(4_000_000))
    git(work, "add", "--all")
    git(work, "commit", "-q", "-m", "large")

    pushed = await git_client(work, "push", clone_url(host.url, repository["full_name"], api.api_key), "main")

    assert pushed.exit_code != 0
    assert await host.pushes(repository) == []


async def test_a_broken_object_is_refused(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("broken")
    repository = await create_repository(api)
    work = tmp_path / "work"
    make_repository(work, {"a": "1"})
    tree = git(work, "rev-parse", "HEAD^{tree}")
    (tmp_path / "commit").write_text(f"tree {tree}\nauthor bad\ncommitter bad\n\nbroken\n")
    sha = git(work, "hash-object", "-t", "commit", "-w", "--literally", str(tmp_path / "commit"))
    git(work, "update-ref", "refs/heads/bad", sha)

    pushed = await git_client(work, "push", clone_url(host.url, repository["full_name"], api.api_key), "bad")

    assert pushed.exit_code == 1
    assert await host.pushes(repository) == []


async def test_internal_refs_are_neither_seen_nor_moved(host: Host, tmp_path: Path) -> None:
    api = await host.organisation("internal")
    repository = await create_repository(api)
    work = tmp_path / "work"
    make_repository(work, {"a": "1"})
    url = clone_url(host.url, repository["full_name"], api.api_key)

    pushed = await git_client(work, "push", url, "main:refs/ninefold/x")

    assert pushed.exit_code == 1
    assert "hidden ref" in pushed.errors


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "info/refs", {}, 400),
        ("GET", "info/refs?service=git-upload-archive", {}, 400),
        ("POST", "info/refs?service=git-upload-pack", {}, 400),
        ("POST", "git-upload-pack", {"content-type": "text/plain"}, 400),
        ("GET", "HEAD", {}, 404),
        ("GET", "objects/info/alternates", {}, 404),
        ("GET", "../../etc/passwd", {}, 404),
        ("POST", "git-upload-pack", {"content-encoding": "br"}, 400),
    ],
)
async def test_other_requests_are_refused_with_what_to_do(
    host: Host, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    api = await host.organisation(f"bad-{abs(hash((method, path)))}")
    repository = await create_repository(api)
    sent = {"content-type": "application/x-git-upload-pack-request", **headers}
    async with httpx.AsyncClient(trust_env=False, auth=("x", api.api_key)) as http:
        answer = await http.request(
            method, f"{host.url}/git/{repository['full_name']}.git/{path}", headers=sent, content=b"0000"
        )

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
