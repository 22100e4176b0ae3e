"""A server is killed in the middle of pushes: what git has moved is recorded once, and starts its workflows once.

`make chaos SYSTEM=workflows` has the long form, which also kills the worker and the runner, and lets jobs run.
"""

import asyncio
from pathlib import Path

import httpx

from git_http_servers import commit_files, git, make_repository
from http_api import Api
from in_process import StartWorker, create_key
from killable_servers import KillableServer
from ninefold.core.postgres.database import Database
from workflow_repositories import clone_url, create_repository, git_client, git_done

WITHIN_S = 60.0
KILLS = 2
WORKFLOW = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"


async def test_each_update_is_recorded_once_and_starts_one_run_whenever_the_server_is_killed(
    database: Database, database_url: str, tmp_path: Path, start_worker: StartWorker
) -> None:
    settings = {"NINEFOLD_WORKFLOWS_REPOSITORIES": str(tmp_path / "hosted")}
    server = KillableServer(database_url, tmp_path / "log.ndjson", settings)
    work = tmp_path / "work"
    make_repository(work, {".github/workflows/ci.yml": WORKFLOW})
    pushed = []
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http, start_worker(settings):
        await server.wait_until_ready()
        api = Api(http, await create_key(database, organisation="acme"))
        url = clone_url(server.url, (await create_repository(api))["full_name"], api.api_key)
        for number in range(KILLS):
            pushed.append(commit_files(work, {"a": str(number)}))
            pushing = asyncio.create_task(git_client(work, "push", url, "main"))
            await _until(database, "SELECT count(*) = 1 FROM workflows.push WHERE state = 'receiving'")
            # A little later each time, so that git has come further.
            await asyncio.sleep(0.02 * number)
            server.kill()
            await pushing
            await _until(database, "SELECT count(*) = 0 FROM workflows.push WHERE state <> 'triggered'")
            if number + 1 < KILLS:
                server.start()
                await server.wait_until_ready()
                await git_done(work, "push", url, "main")
        await _until(database, "SELECT count(*) = 0 FROM workflows.push WHERE state <> 'triggered'")
    server.close()
    (hosted,) = (tmp_path / "hosted").glob("*/*.git")
    # Nobody has pushed again after the last kill: what counts is what git had moved by then.
    head = git(hosted, "rev-parse", "refs/heads/main")
    pushed = pushed[: pushed.index(head) + 1]

    async with database.connection() as connection:
        moved = await connection.fetch(
            "SELECT update->>'after' AS after FROM workflows.push, jsonb_array_elements(updates) AS update "
            "ORDER BY push_id"
        )
        runs = await connection.fetch("SELECT head_sha FROM workflows.run ORDER BY run_id")
        recorded = await connection.fetchval("SELECT sha FROM workflows.ref")
    assert len(pushed) >= KILLS - 1
    assert [row["after"] for row in moved] == pushed
    assert [row["head_sha"] for row in runs] == pushed
    assert recorded == head


async def _until(database: Database, condition: str) -> None:
    async with asyncio.timeout(WITHIN_S), database.connection() as connection:
        while not await connection.fetchval(condition):
            await asyncio.sleep(0.005)
