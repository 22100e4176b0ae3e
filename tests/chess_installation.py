"""Chess as processes: a server and a worker, and Lichess's official client for Python."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import berserk
import httpx

from installations import READY_WITHIN_S, STOP_WITHIN_S, clean_environment, free_port, wait_until_free
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.edge.ports import NO_TLS
from ninefold.systems.chess.service.players import create_player, create_player_token
from postgres_support import run_in_new_loop

REQUEST_WITHIN_S = 30


class ChessInstallation:
    """A server and a worker, for the time of a `with` block.

    Args:
        database_url: a migrated database.
        folder: gets the logs.
        settings: further settings.
    """

    def __init__(self, database_url: str, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._database_url = database_url
        self._folder = folder
        own = {"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(self.port)}
        self._environment = clean_environment({**own, **(settings or {})})

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

    def kill_server(self) -> None:
        """Kill the server with SIGKILL, and start another one at the same address."""
        self._server.kill()
        self._server.wait(STOP_WITHIN_S)
        # Its child, which has accepted the connections, ends a moment later.
        run_in_new_loop(wait_until_free(self.port))
        self._server = self._start("serve")
        self._wait_until_ready()

    def new_organisation(self) -> UUID:
        """Create an organisation."""
        return run_in_new_loop(self._create_organisation())

    def new_token(self, organisation_id: UUID, name: str, *, is_bot: bool = False) -> str:
        """Create a player, and return a token of it."""
        return run_in_new_loop(self._create_player(organisation_id, name, is_bot=is_bot))

    def run(self, *arguments: str, api_key: str = "") -> str:
        """Run `ninefold …`; return what it prints on standard output."""
        environment = {**self._environment, "NINEFOLD_API_KEY": api_key}
        command = [sys.executable, "-m", "ninefold", *arguments]
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout

    def execute(self, statement: str, *parameters: object) -> None:
        """Change the database, as time or an operator would."""
        run_in_new_loop(self._execute(statement, *parameters))

    def client(self, token: str) -> berserk.Client:
        """Return Lichess's official client, which has no time limits of its own."""
        session = berserk.TokenSession(token)
        return berserk.Client(session, base_url=self.url)

    def http(self, token: str | None) -> httpx.Client:
        """Return a plain client."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=REQUEST_WITHIN_S)

    def _wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + READY_WITHIN_S
        while not self._is_ready():
            assert time.monotonic() < give_up_at, "the server isn't ready"
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False, verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    async def _create_organisation(self) -> UUID:
        database = await Database.connect(self._database_url, application_name="tests", connections_max=1)
        try:
            async with database.transaction() as connection:
                return (await create_organisation(connection, name="chess")).organisation_id
        finally:
            await database.close()

    async def _create_player(self, organisation_id: UUID, name: str, *, is_bot: bool) -> str:
        database = await Database.connect(self._database_url, application_name="tests", connections_max=1)
        try:
            async with database.transaction() as connection:
                player = await create_player(connection, organisation_id=organisation_id, name=name, is_bot=is_bot)
                return (await create_player_token(connection, player, principal=None, name="tests")).text
        finally:
            await database.close()

    async def _execute(self, statement: str, *parameters: object) -> None:
        database = await Database.connect(self._database_url, application_name="tests", connections_max=1)
        try:
            async with database.transaction() as connection:
                await connection.execute(statement, *parameters)
        finally:
            await database.close()

    def _start(self, command: str) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{command}.ndjson").open("ab") as log:
            program = [sys.executable, "-m", "ninefold", command]
            return subprocess.Popen(program, env=self._environment, stderr=log, start_new_session=True)
