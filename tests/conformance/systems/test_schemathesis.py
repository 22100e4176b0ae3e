"""Each system's API against its own OpenAPI document: schemathesis sends what fits the document, and what doesn't."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from http_api import Api
from in_process import running_worker
from installations import clean_environment
from ninefold.core.system import AnySystem
from openapi_operations import Operation
from receivers import Receiver
from sample_data import TESTS, SampleContext, sample_maker_of

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
FINISHED_WITHIN_S = 120


@pytest.fixture
async def owner(system: AnySystem, server_api: Api, server_database_url: str, receiver: Receiver) -> Api:
    """A client of the server whose organisation has sample data, so that what lists show of it is checked too."""

    def start_worker(environment: Mapping[str, str] | None = None) -> AbstractAsyncContextManager[None]:
        return running_worker(server_database_url, environment or {})

    await sample_maker_of(system.name)(SampleContext(api=server_api, receiver=receiver, start_worker=start_worker))
    return server_api


async def test_every_operation_keeps_what_the_document_promises(
    system: AnySystem, operations: list[Operation], server_url: str, owner: Api, tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
        *("--config-file", str(configuration_of(system, tmp_path))),
        *("run", f"{server_url}/openapi.json"),
        *("--header", f"Authorization: Bearer {owner.api_key}", "--continue-on-failure"),
        *(option for operation in operations for option in ("--include-operation-id", operation.operation_id)),
        cwd=tmp_path,
        env=clean_environment({"PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1"}),
        stdout=PIPE,
        stderr=STDOUT,
    )
    async with asyncio.timeout(FINISHED_WITHIN_S):
        output = (await process.communicate())[0].decode()
    # The seed stands in the configuration, and with what reproduces a failure in the output.
    assert process.returncode == 0, output
    assert f"Tested: {len(operations)}" in output, output


def configuration_of(system: AnySystem, folder: Path) -> Path:
    """Return the configuration for all systems, with the exceptions of this one."""
    exceptions = TESTS / system.name / "schemathesis.toml"
    texts = [file.read_text(encoding="utf-8") for file in (CONFIGURATION, exceptions) if file.exists()]
    written = folder / "schemathesis.toml"
    written.write_text("\n".join(texts), encoding="utf-8")
    return written
