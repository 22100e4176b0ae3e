"""Slack's words for what can go wrong with connections, views and answers."""

from collections.abc import Sequence
from typing import Final

from ninefold.core.errors import NinefoldError
from ninefold.systems.messaging import errors

EVENT_WORDS: Final[Sequence[tuple[type[NinefoldError], str]]] = (
    (errors.TicketExpiredError, "expired_trigger_id"),
    (errors.TicketUsedError, "exchanged_trigger_id"),
    (errors.TicketNotFoundError, "invalid_trigger_id"),
    (errors.SocketModeOffError, "link_disabled"),
    (errors.TooManyAppConnectionsError, "too_many_websockets"),
    (errors.ViewNotFoundError, "not_found"),
    (errors.ViewConflictError, "hash_conflict"),
    (errors.TooManyViewsError, "push_limit_reached"),
    (errors.InvalidViewError, "invalid_arguments"),
    (errors.ExternalIdTakenError, "duplicate_external_id"),
    (errors.AppNotFoundError, "app_not_found"),
)
"""The first class that fits."""
