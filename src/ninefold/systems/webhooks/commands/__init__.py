"""The commands `subscriptions …`, `events …` and `deliveries …`, which use the HTTP API."""

from typing import Final

from ninefold.systems.webhooks.commands.deliveries import deliveries
from ninefold.systems.webhooks.commands.events import events
from ninefold.systems.webhooks.commands.subscriptions import subscriptions

COMMANDS: Final = (subscriptions, events, deliveries)
