"""Lets payments go wrong in simulated worlds, in which processes die around commits, and judges every step.

    .venv/bin/python bench/payments/chaos.py [--seed 7] [--worlds 100] [--only 12] [--steps 120] [--commits 30]

In each world, two merchants take payments for some days, are settled, and their days reconciled. Calls to the processor
get lost before and after their effect, arrive late or twice, webhooks come before the answer, late, twice or never, and
the process dies before or after any commit. The bank's statements have lines twice and lines that nobody knows; the
processor's reports have wrong amounts, and lines too much or too little.

After each step, the ledger must be balanced, no payment charged twice, and no call counted as done or not done against
the truth. In the end, nothing is in doubt, every cent is where the processor and the bank say, each batch follows from
the journal byte for byte, and is paid out once. There is a break for each planted fault, and no other; when a person
has resolved them, all days can be closed. Then one world is played again and again, and dies once: before and after
each of its first commits.

Everything follows from the seed and the world's number; a real PostgreSQL keeps the rows. Exits with 1 if anything is
wrong, and prints how to play that world again.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog
from payment_faults import Crashes, Side
from payment_judge import count_batches, judge_audit, judge_books, judge_end, judge_step
from payment_world import World

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.embedded.cluster import DATABASE, ROLE, SUPERUSER
from ninefold.core.postgres.migrations import migrate
from ninefold.edge.simulation.rounds import add_options, numbers_of, play_rounds, print_outcome
from ninefold.edge.systems import migration_sources

PROGRAM: Final = "bench/payments/chaos.py"
MERCHANTS: Final = 2
CRASH_CHANCE: Final = 0.04
"""Of each commit, on either side."""

AUDITED_EVERY: Final = 40
COMMIT_STEPS: Final = 30
STEPS_PER_COMMIT: Final = 3
"""Of the world that dies once; many steps find nothing to do."""


class Simulation:
    """Plays worlds, each in a database of its own, and counts what happened in them.

    Args:
        databases: makes databases with all tables.
        options: of the program.
    """

    def __init__(self, databases: "Databases", options: argparse.Namespace) -> None:
        self.steps: Final[Counter[str]] = Counter()
        self.network: Final[Counter[str]] = Counter()
        self.crashes: Final[Counter[str]] = Counter()
        self.refused: Final[Counter[str]] = Counter()
        self.states: Final[Counter[str]] = Counter()
        self.faults: Final[Counter[str]] = Counter()
        """Of the bank, which were all found."""
        self.problems: Final[dict[int, list[str]]] = {}
        self.finished = 0
        self.batches = 0
        self.commits = 0
        """Around which one world has died."""
        self._databases: Final = databases
        self._options: Final = options

    async def play(self, number: int) -> None:
        """Play a world and judge it."""
        seed = f"{self._options.seed} {number}"
        crashes = Crashes(random.Random(f"{seed} crashes"), chance=CRASH_CHANCE)
        problems = await self._play(seed, crashes, steps=self._options.steps)
        self.finished += 1
        if problems:
            self.problems[number] = problems

    async def die_at_each_commit(self) -> None:
        """Play one world again and again; it dies once, before or after each of its commits in turn."""
        seed = f"{self._options.seed} commits"
        for number in range(self._options.commits):
            sides: tuple[Side, Side] = ("before", "after")
            for side in sides:
                crashes = Crashes(None, chance=0.0, planned=(number, side))
                problems = await self._play(
                    seed, crashes, steps=max(COMMIT_STEPS, STEPS_PER_COMMIT * self._options.commits)
                )
                if problems:
                    self.problems[-1 - number] = [f"{side} commit {number}: {problem}" for problem in problems]
                if not crashes.counts.total():
                    return
            self.commits += 1

    async def _play(self, seed: str, crashes: Crashes, *, steps: int) -> list[str]:
        async with self._databases.database() as database:
            with tempfile.TemporaryDirectory() as folder:
                return await self._play_in(World(database, Path(folder), seed=seed, crashes=crashes), steps=steps)

    async def _play_in(self, world: World, *, steps: int) -> list[str]:
        await world.begin(merchants=MERCHANTS)
        problems: list[str] = []
        for number in range(steps):
            done = await world.step()
            problems += [
                f"after step {number} ({done}): {problem}" for problem in [*world.problems, *await judge_step(world)]
            ]
            if number % AUDITED_EVERY == AUDITED_EVERY - 1:
                problems += await judge_audit(world)
            if problems:
                return problems
        await world.drain()
        problems = [*world.problems, *await judge_end(world)]
        self.faults.update(world.till.faults)
        await world.close_books()
        problems += await judge_books(world)
        self._count(world)
        self.batches += await count_batches(world)
        self.states.update([intent.state for intent in await world.list_intents()])
        return problems

    def _count(self, world: World) -> None:
        self.steps.update(world.steps)
        self.network.update(world.processor.counts)
        self.crashes.update(world.crashes.counts)
        self.refused.update(world.refused)

    def describe(self) -> str:
        """Return how far it has come."""
        return f"{self.finished} worlds, {self.crashes.total()} crashes, {len(self.problems)} with problems"


class Databases:
    """Makes databases as copies of one that has all tables.

    Args:
        server: where they are.
    """

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server: Final = server
        self._count = 0

    async def prepare(self) -> None:
        """Make the tables once."""
        database = await Database.connect(self._server.dsn(), application_name="ninefold chaos")
        async with database.transaction() as connection:
            await migrate(connection, migration_sources())
        await database.close()

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Yield a pool on a new database; then drop it."""
        self._count += 1
        name = f"world_{self._count}"
        await self._execute(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {DATABASE} STRATEGY file_copy")
        database = await Database.connect(self._server.dsn(database=name), application_name="ninefold chaos")
        try:
            yield database
        finally:
            await database.close()
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server.dsn(role=SUPERUSER, database="postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def run(options: argparse.Namespace) -> tuple[dict[str, Any], dict[int, list[str]]]:
    """Play and judge; return the outcome, and the problems of each world that has any."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), is_durable=False) as server:
        databases = Databases(server)
        await databases.prepare()
        simulation = Simulation(databases, options)
        duration_s = await play_rounds(
            numbers_of(options),
            simulation.play,
            at_once=options.concurrency,
            kill=_none(),
            describe=simulation.describe,
        )
        if options.only is None:
            began_at_s = time.monotonic()
            await simulation.die_at_each_commit()
            duration_s += time.monotonic() - began_at_s
    outcome = {
        "seed": options.seed,
        "worlds": simulation.finished,
        "failed": len(simulation.problems),
        "commits": simulation.commits,
        "steps": dict(simulation.steps.most_common()),
        "network": dict(simulation.network.most_common()),
        "crashes": dict(simulation.crashes.most_common()),
        "batches": simulation.batches,
        "bank_faults": dict(simulation.faults.most_common()),
        "refused": dict(simulation.refused.most_common()),
        "states": dict(simulation.states.most_common()),
        "duration_s": round(duration_s, 1),
    }
    return outcome, simulation.problems


async def _none() -> None:
    """Kill no process: here, they die around commits."""


def main() -> None:
    """Run, print the outcome as JSON, and fail if a world did."""
    parser = argparse.ArgumentParser(description="Let payments go wrong in simulated worlds, and judge every step.")
    add_options(parser, what="worlds", count=100, at_once=2, kills=None)
    parser.add_argument("--steps", type=int, default=120, help="of each world")
    parser.add_argument("--commits", type=int, default=30, help="around which one world dies, one after the other")
    options = parser.parse_args()
    # Standard output is for the outcome.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    outcome, problems = asyncio.run(run(options))
    print_outcome(outcome, problems, program=PROGRAM, options=options)
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    main()
