"""Positions and beacons that come at the same time, with PostgreSQL."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

from http_api import Api
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.video.model.plays import PLAY_PREFIX, Beacon, Event, EventType
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.watching import PROFILE_PREFIX
from ninefold.systems.video.rules.positions import report
from ninefold.systems.video.service.plays import record_beacons
from ninefold.systems.video.service.positions import merge_position
from ninefold.systems.video.service.tokens import PlayToken
from video_titles import FILM_S, make_profile, make_title, organisation_of


async def test_reports_of_many_devices_at_once_lose_nothing(api: Api, database: Database) -> None:
    profile_id, title_id = await make_profile(api), await make_title(api, database, "Night Ferry")
    now = datetime.now(UTC)

    async def say(number: int) -> None:
        position = report(
            position_s=FILM_S if number == 7 else 100 * number,
            duration_s=FILM_S,
            watched_at=now - timedelta(seconds=20 - number),
            now=now,
            device=f"device {number}",
            is_ended=False,
        )
        async with database.transaction() as connection:
            await merge_position(
                connection,
                profile_id=parse_id(PROFILE_PREFIX, profile_id),
                title_id=parse_id(TITLE_PREFIX, title_id),
                position=position,
            )

    numbers = [*range(20)] * 2
    random.Random(3).shuffle(numbers)
    await asyncio.gather(*[say(number) for number in numbers])

    found = await api.get(f"/video/profiles/{profile_id}/positions/{title_id}")
    assert (found["position_s"], found["device"]) == (1_900, "device 19")
    assert datetime.fromisoformat(found["finished_at"]) == now - timedelta(seconds=13)


async def test_beacons_that_several_servers_get_at_once_count_once(api: Api, database: Database) -> None:
    title_id, profile_id = await make_title(api, database, "Night Ferry"), await make_profile(api)
    play = await api.done("POST", f"/video/titles/{title_id}/plays", json={"profile_id": profile_id})
    now = datetime.now(UTC)
    token = PlayToken(
        title_id=parse_id(TITLE_PREFIX, title_id),
        organisation_id=await organisation_of(api, database),
        profile_id=parse_id(PROFILE_PREFIX, profile_id),
        session_id=parse_id(PLAY_PREFIX, play["play_id"]),
        expires_at=0,
    )
    beacons = [
        Beacon(
            play_id=play["play_id"],
            sequence=number,
            at=now - timedelta(seconds=30 - number),
            position_s=number,
            played_s=1,
            events=[Event(type=EventType.SWITCH, at=now)],
        )
        for number in range(30)
    ]

    async def take(several: list[Beacon]) -> int:
        async with database.transaction() as connection:
            return await record_beacons(connection, token, several, now=now)

    parts = [beacons[at : at + 7] for at in range(0, 30, 3)]
    counts = await asyncio.gather(*[take(part) for part in parts * 2])

    assert sum(counts) == 30
    experience = await api.get("/video/experience")
    assert (experience["switches_per_play"], experience["plays"]) == (30, 1)
    found = await api.get(f"/video/profiles/{profile_id}/positions/{title_id}")
    assert found["position_s"] == 29
