"""The process of the simulated processor, which `ninefold up` runs from the first payment on."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from ninefold.core.processes import ProcessAddress, ProcessContext, SystemProcess
from ninefold.systems.payments.processors.simulator.bank import SimulatedProcessor
from ninefold.systems.payments.processors.simulator.book import Book
from ninefold.systems.payments.processors.simulator.http import HttpConnection
from ninefold.systems.payments.processors.simulator.script import Chances
from ninefold.systems.payments.processors.simulator.server import SimulatorServer
from ninefold.systems.payments.settings import PaymentsSettings

SIMULATOR_PROCESS: Final = "payments.simulator"
BASE_URL: Final = "http://simulator"
"""The host is of no importance on a Unix socket."""

FILE_NAME: Final = "payments-simulator.sqlite"


def run_simulator(context: ProcessContext[PaymentsSettings]) -> None:
    """Serve until SIGTERM."""
    context.data_dir.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(context))


async def check(address: ProcessAddress) -> None:
    """Ask whether it answers.

    Raises:
        httpx.HTTPError: it doesn't.
    """
    transport = httpx.AsyncHTTPTransport(uds=str(address.ready_socket), verify=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        (await client.get("/health")).raise_for_status()


@asynccontextmanager
async def serving(address: ProcessAddress, settings: PaymentsSettings, *, data_dir: Path) -> AsyncIterator[None]:
    """Serve until the block ends.

    Args:
        address: where it is reached.
        settings: the seed, the latency, and what happens by chance.
        data_dir: the folder of the file with what it has done.
    """
    loop = asyncio.get_running_loop()
    chances = Chances(
        seed=settings.simulator_seed,
        decline_per_mille=settings.simulator_decline_per_mille,
        lost_per_mille=settings.simulator_lost_per_mille,
    )
    book = Book(data_dir / FILE_NAME)
    answering = SimulatorServer(SimulatedProcessor(book, chances), latency_ms=settings.simulator_latency_ms)
    connections: set[HttpConnection] = set()
    server = await loop.create_unix_server(
        lambda: HttpConnection(answering.respond, connections), path=address.starting_socket
    )
    address.announce()
    try:
        yield
    finally:
        server.close()
        for connection in list(connections):
            connection.close()
        await answering.close()
        book.close()


async def _serve(context: ProcessContext[PaymentsSettings]) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with serving(context.address, context.settings, data_dir=context.data_dir):
        await stopping.wait()


PROCESSES: Final = (SystemProcess(name=SIMULATOR_PROCESS, run=run_simulator, check=check, is_needed=lambda _: True),)
"""The processes of payments."""
