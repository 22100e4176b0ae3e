"""Waits for several events at once, with an optional timeout."""

import asyncio


async def wait_for_any(*events: asyncio.Event, timeout_s: float | None = None) -> None:
    """Return when one of the events is set or the timeout has passed; check the events to see which it was."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
