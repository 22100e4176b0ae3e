"""The settings of payments in tests, with the simulated processor in the test's process."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from ninefold.core.postgres.database import Database
from ninefold.core.processes import ProcessAddress
from ninefold.systems.payments.processors import opening
from ninefold.systems.payments.processors.simulator.client import Simulator
from ninefold.systems.payments.settings import PaymentsSettings, read_payments_settings
from payments_api import Till, open_till, simulator_running


@pytest.fixture(scope="session")
def payments_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the application, whose simulated processor is reached there."""
    return tmp_path_factory.mktemp("payments")


@pytest.fixture
def environment(payments_dir: Path) -> Mapping[str, str]:
    """The settings: a processor that doesn't answer is given up soon."""
    return {"NINEFOLD_DATA_DIR": str(payments_dir), "NINEFOLD_PAYMENTS_PROCESSOR_TIMEOUT_S": "2"}


@pytest.fixture
def payments_settings(environment: Mapping[str, str]) -> PaymentsSettings:
    """The settings of payments."""
    return read_payments_settings(environment)


@pytest.fixture(scope="session", autouse=True)
async def simulators() -> AsyncIterator[None]:
    """Close the connections of the applications at the end: they outlive each test, and nobody stops them."""
    opened: list[Simulator] = []

    def open_recorded(address: ProcessAddress, *, timeout_s: float, webhook_url: str | None) -> Simulator:
        opened.append(Simulator(address, timeout_s=timeout_s, webhook_url=webhook_url))
        return opened[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "Simulator", open_recorded)
        yield
    for each in opened:
        await each.close()


@pytest.fixture
async def simulator(payments_dir: Path, environment: Mapping[str, str]) -> AsyncIterator[None]:
    """The simulated processor, which runs during the test."""
    async with simulator_running(payments_dir, {**environment, "NINEFOLD_PORT": "1"}):
        yield


@pytest.fixture
async def till(
    database: Database, payments_dir: Path, payments_settings: PaymentsSettings, simulator: None
) -> AsyncIterator[Till]:
    """A merchant's payments, without HTTP."""
    del simulator
    opened = await open_till(database, payments_dir, payments_settings)
    yield opened
    await opened.flow.processors.close()
