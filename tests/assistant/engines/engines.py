"""Real engines for tests, and how to ask them: llama.cpp is started once for all tests of a process."""

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from ninefold.core.processes import ProcessAddress, ProcessFolder
from ninefold.edge.children import Child
from ninefold.edge.processes import ninefold_command
from ninefold.edge.system_processes import ProcessKeeper
from ninefold.systems.assistant.engines.llama.process import PROCESSES, client
from ninefold.systems.assistant.engines.port import Engine, Generation, Piece
from ninefold.systems.assistant.model import PromptMessage

STOPS_WITHIN_S = 10.0


def ask(model: str, text: str = "Write a short poem about the sea.", **fields: Any) -> Generation:
    """Return a request with a limit of 16 tokens, unless the fields say something else."""
    messages = [PromptMessage(role="user", text=text)]
    return Generation(**{"model": model, "messages": messages, "max_tokens": 16, "temperature": 0.0, **fields})


async def collect(engine: Engine, generation: Generation) -> list[Piece]:
    """Return all pieces of an answer."""
    async with aclosing(engine.generate(generation)) as pieces:
        return [piece async for piece in pieces]


async def text_of(engine: Engine, generation: Generation) -> str:
    """Return the text of an answer, without its prefix."""
    return join(await collect(engine, generation))


def join(pieces: Sequence[Piece]) -> str:
    """Return the text of pieces."""
    return "".join(piece.text for piece in pieces)


class Llama:
    """Keeps the processes of the engine `llama` running, as `ninefold up` does."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = ProcessFolder.of(data_dir)
        self.url = ""
        """Where its API is reached over TCP."""
        self._has_begun = threading.Event()
        self._children: dict[str, Child] = {}
        self._keepers: list[ProcessKeeper] = []
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NINEFOLD_")} | {
            "NINEFOLD_DATA_DIR": str(data_dir),
            "NINEFOLD_LOG_LEVEL": "warning",
        }
        for process in PROCESSES:
            address = self.folder.address(process.name)
            child = Child(
                name=process.name,
                command=ninefold_command("process", process.name),
                environment=environment,
                grace_period_s=process.grace_period_s,
                on_end=_remove_sockets_of(address),
            )
            self._children[process.name] = child
            self._keepers.append(ProcessKeeper(process, child, address))

    def process_id(self, name: str) -> int:
        """Return the id of a process; 0 while it doesn't run."""
        return self._children[name].process_id or 0

    @contextmanager
    def running(self) -> Iterator["Llama"]:
        """Keep the processes running during the block, from their first use.

        That is done in a thread, because a test ends whatever began on its event loop.
        """
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_until_complete, args=[self._keep()], name="supervisor of llama")
        thread.start()
        assert self._has_begun.wait(STOPS_WITHIN_S)
        try:
            yield self
        finally:
            for keeper in self._keepers:
                loop.call_soon_threadsafe(keeper.stop)
            thread.join(STOPS_WITHIN_S)
            loop.close()

    async def _keep(self) -> None:
        hurrying = asyncio.Event()
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._has_begun.set()
        async with server:
            await asyncio.gather(*[keeper.run(hurrying) for keeper in self._keepers])

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay a connection to the socket of a process: the engine `url` needs a port."""
        head = await reader.readuntil(b"\r\n")
        name = "assistant.embeddings" if b"/embeddings" in head else "assistant.llama"
        their_reader, their_writer = await asyncio.open_unix_connection(self.folder.address(name).ready_socket)
        their_writer.write(head)
        ways = [asyncio.create_task(_pump(reader, their_writer)), asyncio.create_task(_pump(their_reader, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (their_writer, writer):
            end.close()
            with suppress(ConnectionError):
                await end.wait_closed()

    async def busy_slots(self) -> int:
        """Return how many slots generate."""
        async with client(self.folder.address("assistant.llama").ready_socket) as asking:
            return sum(1 for slot in (await asking.get("/slots")).json() if slot["is_processing"])


def _remove_sockets_of(address: ProcessAddress) -> Callable[[int], None]:
    return lambda _: address.remove_sockets()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


def short_folder() -> Path:
    """Return a new data folder whose path is short enough for sockets."""
    return Path(tempfile.mkdtemp(prefix="nf"))


def decode(text: str) -> Any:
    """Return the value of a JSON text."""
    return msgspec.json.decode(text)
