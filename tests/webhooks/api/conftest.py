"""What the tests of the HTTP API ask for besides a caller."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from installations import READY_WITHIN_S, STOP_WITHIN_S, clean_environment, free_port
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_api_key, create_organisation
from openapi_operations import Operation, operations_of


@pytest.fixture
async def operations(http: httpx.AsyncClient) -> list[Operation]:
    """Every operation that the application's own document names."""
    found = operations_of((await http.get("/openapi.json")).json())
    assert len(found) >= 13
    return found


@pytest.fixture
def server_url(database_url: str, tmp_path: Path) -> Iterator[str]:
    """A real server; whatever it is sent, it never logs a failure of its own."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = tmp_path / "server.ndjson"
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(port)})
    with (
        log.open("wb") as standard_error,
        subprocess.Popen([sys.executable, "-m", "ninefold", "serve"], env=environment, stderr=standard_error) as server,
    ):
        try:
            wait_until_ready(url, server, log)
            yield url
        finally:
            server.terminate()
            exit_code = server.wait(STOP_WITHIN_S)
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [entry for entry in entries if entry["event"] == "web.request.failed"] == []
    assert exit_code == 0


@pytest.fixture
async def api_key(database: Database) -> str:
    """A key for the server's database."""
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="acme")
        created = await create_api_key(connection, organisation_id=organisation.organisation_id, name="test")
    return created.text


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < give_up_at:
        assert server.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/readyz", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)  # A server that starts has no other signal.
    raise AssertionError(log.read_text())
