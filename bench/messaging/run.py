"""Measures messaging: posting, one message to 2,000 members, and opening and searching a million messages.

    .venv/bin/python bench/messaging/run.py [--only posting|fan_out|opening|searching]

Prints a table, and writes bench/results/messaging.json. docs/benchmarks.md has the published results. Each figure is a
ratio to a floor that is measured in the same run, in turn. A wrong result ends the run.
"""

import argparse
import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import psutil
from measure_fan_out import measure_fan_out
from measure_opening import FEW, fill, measure_opening
from measure_posting import measure_posting
from measure_searching import measure_searching
from message_servers import running_ninefold
from rich.console import Console
from rich.table import Table

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.edge.systems import migration_sources

RESULTS: Final = Path(__file__).parents[1] / "results" / "messaging.json"
PARTS: Final = ("posting", "fan_out", "opening", "searching")


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all parts on one installation."""
    parts = [options.only] if options.only else PARTS
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        dsn = postgres.dsn()
        database = await Database.connect(dsn, application_name="ninefold bench")
        async with database.transaction() as connection:
            await migrate(connection, migration_sources())
        async with running_ninefold(database, dsn) as ninefold:
            if "posting" in parts:
                figures["posting"] = await measure_posting(database, dsn, ninefold, options)
            if "fan_out" in parts:
                figures["fan_out"] = await measure_fan_out(database, dsn, ninefold, options)
            if {"opening", "searching"} & {*parts}:
                few, many = await fill(database, FEW), await fill(database, options.messages)
            if "opening" in parts:
                figures["opening"] = await measure_opening(ninefold, few, many, options)
            if "searching" in parts:
                figures["searching"] = await measure_searching(ninefold, few, many, options)
        await database.close()
    return {**figures, "cores": psutil.cpu_count(), "load_average": os.getloadavg()[0]}


def print_results(results: dict[str, Any]) -> None:
    """Print the results, and whether the goals were reached."""
    table = Table(title=f"Messaging, one server, {results['cores']} cores (load {results['load_average']:.1f})")
    for heading in ("", "floor", "ninefold", "ratio", "goal"):
        table.add_column(heading, justify="right" if heading else "left")
    if posting := results.get("posting"):
        floor, measured = posting["floor"], posting["ninefold"]
        table.add_row(
            "post to receipt, p50", f"{floor['p50_ms']} ms", f"{measured['p50_ms']} ms", f"{posting['ratio']}", "≤ 3"
        )
        table.add_row("post to receipt, p99", f"{floor['p99_ms']} ms", f"{measured['p99_ms']} ms", "", "")
        rates = (floor["messages_per_cpu_s"], measured["messages_per_cpu_s"])
        table.add_row("posts per CPU-second", *[f"{rate:,}" for rate in rates], "", "")
    if fan_out := results.get("fan_out"):
        rates = (fan_out["bare_per_cpu_s"], fan_out["ninefold_per_cpu_s"])
        table.add_row("to all online, per CPU-second", *[f"{rate:,}" for rate in rates], str(fan_out["ratio"]), "≥ 0.5")
    if opening := results.get("opening"):
        delays = (f"{opening['few_p50_ms']} ms", f"{opening['many_p50_ms']} ms")
        table.add_row(f"opening 1,000 and {opening['messages']:,} messages", *delays, str(opening["ratio"]), "≤ 1.5")
    for kind, each in results.get("searching", {}).get("kinds", {}).items():
        delays = (f"{each['few_p50_ms']} ms", f"{each['many_p50_ms']} ms")
        table.add_row(f"searching {kind}", *delays, str(each["ratio"]), "≤ 1.5")
    Console(width=110).print(table)


def main() -> None:
    """Measure, print the results, and write them to the file."""
    parser = argparse.ArgumentParser(description="Measure messaging against its floors.")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--channels", type=int, default=100, help="in which messages are posted in turn")
    parser.add_argument("--rate", type=float, default=50.0, help="messages per second, in all channels together")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each slice")
    parser.add_argument("--slices", type=int, default=15)
    parser.add_argument("--online", type=int, default=2_000, help="members who are online")
    parser.add_argument("--posts", type=int, default=20, help="messages to all of them, in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=1_000_000, help="in the long channel")
    parser.add_argument("--openings", type=int, default=60)
    results = asyncio.run(measure(parser.parse_args()))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print_results(results)


if __name__ == "__main__":
    main()
