"""The assistant as processes: a server and a worker with the scripted engine, and the official client of OpenAI."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import httpx
from openai import AsyncOpenAI, OpenAI

from installations import READY_WITHIN_S, STOP_WITHIN_S, clean_environment, free_port, wait_until_free
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import create_api_key, create_organisation
from ninefold.edge.ports import NO_TLS
from ninefold.systems.assistant.model import RESPONSE_PREFIX, Asker
from ninefold.systems.assistant.service.responses import cancel_response
from postgres_support import query, run_in_new_loop


class Assistant:
    """A server and a worker, for the time of a `with` block.

    Args:
        database_url: a migrated database.
        folder: gets the logs.
        settings: those of both processes, besides the scripted engine.
    """

    def __init__(self, database_url: str, folder: Path, *, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/openai/v1"
        self._database_url = database_url
        self._folder = folder
        self._environment = clean_environment(
            {
                "NINEFOLD_DATABASE_URL": database_url,
                "NINEFOLD_PORT": str(self.port),
                "NINEFOLD_ASSISTANT_ENGINE": "scripted",
                **settings,
            }
        )

    def __enter__(self) -> Self:
        self._server, self._worker = self._start("serve"), self._start("worker")
        self._wait_until_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in (self._server, self._worker):
            process.terminate()
        for process in (self._server, self._worker):
            process.wait(STOP_WITHIN_S)

    def new_key(self, *, organisation_id: UUID | None = None, role: Role = Role.OWNER) -> str:
        """Create an API key: of a new organisation, if none is given."""
        return run_in_new_loop(self._create_key(organisation_id, role))

    def client(self, key: str | None = None) -> OpenAI:
        """Return the official client, without retries, with a key or a new one."""
        return OpenAI(base_url=self.url, api_key=key or self.new_key(), max_retries=0)

    def async_client(self, key: str | None = None) -> AsyncOpenAI:
        """Return the official client for asyncio."""
        return AsyncOpenAI(base_url=self.url, api_key=key or self.new_key(), max_retries=0)

    def restart_server(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Kill the server, or end it with another signal, and start another one on the same port."""
        if number is signal.SIGKILL:
            # Also the process that serves, which its parent would otherwise leave behind.
            os.killpg(self._server.pid, number)
        else:
            self._server.send_signal(number)
        self._server.wait(STOP_WITHIN_S)
        run_in_new_loop(wait_until_free(self.port))
        self._server = self._start("serve")
        self._wait_until_ready()

    def organisation_of(self, key: str) -> UUID:
        """Return the organisation of a key."""
        prefix = "_".join(key.split("_")[:2])
        statement = f"SELECT organisation_id::text FROM tenancy.credential WHERE prefix = '{prefix}'"
        return UUID(query(self._database_url, statement))

    def cancel(self, response_id: str) -> None:
        """Cancel a response, as a page of the console does."""
        run_in_new_loop(self._cancel(parse_id(RESPONSE_PREFIX, response_id)))

    def wait_for_status(self, status: str, *, of: str) -> None:
        """Wait until the only response of a key's organisation has a status."""
        statement = f"SELECT status FROM assistant.response WHERE organisation_id = '{self.organisation_of(of)}'"
        give_up_at = time.monotonic() + 10
        while (found := query(self._database_url, statement)) != status:
            assert time.monotonic() < give_up_at, f"the status is {found}"
            time.sleep(0.02)  # What a worker does can only be looked for.

    def _start(self, command: str) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{command}.ndjson").open("ab") as log:
            program = [sys.executable, "-m", "ninefold", command]
            return subprocess.Popen(program, env=self._environment, stderr=log, start_new_session=True)

    def _wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < give_up_at:
            assert self._server.poll() is None, (self._folder / "serve.ndjson").read_text()
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, verify=NO_TLS).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)  # A starting server sends no signal to wait for.
        raise AssertionError((self._folder / "serve.ndjson").read_text())

    async def _cancel(self, response_id: UUID) -> None:
        async with self._transaction() as connection:
            record = await connection.fetchrow("SELECT * FROM assistant.response WHERE response_id = $1", response_id)
            assert record is not None
            asker = Asker(
                organisation_id=record["organisation_id"],
                asker_id=record["asker_id"],
                asker_kind=record["asker_kind"],
            )
            await cancel_response(connection, asker=asker, response_id=response_id)

    async def _create_key(self, organisation_id: UUID | None, role: Role) -> str:
        async with self._transaction() as connection:
            if organisation_id is None:
                organisation_id = (await create_organisation(connection, name="acme")).organisation_id
            created = await create_api_key(connection, organisation_id=organisation_id, name="test", role=role)
            return created.text

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        database = await Database.connect(self._database_url, application_name="ninefold-test", connections_max=1)
        try:
            async with database.transaction() as connection:
                yield connection
        finally:
            await database.close()
