"""Erasing an organisation leaves nothing of it in a system's tables, and everything of others."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from http_api import Api
from in_process import StartWorker
from ninefold.core.erasure import Link, SchemaErasure
from ninefold.core.ids import new_id
from ninefold.core.jobs.erasure import erase_jobs
from ninefold.core.postgres.database import Database
from ninefold.core.system import AnySystem
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.erasure import erase_audit_log
from ninefold.core.tenancy.service import authenticate
from ninefold.edge.systems import SYSTEMS
from receivers import Receiver
from sample_data import SampleContext, sample_maker_of

KEPT = {
    "chess.heartbeat",
    "webhooks.alert_evaluation",
    "workflows.reachability",
}
"""Tables about the installation."""

SUMMED = {"webhooks.queue_change", "webhooks.queue_depth"}
"""Tables whose rows of one organisation are added up, so that there are fewer."""

NOT_ERASED = ["payments"]
"""Systems that can't erase an organisation; `docs/operations.md` names them."""

_TABLES = """
    SELECT oid::regclass::text AS name
    FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = to_regnamespace($1)
"""


def check() -> None:
    """Go on."""


async def row_counts(database: Database, schema: str) -> dict[str, int]:
    """Return how many rows the tables of a schema have, without empty ones and those of the installation."""
    async with database.connection() as connection:
        names = [record["name"] for record in await connection.fetch(_TABLES, schema)]
        counts = {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}
    return {name: count for name, count in counts.items() if count and name not in KEPT}


async def erase(database: Database, system: AnySystem, organisation_id: UUID) -> int:
    """Erase in passes until one finds nothing; return how many rows."""
    assert system.erase is not None
    total = 0
    for _ in range(10):
        erased = await system.erase(database, organisation_id=organisation_id, check=check)
        total += sum(erased.counts.values())
        if erased.is_complete and not erased.counts:
            return total
    raise AssertionError("Each pass found something.")


async def organisation_of(api: Api, database: Database) -> UUID:
    async with database.connection() as connection:
        return (await authenticate(connection, api.api_key, kinds=[API_KEY])).organisation_id


async def test_the_systems_that_cannot_erase_are_known() -> None:
    assert [system.name for system in SYSTEMS if system.erase is None] == NOT_ERASED


@pytest.mark.parametrize("erased", [each for each in SYSTEMS if each.erase is not None], ids=lambda each: each.name)
async def test_nothing_of_an_organisation_is_left_and_nothing_of_another_is_touched(
    *,
    erased: AnySystem,
    api: Api,
    other_api: Api,
    receiver: Receiver,
    start_worker: StartWorker,
    database: Database,
    environment: Mapping[str, str],
) -> None:
    make = sample_maker_of(erased.name)
    await make(SampleContext(other_api, receiver, start_worker, database, environment))
    of_other = await row_counts(database, erased.name)
    await make(SampleContext(api, receiver, start_worker, database, environment))
    assert await row_counts(database, erased.name) != of_other

    assert await erase(database, erased, await organisation_of(api, database)) > 0
    left = await row_counts(database, erased.name)
    assert {name: left.get(name) for name in of_other.keys() | left.keys() if name not in SUMMED} == {
        name: count for name, count in of_other.items() if name not in SUMMED
    }
    assert await erase(database, erased, await organisation_of(other_api, database)) > 0
    assert await row_counts(database, erased.name) == {}


async def test_an_organisation_without_data_is_erased_too(database: Database) -> None:
    for erased in SYSTEMS:
        if erased.erase is not None:
            assert await erase(database, erased, new_id()) == 0
    for erase_core in (erase_jobs, erase_audit_log):
        assert (await erase_core(database, organisation_id=new_id(), check=check)).counts == {}


async def test_a_table_that_belongs_to_nobody_known_is_refused(database: Database) -> None:
    links = {"action": Link("game_id", "game"), "event": Link("game_id", "game")}
    with pytest.raises(ValueError, match=r"Whose the rows of chess\.heartbeat are isn't known"):
        await SchemaErasure(schema="chess", links=links)(database, organisation_id=new_id(), check=check)
