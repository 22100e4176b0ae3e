"""The commands of webhook delivery. All but `plan` use the HTTP API."""

from typing import Final

from ninefold.systems.webhooks.commands.alerts import alerts
from ninefold.systems.webhooks.commands.blocked_keys import list_blocked_keys
from ninefold.systems.webhooks.commands.deliveries import deliveries
from ninefold.systems.webhooks.commands.events import events
from ninefold.systems.webhooks.commands.plan import plan
from ninefold.systems.webhooks.commands.replays import dead_letters, replay_subscription
from ninefold.systems.webhooks.commands.retention import retention
from ninefold.systems.webhooks.commands.subscriptions import subscriptions

subscriptions.command(replay_subscription, name="replay")
subscriptions.command(list_blocked_keys, name="blocked-keys")

COMMANDS: Final = (subscriptions, events, deliveries, dead_letters, alerts, retention, plan)
