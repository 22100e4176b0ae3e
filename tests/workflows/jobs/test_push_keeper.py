"""A push that a killed server has left is recorded once, however far it had come."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from git_http_servers import commit_files, git, make_repository
from http_api import Api
from ninefold.core.clock import SystemClock
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.jobs.push_keeper import PushKeeper
from ninefold.systems.workflows.model.repositories import NO_SHA, Repository
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders, read_refs
from ninefold.systems.workflows.service.hosting.locks import push_lock
from ninefold.systems.workflows.service.pushes import begin_push
from ninefold.systems.workflows.store.repositories import repository_find
from workflow_repositories import create_repository


class Keeper(PushKeeper):
    """A keeper without a worker."""

    def __init__(self, database: Database, folders: RepositoryFolders) -> None:
        self._database = database
        self._clock = SystemClock()
        self._folders = folders
        self.notified = 0
        self._notifier = self  # type: ignore[assignment]  # it counts.

    def notify(self, _: str) -> None:
        self.notified += 1


@pytest.fixture
def folders(tmp_path: Path) -> RepositoryFolders:
    return RepositoryFolders(tmp_path / "repositories")


@pytest.fixture
async def repository(api: Api, database: Database) -> Repository:
    created = await create_repository(api)
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT organisation_id, repository_id FROM workflows.repository")
        assert row is not None
        organisation_id, repository_id = row["organisation_id"], row["repository_id"]
        found = await repository_find(connection, organisation_id=organisation_id, repository_id=repository_id)
    assert found is not None
    assert found.full_name == created["full_name"]
    return found


async def begin(database: Database, repository: Repository, folder: Path) -> None:
    async with database.transaction() as connection:
        await begin_push(
            connection,
            repository,
            refs=await read_refs(folder),
            pushed_by="somebody",
            at=datetime(2026, 1, 1, tzinfo=UTC),
        )


async def pushes(database: Database) -> list[tuple[str, str, str | None]]:
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT state, pushed_by, updates->0->>'after' AS after FROM workflows.push ORDER BY push_id"
        )
    return [tuple(row) for row in rows]


async def test_a_push_that_moved_refs_before_the_kill_is_recorded_once(
    database: Database, repository: Repository, folders: RepositoryFolders, tmp_path: Path
) -> None:
    folder = await folders.open(repository)
    sha = make_repository(tmp_path / "work", {"a": "1"})
    keeper = Keeper(database, folders)
    await begin(database, repository, folder)
    git(tmp_path / "work", "push", "-q", str(folder), "main")

    await keeper._finish_all()
    await keeper._finish_all()

    assert await pushes(database) == [("accepted", "somebody", sha)]
    assert keeper.notified == 1


async def test_a_push_that_moved_nothing_before_the_kill_is_forgotten(
    database: Database, repository: Repository, folders: RepositoryFolders
) -> None:
    folder = await folders.open(repository)
    await begin(database, repository, folder)

    await Keeper(database, folders)._finish_all()

    assert await pushes(database) == []


async def test_a_push_that_goes_on_is_left_alone(
    database: Database, repository: Repository, folders: RepositoryFolders, tmp_path: Path
) -> None:
    folder = await folders.open(repository)
    make_repository(tmp_path / "work", {"a": "1"})
    async with push_lock(folder):
        await begin(database, repository, folder)
        git(tmp_path / "work", "push", "-q", str(folder), "main")

        await Keeper(database, folders)._finish_all()

        assert await pushes(database) == [("receiving", "somebody", None)]


async def test_the_next_push_finishes_the_one_before(
    database: Database, repository: Repository, folders: RepositoryFolders, tmp_path: Path
) -> None:
    folder = await folders.open(repository)
    work = tmp_path / "work"
    first = make_repository(work, {"a": "1"})
    await begin(database, repository, folder)
    git(work, "push", "-q", str(folder), "main")
    await begin(database, repository, folder)
    second = commit_files(work, {"a": "2"})
    git(work, "push", "-q", str(folder), "main")

    await Keeper(database, folders)._finish_all()

    assert await pushes(database) == [("accepted", "somebody", first), ("accepted", "somebody", second)]
    assert NO_SHA not in {first, second}
