"""The processors of payments as tests call them: the simulator in process, and Stripe as localstripe imitates it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

import httpx

from installations import free_port
from ninefold.core.clock import SystemClock
from ninefold.core.processes import ProcessFolder
from ninefold.systems.payments.processors.port import Processor
from ninefold.systems.payments.processors.simulator.bank import SimulatedProcessor
from ninefold.systems.payments.processors.simulator.book import Book
from ninefold.systems.payments.processors.simulator.client import Simulator
from ninefold.systems.payments.processors.simulator.http import HttpConnection
from ninefold.systems.payments.processors.simulator.process import SIMULATOR_PROCESS
from ninefold.systems.payments.processors.simulator.script import Chances
from ninefold.systems.payments.processors.simulator.server import SimulatorServer
from ninefold.systems.payments.processors.stripe.processor import Stripe
from ninefold.systems.payments.settings import PaymentsSettings

STRIPE_KEY = "sk_test_conformance"
STRIPE_WEBHOOK_SECRET = "whsec_conformance"
TIMEOUT_S = 10.0


class ProcessorUnderTest(Protocol):
    """A processor, and what tests do around it."""

    processor: Processor
    unreachable: Processor
    """Nobody listens where it calls."""

    async def authenticate(self, reference: str, *, is_passed: bool) -> None:
        """Let a customer pass or fail the authentication."""
        ...


class SimulatorUnderTest:
    """The simulated processor."""

    def __init__(self, folder: Path, elsewhere: Path) -> None:
        self.address = ProcessFolder(folder).address(SIMULATOR_PROCESS)
        self._simulator = Simulator(self.address, timeout_s=TIMEOUT_S, webhook_url=None)
        self.processor: Processor = self._simulator
        nobody = ProcessFolder(elsewhere).address(SIMULATOR_PROCESS)
        self.unreachable: Processor = Simulator(nobody, timeout_s=TIMEOUT_S, webhook_url=None)

    async def authenticate(self, reference: str, *, is_passed: bool) -> None:
        """Let a customer pass or fail the authentication."""
        assert await self._simulator.authenticate(reference, is_passed=is_passed) is not None


class StripeUnderTest:
    """Stripe, as localstripe imitates it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.processor: Processor = Stripe(stripe_settings(url), SystemClock())
        self.unreachable: Processor = Stripe(stripe_settings(f"http://127.0.0.1:{free_port()}"), SystemClock())

    async def authenticate(self, reference: str, *, is_passed: bool) -> None:
        """Let a customer pass or fail the authentication."""
        headers = {"authorization": f"Bearer {STRIPE_KEY}"}
        async with httpx.AsyncClient(base_url=self._url, headers=headers, trust_env=False) as http:
            payment = (await http.get(f"/v1/payment_intents/{reference}")).json()
            answer = {"client_secret": payment["client_secret"], "success": str(is_passed).lower()}
            response = await http.post(f"/v1/payment_intents/{reference}/_authenticate", data=answer)
            assert response.is_success, response.text


@asynccontextmanager
async def running_simulator(folder: Path, *, chances: Chances | None = None) -> AsyncIterator[SimulatorUnderTest]:
    """Run the simulated processor in this process."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    tested = SimulatorUnderTest(folder, elsewhere)
    book = Book(":memory:")
    answering = SimulatorServer(SimulatedProcessor(book, chances or Chances()), latency_ms=0)
    connections: set[HttpConnection] = set()
    server = await asyncio.get_running_loop().create_unix_server(
        lambda: HttpConnection(answering.respond, connections), path=tested.address.ready_socket
    )
    yield tested
    for processor in (tested.processor, tested.unreachable):
        await processor.close()
    server.close()
    for connection in list(connections):
        connection.close()
    await answering.close()
    book.close()


@asynccontextmanager
async def stripe_at(url: str) -> AsyncIterator[StripeUnderTest]:
    """Return Stripe at a URL."""
    tested = StripeUnderTest(url)
    yield tested
    for processor in (tested.processor, tested.unreachable):
        await processor.close()


@contextmanager
def running_localstripe() -> Iterator[str]:
    """Run localstripe in a process of its own; yield its URL."""
    port = free_port()
    program = Path(__file__).parent / "localstripe_server.py"
    with subprocess.Popen([sys.executable, program, str(port)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def stripe_settings(url: str) -> PaymentsSettings:
    return PaymentsSettings(
        processor_timeout_s=TIMEOUT_S,
        stripe_secret_key=STRIPE_KEY,
        stripe_webhook_secret=STRIPE_WEBHOOK_SECRET,
        stripe_return_url="https://shop.example/return",
        stripe_url=url,
    )
