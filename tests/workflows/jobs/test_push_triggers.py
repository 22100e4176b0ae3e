"""What is pushed starts runs of the workflows at its commit, once."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from git_http_servers import commit_files, git, make_repository
from ninefold.core.clock import SystemClock
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.errors import GitFailedError
from ninefold.systems.workflows.jobs import push_triggers
from ninefold.systems.workflows.jobs.push_triggers import PushTriggers
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders, read_refs
from ninefold.systems.workflows.service.pushes import begin_push, record_refs
from workflow_runs import RunWorld

CI = ".github/workflows/ci.yml"
WORKFLOW = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make test\n"
FILTERED = WORKFLOW.replace("on: push", "on:\n  push:\n    paths: ['src/**']\n    branches: [main]")


class Triggers(PushTriggers):
    """Without a worker."""

    def __init__(self, database: Database, folders: RepositoryFolders) -> None:
        self._database = database
        self._clock = SystemClock()
        self._server_url = "http://ninefold.test"
        self._folders = folders
        self._held_back = {}
        self._notifier = self  # type: ignore[assignment]  # it tells nobody.

    def notify(self, *_: str) -> None:
        return


class Host:
    """A repository that is pushed to without a server."""

    def __init__(self, database: Database, world: RunWorld, tmp_path: Path) -> None:
        self.database = database
        self.repository = world.repository
        self.folders = RepositoryFolders(tmp_path / "repositories")
        self.work = tmp_path / "work"
        self.triggers = Triggers(database, self.folders)
        self.clock = SystemClock()

    async def push(self, *refs: str) -> None:
        folder = await self.folders.open(self.repository)
        async with self.database.transaction() as connection:
            await begin_push(
                connection, self.repository, refs=await read_refs(folder), pushed_by="mia", at=self.clock.now()
            )
        git(self.work, "push", "-q", "--force", str(folder), *refs)
        async with self.database.transaction() as connection:
            await record_refs(
                connection, self.repository.repository_id, refs=await read_refs(folder), at=self.clock.now()
            )

    async def runs(self) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT run.ref, run.head_sha, run.workflow_file, run.actor FROM workflows.run ORDER BY run_id"
            )
        return [dict(row) for row in rows]

    async def payloads(self) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            rows = await connection.fetch("SELECT * FROM workflows.run_source ORDER BY run_id")
        found = []
        for row in rows:
            content = next(value for value in row.values() if isinstance(value, bytes))
            found.append(msgspec.msgpack.decode(content)["event"]["payload"])
        return found

    async def states(self) -> list[str]:
        async with self.database.connection() as connection:
            rows = await connection.fetch("SELECT state FROM workflows.push ORDER BY push_id")
        return [row["state"] for row in rows]


@pytest.fixture
async def host(database: Database, tmp_path: Path) -> Host:
    return Host(database, await RunWorld(database).create(), tmp_path)


async def test_a_push_starts_the_workflows_of_its_commit_once(host: Host) -> None:
    sha = make_repository(host.work, {CI: WORKFLOW})
    await host.push("main")

    taken = [await host.triggers.claim(), await host.triggers.claim()]

    assert taken == [True, False]
    assert await host.runs() == [{"ref": "refs/heads/main", "head_sha": sha, "workflow_file": CI, "actor": "mia"}]
    assert await host.states() == ["triggered"]


async def test_the_payload_is_that_of_github(host: Host) -> None:
    first = make_repository(host.work, {CI: WORKFLOW})
    await host.push("main")
    commit_files(host.work, {"a": "1"})
    third = commit_files(host.work, {"a": "2"})
    await host.push("main")
    git(host.work, "reset", "-q", "--hard", first)
    fourth = commit_files(host.work, {"b": "1"})
    await host.push("main")
    while await host.triggers.claim():
        pass

    created, moved, forced = await host.payloads()

    assert (created["created"], created["before"], created["after"]) == (True, "0" * 40, first)
    assert (moved["created"], moved["forced"], moved["before"], moved["after"]) == (False, False, first, third)
    assert [len(each["commits"]) for each in (created, moved, forced)] == [1, 2, 1]
    assert moved["commits"][-1]["id"] == moved["head_commit"]["id"] == third
    assert moved["head_commit"]["author"] == {"name": "Ada", "email": "ada@example.com"}
    assert (forced["forced"], forced["after"]) == (True, fourth)


async def test_filters_of_paths_and_branches_see_what_the_push_has_changed(host: Host) -> None:
    make_repository(host.work, {CI: FILTERED})
    await host.push("main")
    commit_files(host.work, {"docs/a.md": "1"})
    await host.push("main")
    wanted = commit_files(host.work, {"src/a.py": "1"})
    await host.push("main", "main:other")
    while await host.triggers.claim():
        pass

    # The first commit of a branch has nothing before it, so its paths count as met.
    assert [run["head_sha"] for run in await host.runs()][1:] == [wanted]
    assert {run["ref"] for run in await host.runs()} == {"refs/heads/main"}


async def test_a_tag_starts_a_run_of_its_commit_and_four_tags_start_none(host: Host) -> None:
    sha = make_repository(host.work, {CI: WORKFLOW})
    git(host.work, "tag", "-a", "-m", "first", "v1")
    await host.push("v1")
    await host.push(*[f"main:refs/tags/t{number}" for number in range(4)])
    while await host.triggers.claim():
        pass

    assert [(run["ref"], run["head_sha"]) for run in await host.runs()] == [("refs/tags/v1", sha)]


async def test_a_deleted_branch_starts_nothing(host: Host) -> None:
    make_repository(host.work, {CI: WORKFLOW})
    await host.push("main:other")
    await host.push(":other")
    while await host.triggers.claim():
        pass

    assert len(await host.runs()) == 1


async def test_a_push_that_cant_start_anything_now_is_tried_again_in_its_order(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(host.work, {CI: WORKFLOW})
    await host.push("main")

    async def fail(*_: object, **__: object) -> None:
        raise GitFailedError("no")

    with monkeypatch.context() as patch:
        patch.setattr(push_triggers, "start_runs", fail)
        await host.triggers.claim()
    commit_files(host.work, {"a": "1"})
    await host.push("main")
    held_back = await host.triggers.claim()
    host.triggers._held_back.clear()
    while await host.triggers.claim():
        pass

    assert held_back is False
    assert len(await host.runs()) == 2
