"""Measures what viewers wait for: a recommendation, a search for each key that is pressed, and what a beacon costs."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import numpy as np

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Database
from ninefold.systems.video.model.plays import PLAY_PREFIX, Beacon, Event, EventType, Play
from ninefold.systems.video.model.recommendations import Watch
from ninefold.systems.video.rules.fold_in import CONFIDENCE, REGULARIZATION, Recommender
from ninefold.systems.video.service.plays import record_beacons
from ninefold.systems.video.service.search import search
from ninefold.systems.video.service.tokens import PlayToken
from ninefold.systems.video.store.plays import play_insert

TITLES: Final = 10_000
FACTORS: Final = 64
WATCHES: Final = 30
REPEATS: Final = 200
SEARCHES: Final = 60
PLAYS: Final = 50
BEACONS: Final = 20
SEED: Final = 20260131
FOLD_IN_MS_MAX: Final = 1.0
SEARCH_MS_MAX: Final = 30.0

_SYLLABLES: Final = [
    "ka",
    "lo",
    "mi",
    "ter",
    "nor",
    "vik",
    "sal",
    "ti",
    "de",
    "win",
    "ber",
    "gu",
    "ra",
    "sen",
    "pol",
    "ar",
    "no",
    "ste",
    "lin",
    "har",
    "bo",
    "ur",
    "co",
    "ld",
]
_INSERT: Final = """
    INSERT INTO video.title (
        title_id, organisation_id, name, description, tags, status, duration_us, playable_at, uploaded_at, ended_at
    )
    VALUES ($1, $2, $3, $4, $5, 'ready', 6000000000, now(), now(), now())
"""


async def measure_watching(dsn: str, organisation_id: UUID) -> dict[str, Any]:
    """Measure all of it with titles of their own; results that aren't right end the run."""
    database = await Database.connect(dsn, application_name="bench", connections_max=2)
    try:
        names = await _make_titles(database, organisation_id)
        return {
            "fold_in": _measure_fold_in(),
            "search": await _measure_search(database, organisation_id, names),
            "beacons": await _measure_beacons(database, organisation_id),
        }
    finally:
        await database.close()


def describe(results: dict[str, Any]) -> Sequence[str]:
    """Return the results as lines."""
    fold_in, found, beacons = results["fold_in"], results["search"], results["beacons"]
    return [
        f"A recommendation among {TITLES:,} titles: {fold_in['p50_ms']} ms (goal {FOLD_IN_MS_MAX:g} ms).",
        f"A search among {TITLES:,} titles: {found['p50_ms']} ms, p95 {found['p95_ms']} ms (goal {SEARCH_MS_MAX:g}).",
        f"A beacon: {beacons['p50_ms']} ms with its commit.",
    ]


def _measure_fold_in() -> dict[str, Any]:
    numbers = np.random.default_rng(SEED)
    factors = numbers.normal(size=(TITLES, FACTORS)).astype(np.float32)
    ids = [new_id() for _ in range(TITLES)]
    recommender = Recommender(b"".join(each.bytes for each in ids), factors.tobytes(), factors=FACTORS)
    seen = [Watch(title_id=each, weight=0.5, is_finished=False) for each in ids[:WATCHES]]
    # The same by the textbook, over all titles instead of those that were watched.
    confidence = np.where(np.arange(TITLES) < WATCHES, 1 + CONFIDENCE * 0.5, 1.0)
    wide = factors.astype(np.float64)
    matrix = wide.T @ (wide * confidence[:, None]) + REGULARIZATION * np.eye(FACTORS)
    scores = wide @ np.linalg.solve(matrix, wide[:WATCHES].T @ confidence[:WATCHES])
    scores[:WATCHES] = -np.inf
    found = [each.title_id for each in recommender.recommend(seen, limit=10)]
    assert found == [ids[int(place)] for place in np.argsort(-scores)[:10]]
    return _percentiles([_time_ms(lambda: recommender.recommend(seen, limit=120)) for _ in range(REPEATS)])


async def _measure_search(database: Database, organisation_id: UUID, names: Sequence[str]) -> dict[str, Any]:
    numbers = random.Random(SEED)
    took = []
    for _ in range(SEARCHES):
        name = numbers.choice(names)
        removed = numbers.randrange(1, len(name))
        for text, is_expected in ((name, True), (name[:removed] + name[removed + 1 :], False), (name[:3], False)):
            began = time.perf_counter()
            async with database.snapshot() as connection:
                hits = await search(connection, organisation_id=organisation_id, profile=None, text=text, limit=20)
            took.append((time.perf_counter() - began) * 1000)
            assert not is_expected or name in {hit.card.name for hit in hits}, text
    return _percentiles(took)


async def _measure_beacons(database: Database, organisation_id: UUID) -> dict[str, Any]:
    now = datetime.now(UTC)
    async with database.connection() as connection:
        title_id = await connection.fetchval("SELECT title_id FROM video.title LIMIT 1")
    took = []
    for _ in range(PLAYS):
        play = Play(
            play_id=new_id(), organisation_id=organisation_id, title_id=title_id, profile_id=None, started_at=now
        )
        token = PlayToken(
            title_id=title_id,
            organisation_id=organisation_id,
            profile_id=None,
            session_id=play.play_id,
            expires_at=0,
        )
        async with database.transaction() as connection:
            await play_insert(connection, play=play, device="")
        for sequence in range(BEACONS):
            beacon = Beacon(
                play_id=format_id(PLAY_PREFIX, play.play_id),
                sequence=sequence,
                at=now,
                position_s=10.0 * sequence,
                played_s=10,
                events=[Event(type=EventType.HEARTBEAT, at=now)],
            )
            began = time.perf_counter()
            async with database.transaction() as connection:
                assert await record_beacons(connection, token, [beacon], now=now) == 1
            took.append((time.perf_counter() - began) * 1000)
    return _percentiles(took)


async def _make_titles(database: Database, organisation_id: UUID) -> list[str]:
    numbers = random.Random(SEED)
    words = ["".join(numbers.choices(_SYLLABLES, k=numbers.randint(2, 4))) for _ in range(8_000)]
    rows = [
        (
            new_id(),
            organisation_id,
            " ".join(numbers.choices(words, k=numbers.randint(2, 4))),
            " ".join(numbers.choices(words, k=40)),
            numbers.choices(words[:60], k=3),
        )
        for _ in range(TITLES)
    ]
    for at in range(0, TITLES, 500):
        async with database.transaction() as connection:
            await connection.executemany(_INSERT, rows[at : at + 500])
    return [row[2] for row in rows]


def _time_ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _percentiles(took_ms: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(took_ms)
    return {
        "p50_ms": round(statistics.median(ordered), 2),
        "p95_ms": round(ordered[int(0.95 * len(ordered))], 2),
        "count": len(ordered),
    }
