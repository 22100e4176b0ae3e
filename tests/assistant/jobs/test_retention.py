import msgspec
import pytest

from assistant.assistant_api import CONVERSATIONS, AssistantApi
from assistant.workers import generating
from durable_jobs import Jobs
from in_process import StartWorker
from ninefold.core.ids import parse_id
from ninefold.core.jobs import JobState, enqueue
from ninefold.core.postgres.database import Database
from ninefold.systems.assistant.engines.scripted import ScriptedEngine
from ninefold.systems.assistant.jobs import retention
from ninefold.systems.assistant.jobs.retention import DELETE_EXPIRED, Deleted, DeleteExpired

TABLES = ("conversation", "message", "response", "event")


async def delete_expired(database: Database, start_worker: StartWorker) -> Deleted:
    """Run the job in a worker."""
    async with database.transaction() as connection:
        job_id = await enqueue(connection, DELETE_EXPIRED, DeleteExpired(), organisation_id=None)
    async with start_worker():
        job = await Jobs(database).wait(job_id, JobState.SUCCEEDED)
    assert job.result is not None
    return msgspec.json.decode(job.result, type=Deleted)


async def counts(database: Database) -> dict[str, int]:
    async with database.connection() as connection:
        return {table: await connection.fetchval(f"SELECT count(*) FROM assistant.{table}") for table in TABLES}


async def ask_and_wait(api: AssistantApi, database_url: str, count: int) -> list[str]:
    """Have messages answered, each in a conversation of its own; return the ids of the responses."""
    async with generating(database_url, ScriptedEngine()):
        response_ids = [await api.ask("Hello") for _ in range(count)]
        for response_id in response_ids:
            await api.ended(response_id)
    return response_ids


async def test_old_logs_are_deleted_and_the_answers_stay(
    api: AssistantApi,
    database: Database,
    database_url: str,
    start_worker: StartWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    old_ids = await ask_and_wait(api, database_url, 3)
    async with database.connection() as connection:
        await connection.execute("UPDATE assistant.response SET finished_at = now() - interval '8 days'")
    (new_id,) = await ask_and_wait(api, database_url, 1)
    before = await api.response(old_ids[0])

    assert await delete_expired(database, start_worker) == Deleted(logs=3, responses=0, conversations=0)

    assert await api.response(old_ids[0]) == before
    problem = await api.refused(404, "GET", f"/assistant/responses/{old_ids[0]}/events")
    assert problem["code"] == "log_deleted"
    assert len(await api.events(new_id)) > 0


async def test_deleted_conversations_are_erased_with_all_they_had(
    api: AssistantApi, database: Database, database_url: str, start_worker: StartWorker
) -> None:
    await ask_and_wait(api, database_url, 2)
    kept, deleted = [each["conversation_id"] for each in (await api.get(CONVERSATIONS))["items"]]
    assert (await api.request("DELETE", f"{CONVERSATIONS}/{deleted}")).is_success
    # Clients may still be reading it.
    assert (await delete_expired(database, start_worker)).conversations == 0
    async with database.connection() as connection:
        await connection.execute("UPDATE assistant.conversation SET deleted_at = deleted_at - interval '2 hours'")

    assert (await delete_expired(database, start_worker)).conversations == 1

    assert (await counts(database))["conversation"] == 1
    assert (await counts(database))["message"] == 2
    assert (await counts(database))["response"] == 1
    assert len((await api.show(kept))["messages"]) == 2


@pytest.mark.parametrize(
    ("change", "is_erased"),
    [
        ("deleted_at = now() - interval '2 hours'", True),
        ("is_stored = false, finished_at = now() - interval '2 hours'", True),
        ("finished_at = now() - interval '31 days'", True),
        ("finished_at = now() - interval '6 days'", False),
    ],
)
async def test_responses_outside_of_conversations_are_erased_when_nobody_can_read_them_any_more(
    api: AssistantApi,
    database: Database,
    database_url: str,
    start_worker: StartWorker,
    change: str,
    *,
    is_erased: bool,
) -> None:
    (text_id,) = await ask_and_wait(api, database_url, 1)
    response_id = parse_id("resp", text_id)
    async with database.connection() as connection:
        await connection.execute(
            f"UPDATE assistant.response SET conversation_id = NULL, {change} WHERE response_id = $1", response_id
        )

    assert (await delete_expired(database, start_worker)).responses == int(is_erased)

    assert ((await counts(database))["event"] == 0) is is_erased
