"""The API against its own OpenAPI document: schemathesis sends what fits the document, and what doesn't."""

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

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
FINISHED_WITHIN_S = 120


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
    return created.api_key


def test_every_operation_keeps_what_the_document_promises(server_url: str, api_key: str, tmp_path: Path) -> None:
    # The seed stands in the configuration, and with what reproduces a failure in the output.
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(CONFIGURATION)),
            *("run", f"{server_url}/openapi.json", "--header", f"Authorization: Bearer {api_key}"),
            "--continue-on-failure",
        ],
        cwd=tmp_path,
        env=clean_environment({"PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1"}),
        capture_output=True,
        encoding="utf-8",
        timeout=FINISHED_WITHIN_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    operations = httpx.get(f"{server_url}/openapi.json", trust_env=False).json()["paths"].values()
    count = sum(len(methods) for methods in operations)
    assert f"Tested: {count}" in finished.stdout, finished.stdout


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
