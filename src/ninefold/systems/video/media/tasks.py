"""Ends tasks that work for others."""

import asyncio


async def stop(task: "asyncio.Task[None]") -> None:
    """Cancel a task, and wait for its end; what it has raised before is raised here."""
    if not task.done():
        task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
