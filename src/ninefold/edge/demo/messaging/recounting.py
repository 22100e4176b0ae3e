"""Runs `ninefold messaging recount` against a server."""

import asyncio
import os
from typing import Any

import msgspec

from ninefold.edge.processes import ninefold_command


class Recount(msgspec.Struct, frozen=True):
    """What `ninefold messaging recount --json` prints."""

    compared: int
    differences: list[dict[str, Any]]


async def recount_unread(url: str, *, api_key: str) -> Recount:
    """Compare all unread counts of an organisation with the logs."""
    process = await asyncio.create_subprocess_exec(
        *ninefold_command("messaging", "recount", "--json"),
        env={**os.environ, "NINEFOLD_URL": url, "NINEFOLD_API_KEY": api_key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return msgspec.json.decode(output, type=Recount)
