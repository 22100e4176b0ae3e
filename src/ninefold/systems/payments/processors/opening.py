"""Which processors there are, by the name that merchants have."""

from collections.abc import Mapping
from typing import Final

from ninefold.core.clock import SystemClock
from ninefold.core.processes import ProcessFolder
from ninefold.systems.payments.errors import ProcessorNotInstalledError
from ninefold.systems.payments.processors.port import Processor
from ninefold.systems.payments.processors.simulator.client import Simulator
from ninefold.systems.payments.processors.simulator.process import SIMULATOR_PROCESS
from ninefold.systems.payments.processors.stripe.processor import Stripe
from ninefold.systems.payments.settings import PaymentsSettings


class Processors:
    """The processors that this server can call.

    Args:
        by_name: the processors, by the name in `merchant.processor`.
    """

    def __init__(self, by_name: Mapping[str, Processor]) -> None:
        self._by_name: Final = by_name

    def get(self, name: str) -> Processor:
        """Return a processor.

        Raises:
            ProcessorNotInstalledError: it isn't set up.
        """
        found = self._by_name.get(name)
        if found is None:
            raise ProcessorNotInstalledError(
                f"The processor {name} isn't set up on this server.", remedy="Choose another one for the merchant."
            )
        return found

    async def close(self) -> None:
        """Close all connections."""
        for processor in self._by_name.values():
            await processor.close()


def open_simulator(settings: PaymentsSettings, folder: ProcessFolder) -> Simulator:
    """Return the simulated processor of this machine."""
    return Simulator(
        folder.address(SIMULATOR_PROCESS),
        timeout_s=settings.processor_timeout_s,
        webhook_url=settings.simulator_webhook_url,
    )


def open_processors(settings: PaymentsSettings, folder: ProcessFolder) -> Processors:
    """Return the processors of these settings: Stripe only with a key."""
    by_name: dict[str, Processor] = {"simulator": open_simulator(settings, folder)}
    if settings.stripe_secret_key is not None:
        by_name["stripe"] = Stripe(settings, SystemClock())
    return Processors(by_name)
