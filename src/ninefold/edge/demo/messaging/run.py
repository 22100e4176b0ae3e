"""The steps of `ninefold demo messaging`: let them talk, cut one off, kill the server, and compare every device."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import httpx
import msgspec

from ninefold.edge.demo.installation import Installation, start_installation
from ninefold.edge.demo.killing import kill_process
from ninefold.edge.demo.messaging.api import MessagingApi, Talker
from ninefold.edge.demo.messaging.copies import ChannelCopy
from ninefold.edge.demo.messaging.devices import Device
from ninefold.edge.demo.messaging.display import ChannelView, Watched, print_summary
from ninefold.edge.demo.messaging.github import tell_news
from ninefold.edge.demo.messaging.recounting import recount_unread
from ninefold.edge.demo.messaging.script import BOT, CHANNEL, DEVICES, SCRIPT, Step
from ninefold.edge.demo.messaging.summary import (
    MessagingSummary,
    UnreadProof,
    find_problems,
    find_wrong_counts,
    make_timeline,
)
from ninefold.edge.demo.payloads import read_payloads
from ninefold.edge.demo.presentation import present
from ninefold.edge.demo.progress import Progress
from ninefold.edge.simulation.clients import Address
from ninefold.edge.simulation.copies import Entry, prove
from ninefold.edge.simulation.network import Conditions, Network

SEED: Final = 4
CONDITIONS: Final = Conditions(
    loss=0.1,
    duplication=0.1,
    lateness=0.15,
    freezing=0.0,
    delay_s=(0.01, 0.08),
    late_s=(0.15, 0.5),
    freeze_s=(0.0, 0.0),
    cutting=0.03,
)
WATCHED: Final = "tomas laptop"
"""The device whose screen is shown."""

ENDS_WITHIN_S: Final = 120.0


async def run_messaging_demo(*, is_json: bool, pace_s: float) -> bool:
    """Run the whole demo.

    Args:
        is_json: print the summary as JSON on standard output, and progress on standard error.
        pace_s: how long after a step the next one follows, whether it was answered or not.

    Returns:
        Whether every device has exactly the log that was committed, and every unread count is right.
    """
    demonstrate = partial(_demonstrate, pace_s=pace_s)
    return await present(demonstrate, ChannelView(), print_summary=print_summary, is_json=is_json)


async def _demonstrate(progress: Progress[Watched], *, pace_s: float) -> MessagingSummary:
    async with AsyncExitStack() as stack:
        progress.say("Starting Ninefold with an embedded PostgreSQL in a temporary folder")
        installation = await stack.enter_async_context(start_installation())
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        api = MessagingApi(http, Address([installation.url]), api_key=installation.api_key)
        demonstration = Demonstration(installation, progress)
        started_at_s = time.monotonic()
        async with asyncio.timeout(ENDS_WITHIN_S):
            log, channel_id = await demonstration.talk(http, api, pace_s=pace_s)
        duration_s = time.monotonic() - started_at_s
        progress.say("Comparing every device with the log, and every unread count with a recount")
        devices = demonstration.devices
        unread = [
            await _prove_unread(api, channel_id, owner, devices[name])
            for owner, name in demonstration.screens().items()
        ]
        recount = await recount_unread(installation.url, api_key=installation.api_key)
        progress.say("Stopping Ninefold and removing its folder")
    problems = [*find_problems(log, devices), *find_wrong_counts(unread), *demonstration.find_problems()]
    if recount.differences:
        problems.append(f"`ninefold messaging recount` finds {len(recount.differences)} wrong counts.")
    return MessagingSummary(
        is_complete=not problems,
        timeline=make_timeline(devices[WATCHED].copy, demonstration.talkers),
        logs={"committed": prove(log), **{name: prove(device.copy.log) for name, device in devices.items()}},
        unread=unread,
        recounted=recount.compared,
        network=dict(demonstration.network.counts),
        killed=demonstration.killed,
        pause_s=demonstration.pause_s,
        offline_s=demonstration.offline_s,
        duration_s=round(duration_s, 1),
        problems=problems,
    )


class Demonstration:
    """Lets members and a bot talk on a bad network, cuts a device off, and kills the server in the middle."""

    def __init__(self, installation: Installation, progress: Progress[Watched]) -> None:
        self.network: Final = Network(CONDITIONS, seed=f"demo {SEED}")
        self.talkers: Final[list[Talker]] = []
        self.devices: Final[dict[str, Device]] = {}
        self.killed: Final[list[str]] = []
        self.pause_s: float | None = None
        self.offline_s: float | None = None
        self._installation: Final = installation
        self._progress: Final = progress
        self._news: Final = tell_news(read_payloads().payloads)
        self._killed_at: datetime | None = None
        self._offline_at_s = 0.0

    async def talk(self, http: httpx.AsyncClient, api: MessagingApi, *, pace_s: float) -> tuple[list[Entry], str]:
        """Play the script; return the log that was committed in the end, and the id of its channel."""
        channel = await self._prepare(http, api)
        following = [asyncio.create_task(device.follow()) for device in self.devices.values()]
        sending = [asyncio.create_task(device.send_all()) for device in self.devices.values()]
        try:
            self._progress.say("Three members and a bot talk over the public APIs. The network is bad")
            for step in SCRIPT:
                self._perform(step)
                await asyncio.sleep(pace_s)
            self._progress.say("Waiting until every outbox is empty and every device has caught up")
            await asyncio.gather(*[device.wait_until_sent() for device in self.devices.values()])
            # What was sent twice can still arrive, and can still change something.
            await asyncio.gather(*[device.client.finish() for device in self.devices.values()])
            log = await api.list_channel_log(channel["channel_id"])
            for device in self.devices.values():
                device.copy.end_at(len(log))
            await asyncio.gather(*following)
        finally:
            for task in (*following, *sending):
                task.cancel()
        await asyncio.gather(*[device.client.finish() for device in self.devices.values()])
        return log, channel["channel_id"]

    def screens(self) -> Mapping[Talker, str]:
        """Return the first device of each member."""
        return {talker: f"{talker.name} {DEVICES[talker.name][0]}" for talker in self.talkers if talker.name in DEVICES}

    def find_problems(self) -> list[str]:
        """Return what didn't happen as it should."""
        problems = []
        if self.pause_s is None:
            problems.append(f"Killed: {', '.join(self.killed) or 'nothing'}; nothing was committed after it.")
        if self.offline_s is None:
            problems.append("No device was without a network.")
        return problems

    async def _prepare(self, http: httpx.AsyncClient, api: MessagingApi) -> dict[str, Any]:
        bot = await api.create_app(BOT)
        members = [await api.create_member(name) for name in DEVICES]
        self.talkers.extend([bot, *members])
        channel = await api.create_channel(CHANNEL, members[0], *members[1:], bot)
        for owner in self.talkers:
            names = [f"{owner.name} {device}" for device in DEVICES[owner.name]] if owner.name in DEVICES else [BOT]
            for name in names:
                self.devices[name] = Device(
                    http,
                    Address([self._installation.url]),
                    owner=owner,
                    name=name,
                    channel=channel,
                    network=self.network,
                    copy=ChannelCopy(self._on_entry) if name == WATCHED else ChannelCopy(),
                )
        return channel

    def _perform(self, step: Step) -> None:
        match step.kind:
            case "kill server":
                self._kill()
            case "lose network":
                self.devices[step.device].lose_network()
                self._offline_at_s = time.monotonic()
                self._progress.say(f"{step.device} has no network any more")
            case "find network":
                device = self.devices[step.device]
                self.offline_s = round(time.monotonic() - self._offline_at_s, 1)
                self._progress.say(
                    f"{step.device} is back after {self.offline_s:.1f} s, with {device.pending} messages in its outbox"
                )
                device.find_network()
            case "news":
                self.devices[step.device].add(msgspec.structs.replace(step, text=self._news[step.text]))
            case _:
                self.devices[step.device].add(step)

    def _on_entry(self, entry: Entry) -> None:
        self._progress.show(Watched(self.devices[WATCHED].copy, self.talkers, self.devices, self.network))
        if self._killed_at is None or self.pause_s is not None or entry["type"] != "message":
            return
        pause_s = (datetime.fromisoformat(entry["at"]) - self._killed_at).total_seconds()
        if pause_s > 0:
            self.pause_s = round(pause_s, 1)
            self._progress.say(f"The next message was committed {self.pause_s:.1f} s after the kill")

    def _kill(self) -> None:
        if kill_process(self._installation.pid, ["serve"]):
            self._killed_at = datetime.now(UTC)
            self.killed.append("ninefold serve")
            self._progress.say("Killed the server with SIGKILL, in the middle of the conversation")


async def _prove_unread(api: MessagingApi, channel_id: str, owner: Talker, device: Device) -> UnreadProof:
    """Return what the server counts for a member, and what a device of it counts from its copy."""
    counted = await api.get_unread(owner.member_id, channel_id=channel_id)
    assert counted is not None, "nobody leaves the channel"
    recounted = device.copy.count_unread(owner.member_id, read_sequence=counted["read_sequence"])
    return UnreadProof(
        member=owner.name,
        read_sequence=counted["read_sequence"],
        unread=counted["unread"],
        mentions=counted["mentions"],
        recounted_unread=recounted.unread,
        recounted_mentions=recounted.mentions,
    )
