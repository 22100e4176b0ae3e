"""What was never played is deleted after its time, and what was played stays."""

import msgspec
import pytest

from chess_api import FOOLS_MATE, begin, create_player
from durable_jobs import Jobs
from http_api import Api
from in_process import StartWorker
from ninefold.core.jobs import JobState, enqueue
from ninefold.core.postgres.database import Database
from ninefold.systems.chess.jobs import retention
from ninefold.systems.chess.jobs.retention import DELETE_EXPIRED, Deleted, DeleteExpired


async def delete_expired(database: Database, start_worker: StartWorker) -> Deleted:
    """Run the job in a worker."""
    async with database.transaction() as connection:
        job_id = await enqueue(connection, DELETE_EXPIRED, DeleteExpired(), organisation_id=None)
    async with start_worker():
        job = await Jobs(database).wait(job_id, JobState.SUCCEEDED)
    assert job.result is not None
    return msgspec.json.decode(job.result, type=Deleted)


async def make_older(database: Database) -> None:
    """Let everything have happened eight days earlier."""
    async with database.transaction() as connection:
        for table, columns in {
            "game": ("created_at", "ended_at"),
            "challenge": ("created_at", "expires_at", "ended_at"),
            "seek": ("created_at", "expires_at"),
        }.items():
            earlier = ", ".join(f"{column} = {column} - interval '8 days'" for column in columns)
            await connection.execute(f"UPDATE chess.{table} SET {earlier}")


async def test_aborted_games_are_deleted_and_played_ones_stay(
    api: Api, database: Database, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    played, running = await begin(api), await begin(api, clock=None)
    await played.play(FOOLS_MATE)
    for _ in range(3):
        await (await begin(api)).act("white", "abort")
    await make_older(database)
    recent = await begin(api)
    await recent.act("white", "abort")

    assert await delete_expired(database, start_worker) == Deleted(games=3, challenges=0, seeks=0)

    left = {game["game_id"] for game in (await api.get("/chess/games"))["items"]}
    assert left == {played.game_id, running.game_id, recent.game_id}
    assert len(await played.events()) == len(FOOLS_MATE) + 2


async def test_old_challenges_and_seeks_are_deleted(api: Api, database: Database, start_worker: StartWorker) -> None:
    one, other = await create_player(api), await create_player(api)
    clock = {"limit_s": 180, "increment_s": 2}
    challenge = await api.done(
        "POST", "/chess/challenges", json={"player_id": one, "to_player_id": other, "clock": clock}
    )
    await api.done("POST", f"/chess/challenges/{challenge['challenge_id']}/decline", json={"player_id": other})
    await api.done("POST", "/chess/seeks", json={"player_id": one, "clock": clock})
    await make_older(database)

    assert await delete_expired(database, start_worker) == Deleted(games=0, challenges=1, seeks=1)
