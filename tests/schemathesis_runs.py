"""Runs schemathesis: it sends what fits the OpenAPI document, and what doesn't, and checks the responses."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping, Sequence
from pathlib import Path

from installations import clean_environment
from openapi_operations import Operation

CONFIGURATION = Path(__file__).parent / "conformance" / "systems" / "schemathesis.toml"
FINISHED_WITHIN_S = 600
"""For a busy machine: 30 s of CPU time are the most that a system needs."""


async def check_operations(
    operations: Sequence[Operation], *, url: str, headers: Mapping[str, str], configuration: Path = CONFIGURATION
) -> None:
    """Check that operations of a server keep what its document promises.

    Args:
        operations: the operations to call.
        url: the address of the server.
        headers: sent with each request.
        configuration: the configuration of schemathesis.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
        *("--config-file", str(configuration)),
        *("run", f"{url}/openapi.json", "--continue-on-failure"),
        *(option for name, value in headers.items() for option in ("--header", f"{name}: {value}")),
        *(option for operation in operations for option in ("--include-operation-id", operation.operation_id)),
        cwd=configuration.parent,
        env=clean_environment({"PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1"}),
        stdout=PIPE,
        stderr=STDOUT,
    )
    async with asyncio.timeout(FINISHED_WITHIN_S):
        output = (await process.communicate())[0].decode()
    # The seed stands in the configuration, and with what reproduces a failure in the output.
    assert process.returncode == 0, output
    assert f"Tested: {len(operations)}" in output, output
