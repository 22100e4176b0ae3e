"""The states of payments as the commands print them: their own words, with the icon and colour of the shared ones."""

from typing import Final

from rich.text import Text

from ninefold.core.commands import state_text

_SHARED: Final = {
    # Batches and bank files.
    "computed": "running",
    "posted": "running",
    "file_written": "running",
    "written": "running",
    "delivered": "succeeded",
    "carried": "waiting",
    # Payouts.
    "pending": "queued",
    "in_transit": "running",
    "paid": "succeeded",
    # Breaks.
    "open": "failed",
    "closed": "succeeded",
    "resolved": "succeeded",
    # Calls in doubt.
    "needs_person": "failed",
}


def shown_state(state: str, *, reason: str | None = None) -> Text:
    """Return a state with its icon and colour, and with why it is so."""
    words = state if reason is None else f"{state} ({reason})"
    return state_text(words, like=_SHARED.get(state, state))
