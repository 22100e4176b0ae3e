"""Each system's API against its own OpenAPI document: schemathesis sends what fits the document, and what doesn't."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from http_api import Api
from in_process import running_worker
from ninefold.core.postgres.database import Database
from ninefold.core.system import AnySystem
from openapi_operations import Operation
from receivers import Receiver
from sample_data import TESTS, SampleContext, sample_maker_of
from schemathesis_runs import CONFIGURATION, check_operations


@pytest.fixture
async def owner(system: AnySystem, server_api: Api, server_database_url: str, receiver: Receiver) -> Api:
    """A client of the server whose organisation has sample data, so that what lists show of it is checked too."""

    def start_worker(environment: Mapping[str, str] | None = None) -> AbstractAsyncContextManager[None]:
        return running_worker(server_database_url, environment or {})

    database = await Database.connect(server_database_url, application_name="ninefold-test", connections_max=2)
    await sample_maker_of(system.name)(SampleContext(server_api, receiver, start_worker, database))
    await database.close()
    return server_api


async def test_every_operation_keeps_what_the_document_promises(
    system: AnySystem, operations: list[Operation], server_url: str, owner: Api, tmp_path: Path
) -> None:
    await check_operations(
        operations,
        url=server_url,
        headers={"Authorization": f"Bearer {owner.api_key}"},
        configuration=configuration_of(system, tmp_path),
    )


def configuration_of(system: AnySystem, folder: Path) -> Path:
    """Return the configuration for all systems, with the exceptions of this one."""
    exceptions = TESTS / system.name / "schemathesis.toml"
    texts = [file.read_text(encoding="utf-8") for file in (CONFIGURATION, exceptions) if file.exists()]
    written = folder / "schemathesis.toml"
    written.write_text("\n".join(texts), encoding="utf-8")
    return written
