"""Lets rooms of devices talk on a bad network while servers and the worker are killed, and judges every log.

    .venv/bin/python bench/messaging/chaos.py [--seed 7] [--rooms 60] [--only 12] [--connections 2000]

In each room, four members with two devices each post, reply, edit, delete, react, pin, read, join, leave, and take
others out of the channel. Their network loses, repeats, delays and reorders messages, and cuts connections. In the end,
each device must have exactly the committed log, every answer must be true, and a referee that shares no code with
Ninefold must agree with the log, with the messages that are listed, and with every unread count. Who was taken out of a
private channel must have seen nothing after it.

Then `storm.py` runs: many connections come back after a server was killed. Exits with 1 if anything is wrong, and
prints how to repeat a room: all that is random follows from the seed, the room's number and the message's name.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import httpx
from room_devices import STEPS, Device
from room_judge import judge_device, judge_unread
from room_plans import Room
from room_referee import RoomReferee
from storm import run_storm

from ninefold.edge.demo.messaging.api import MessagingApi, Talker
from ninefold.edge.demo.messaging.recounting import recount_unread
from ninefold.edge.simulation.clients import Address, RefusedError, UnansweredError, open_http
from ninefold.edge.simulation.copies import Entry
from ninefold.edge.simulation.network import Conditions, Network
from ninefold.edge.simulation.nodes import Nodes, kill_at, running_nodes
from ninefold.edge.simulation.rounds import add_options, numbers_of, play_rounds, print_outcome

CONDITIONS: Final = Conditions(
    loss=0.08,
    duplication=0.08,
    lateness=0.12,
    freezing=0.03,
    delay_s=(0.0, 0.03),
    late_s=(0.1, 0.5),
    freeze_s=(0.3, 1.5),
    cutting=0.02,
)
SEATS: Final = 10
"""Groups of members, who share all rooms."""

MEMBERS: Final = 4
DEVICES: Final = ("laptop", "phone")
STUCK_AFTER_S: Final = 120.0
"""A room in which no device takes a step or gets an entry for so long is stuck. One on a busy machine is only slow."""

WINDOW_MAX: Final = 100
PROBLEMS_SHOWN: Final = 20


class Simulation:
    """Lets members talk in rooms, and counts what happened.

    Args:
        nodes: the processes.
        http: a client for all.
        seed: of everything that is random.
    """

    def __init__(self, nodes: Nodes, http: httpx.AsyncClient, *, seed: int) -> None:
        self.network: Final[Counter[str]] = Counter()
        self.entries: Final[Counter[str]] = Counter()
        self.answers: Final[Counter[str]] = Counter()
        self.problems: Final[dict[int, list[str]]] = {}
        self.kills: Final[list[str]] = []
        self.finished = 0
        self.steps = 0
        self._nodes: Final = nodes
        self._http: Final = http
        self._seed: Final = seed
        self._api: Final = MessagingApi(http, Address(nodes.urls), api_key=nodes.api_key)

    async def take_seats(self, rooms: int) -> list[list[Talker]]:
        """Create the members that share all rooms."""
        return [
            [await self._api.create_member(f"member-{seat}-{number}") for number in range(MEMBERS)]
            for seat in range(min(SEATS, rooms))
        ]

    async def talk(self, number: int, seats: list[list[Talker]]) -> None:
        """Let a room talk, and judge it."""
        members = seats[number % len(seats)]
        network = Network(CONDITIONS, seed=f"{self._seed} {number}")
        is_private = network.dice("kind").random() < 0.5  # noqa: PLR2004
        channel = await self._api.create_channel(f"room-{number}", *members, is_private=is_private)
        devices = [self._device(member, name, channel, network) for member in members for name in DEVICES]
        room = Room([member.member_id for member in members], [member.name for member in members])
        following = [asyncio.create_task(each.follow(channel["live_channel"], each.copy)) for each in devices]
        try:
            problems = await _unless_stuck(self._talk(channel, room, devices, following), devices)
        except (RefusedError, UnansweredError) as error:
            problems = [error.detail]
        for task in following:
            task.cancel()
        self.network.update(network.counts)
        self.finished += 1
        if problems:
            self.problems[number] = [f"{channel['channel_id']}: {problem}" for problem in problems]
            sys.stderr.write("\n  ".join([f"Room {number} failed.", *problems[:PROBLEMS_SHOWN]]) + "\n")

    async def _talk(
        self, channel: dict[str, Any], room: Room, devices: list[Device], following: list[asyncio.Task[None]]
    ) -> list[str]:
        """Let devices take their steps until all have the log; return what is wrong."""
        await asyncio.gather(*[self._take_steps(device, room) for device in devices])
        await asyncio.gather(*[device.finish() for device in devices])
        path = f"/channels/{channel['channel_id']}"
        await self._api.request("POST", f"{path}/archive", {"member_id": room.member_ids[0]})
        log = await self._api.list_channel_log(channel["channel_id"])
        referee = RoomReferee(log, is_private=channel["kind"] == "private")
        problems: list[str] = referee.judge()
        for device in devices:
            can_see = channel["kind"] == "public" or device.owner.member_id in referee.members
            device.copy.end_at(len(log) if can_see else 0)
        await asyncio.gather(*following)
        await asyncio.gather(*[device.finish() for device in devices])
        return problems + await self._judge(channel, log, referee, devices)

    def _device(self, member: Talker, name: str, channel: dict[str, Any], network: Network) -> Device:
        """Return a device; phones and laptops begin with different servers."""
        urls = self._nodes.urls if name == DEVICES[0] else self._nodes.urls[::-1]
        path = f"/api/v1/messaging/channels/{channel['channel_id']}"
        name = f"{member.name} {name}"
        return Device(self._http, Address(urls), owner=member, path=path, name=name, network=network)

    async def _take_steps(self, device: Device, room: Room) -> None:
        for number in range(STEPS):
            await device.take_step(room, number)
            self.steps += 1

    async def _judge(
        self, channel: dict[str, Any], log: list[Entry], referee: RoomReferee, devices: list[Device]
    ) -> list[str]:
        problems = []
        self.entries.update(entry["type"] for entry in log)
        for device in devices:
            problems += [f"{device.name}: {problem}" for problem in judge_device(device, log, referee)]
            self.answers.update(str(answers[0].status) for answers in device.answers.values())
            self.answers["repeated"] += sum(len(answers) - 1 for answers in device.answers.values())
        problems += referee.compare(await self._list_messages(channel["channel_id"]))
        for member in {device.owner for device in devices}:
            own = [device for device in devices if device.owner == member]
            counted = await self._api.get_unread(member.member_id, channel_id=channel["channel_id"])
            problems += [f"{member.name}: {each}" for each in judge_unread(member, counted, referee, own)]
        return problems

    async def _list_messages(self, channel_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        has_later = True
        while has_later:
            after = found[-1]["sequence"] if found else 0
            path = f"/channels/{channel_id}/messages?after={after}&limit={WINDOW_MAX}"
            window = await self._api.request("GET", path)
            found += window["items"]
            has_later = window["has_later"]
        return found

    def describe(self, rooms: int) -> str:
        """Return how far it has come."""
        return (
            f"{self.finished} of {rooms} rooms, {self.steps} steps, "
            f"{len(self.kills)} kills, {len(self.problems)} with problems"
        )

    async def kill(self, *, count: int, rooms: int) -> None:
        """Kill processes, each when the rooms together have come so far as the seed says, and start them again."""
        dice = random.Random(f"{self._seed} kills")
        steps = rooms * MEMBERS * len(DEVICES) * STEPS
        moments = sorted(dice.uniform(0.02, 0.9) * steps for _ in range(count))
        await kill_at(moments, self._nodes, dice, progress=lambda: self.steps, on_kill=self.kills.append)


async def _unless_stuck(work: Coroutine[Any, Any, list[str]], devices: list[Device]) -> list[str]:
    """Return the problems that work finds; if nothing happens on any device for a time, how far each has come."""
    task = asyncio.create_task(work)
    before: list[str] = []
    while not task.done():
        if (now := [device.progress for device in devices]) == before:
            task.cancel()
            return [f"Nothing has happened for {STUCK_AFTER_S:.0f} s.", *now]
        before = now
        await asyncio.wait([task], timeout=STUCK_AFTER_S)
    return task.result()


async def run(options: argparse.Namespace) -> tuple[dict[str, Any], dict[int, list[str]]]:
    """Talk, kill and judge; return the outcome, and the problems of each room that has any."""
    numbers = numbers_of(options)
    with tempfile.TemporaryDirectory() as folder:
        async with running_nodes(Path(folder)) as nodes, open_http() as http:
            simulation = Simulation(nodes, http, seed=options.seed)
            seats = await simulation.take_seats(len(numbers))
            duration_s = await play_rounds(
                numbers,
                lambda number: simulation.talk(number, seats),
                at_once=options.concurrency,
                kill=simulation.kill(count=options.kills, rooms=len(numbers)),
                describe=lambda: simulation.describe(len(numbers)),
            )
            await nodes.start_missing()
            recount = await recount_unread(nodes.urls[0], api_key=nodes.api_key)
            if recount.differences:
                simulation.problems[-1] = [f"`ninefold messaging recount`: {each}" for each in recount.differences]
    outcome = {
        "seed": options.seed,
        "rooms": simulation.finished,
        "failed": len(simulation.problems),
        "steps": simulation.steps,
        "entries": dict(simulation.entries.most_common()),
        "answers": dict(simulation.answers.most_common()),
        "network": dict(simulation.network),
        "kills": simulation.kills,
        "recounted": recount.compared,
        "duration_s": round(duration_s, 1),
    }
    return outcome, simulation.problems


def main() -> None:
    """Run both, print the outcomes as JSON, and fail if a room or the storm did."""
    parser = argparse.ArgumentParser(
        description="Let rooms of devices talk on a bad network while processes are killed."
    )
    add_options(parser, what="rooms", count=60, at_once=10, kills=8)
    parser.add_argument(
        "--connections", type=int, default=2_000, help="of the storm, which --only leaves out; 0 for none"
    )
    options = parser.parse_args()
    outcome, problems = asyncio.run(run(options))
    print_outcome(outcome, problems, program="bench/messaging/chaos.py", options=options)
    storm_problems: list[str] = []
    if options.only is None and options.connections:
        storm, storm_problems = asyncio.run(run_storm(options.connections))
        sys.stdout.write(json.dumps(storm) + "\n")
        sys.stderr.writelines(f"Storm: {problem}\n" for problem in storm_problems)
    if problems or storm_problems:
        sys.exit(1)


if __name__ == "__main__":
    main()
