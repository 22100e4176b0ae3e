"""Measures payments: requests, postings on one account, a long journal, and a settlement.

    .venv/bin/python bench/payments/run.py [--only payments|hot_account|long_journal|settlement]

Prints a table, and writes bench/results/payments.json. docs/benchmarks.md has the published results. PostgreSQL is
durable. A wrong result ends the run.
"""

import argparse
import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import psutil
from measure_hot_account import measure_hot_account
from measure_ledger import measure_long_journal
from measure_payments import measure_payments
from measure_settlement import measure_settlement
from rich.console import Console
from rich.table import Table

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.embedded.cluster import SUPERUSER
from ninefold.core.postgres.migrations import migrate
from ninefold.edge.systems import migration_sources

RESULTS: Final = Path(__file__).parents[1] / "results" / "payments.json"
PARTS: Final = ("payments", "hot_account", "settlement", "long_journal")


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all parts on one database."""
    parts = [options.only] if options.only else PARTS
    figures: dict[str, Any] = {"load_average_before": os.getloadavg()[0]}
    # A socket's path can't be long.
    with tempfile.TemporaryDirectory(prefix="ninefold-") as name, EmbeddedPostgres(Path(name, "postgres")) as postgres:
        folder, dsn = Path(name), postgres.dsn()
        database = await Database.connect(dsn, application_name="ninefold bench", connections_max=options.connections)
        async with database.transaction() as connection:
            await migrate(connection, migration_sources())
        if "payments" in parts:
            figures["payments"] = await measure_payments(database, dsn, folder, options)
        if "hot_account" in parts:
            figures["hot_account"] = await measure_hot_account(database, options)
        if "settlement" in parts:
            figures["settlement"] = await measure_settlement(database, folder, options)
        if "long_journal" in parts:
            figures["long_journal"] = await measure_long_journal(database, postgres.dsn(role=SUPERUSER), options)
        await database.close()
    return {**figures, "cores": psutil.cpu_count(), "load_average": os.getloadavg()[0]}


def print_results(results: dict[str, Any]) -> None:
    """Print the results, with the goals."""
    table = Table(title=f"Payments, one server, {results['cores']} cores (load {results['load_average']:.1f})")
    for heading in ("", "floor", "ninefold", "ratio", "goal"):
        table.add_column(heading, justify="right" if heading else "left")
    if payments := results.get("payments"):
        floor, measured = payments["floor"], payments["ninefold"]
        table.add_row("payments/s", f"{floor['per_s']:,}", f"{measured['per_s']:,}", f"{payments['ratio']}", "")
        table.add_row("per CPU-second of the server", f"{floor['per_cpu_s']:,}", f"{measured['per_cpu_s']:,}", "", "")
        table.add_row("p50", f"{floor['p50_ms']} ms", f"{measured['p50_ms']} ms", "", "")
        table.add_row("p99", f"{floor['p99_ms']} ms", f"{measured['p99_ms']} ms", "", "")
    if hot := results.get("hot_account"):
        table.add_row(
            "outcomes/s on one account", f"{hot['floor']:,}", f"{hot['recorded']:,}", f"{hot['ratio']}", "≥ 1,000"
        )
        table.add_row("one transfer in a transaction", "", f"{hot['alone']:,}", "", "")
    if settlement := results.get("settlement"):
        table.add_row(f"{settlement['captures']:,} captures settled", "", f"{settlement['settled_s']} s", "", "≤ 60 s")
        table.add_row(
            f"{settlement['audited_transfers']:,} transfers audited", "", f"{settlement['audited_s']} s", "", ""
        )
    if journal := results.get("long_journal"):
        delays = (f"{journal['few_p50_ms']} ms", f"{journal['many_p50_ms']} ms")
        table.add_row(f"posting at 1,000 and {journal['entries']:,} entries", *delays, f"{journal['ratio']}", "≤ 1.2")
    Console(width=110).print(table)


def main() -> None:
    """Measure, print the results, and write them to the file."""
    parser = argparse.ArgumentParser(description="Measure payments against their floor.")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--clients", type=int, default=16, help="that pay at once")
    parser.add_argument("--connections", type=int, default=16, help="that post to one account at once")
    parser.add_argument("--outcomes", type=int, default=2_000, help="recorded in each slice")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each slice")
    parser.add_argument("--slices", type=int, default=5)
    parser.add_argument("--captures", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the long journal")
    parser.add_argument("--postings", type=int, default=1_000, help="to each journal")
    results = asyncio.run(measure(parser.parse_args()))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print_results(results)


if __name__ == "__main__":
    main()
