"""A device of the demo: its outbox keeps the order of what its member does, however long the network is gone."""

import asyncio
from typing import Any, Final

import httpx

from ninefold.edge.demo.messaging.api import Talker
from ninefold.edge.demo.messaging.copies import ChannelCopy
from ninefold.edge.demo.messaging.script import Step
from ninefold.edge.simulation.clients import Address, SimulatedClient
from ninefold.edge.simulation.network import Network


class Device:
    """One device of a member, or the program of the bot.

    Args:
        http: a client that can be shared.
        address: of the server.
        owner: whose it is.
        name: tells it from other devices.
        channel: the channel that it shows.
        network: decides what becomes of its messages.
        copy: what it knows about the channel.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        address: Address,
        *,
        owner: Talker,
        name: str,
        channel: dict[str, Any],
        network: Network,
        copy: ChannelCopy,
    ) -> None:
        self.owner: Final = owner
        self.name: Final = name
        self.copy: Final = copy
        self.client: Final = SimulatedClient(http, address, token=owner.token, name=name, network=network)
        self.is_online = True
        self.pending = 0
        """How many steps wait in its outbox, or for their answer."""
        self.problems: Final[list[str]] = []
        """What was refused."""
        self._path: Final = f"/api/v1/messaging/channels/{channel['channel_id']}"
        self._slack_id: Final = channel["slack_id"]
        self._live_channel: Final = channel["live_channel"]
        self._outbox: Final[asyncio.Queue[Step]] = asyncio.Queue()

    def add(self, step: Step) -> None:
        """Put a step into the outbox."""
        self.pending += 1
        self._outbox.put_nowait(step)

    async def follow(self) -> None:
        """Follow the channel until the copy is complete."""
        await self.client.follow(self._live_channel, self.copy)

    async def send_all(self) -> None:
        """Send what is in the outbox, one after the other; cancel it at the end."""
        while True:
            await self._send(await self._outbox.get())
            self.pending -= 1
            self._outbox.task_done()

    async def wait_until_sent(self) -> None:
        """Wait until the outbox is empty."""
        await self._outbox.join()

    def lose_network(self) -> None:
        """Go offline, with all connections."""
        self.is_online = False
        self.client.go_offline()

    def find_network(self) -> None:
        """Go online again."""
        self.is_online = True
        self.client.go_online()

    async def _send(self, step: Step) -> None:
        match step.kind:
            case "say":
                body: dict[str, Any] = {"text": step.text, "client_msg_id": step.label}
                if step.reply_to:
                    body["thread_sequence"] = await self._sequence_of(step.reply_to)
                await self._request("POST", f"{self._path}/messages", body, name=step.label)
            case "news":
                body = {"channel": self._slack_id, "text": step.text, "client_msg_id": step.label}
                await self._request("POST", "/slack/api/chat.postMessage", body, name=step.label)
            case "edit":
                await self._edit(step)
            case "delete":
                path = f"{self._path}/messages/{await self._sequence_of(step.label)}"
                await self._request("DELETE", path, name=f"delete {step.label}", may_be_gone=True)
            case "react":
                path = f"{self._path}/messages/{await self._sequence_of(step.label)}/reactions/{step.text}"
                await self._request("PUT", path, {}, name=f"react {step.label}")
            case "read":
                body = {"sequence": await self._sequence_of(step.label)}
                await self._request("POST", f"{self._path}/read", body, name=f"read {step.label}")

    async def _edit(self, step: Step) -> None:
        path = f"{self._path}/messages/{await self._sequence_of(step.label)}"
        await self._request("PATCH", path, {"text": step.text}, name=f"edit {step.label}")

    async def _sequence_of(self, label: str) -> int:
        await self.copy.wait_until(lambda: self.copy.find(label) is not None)
        message = self.copy.find(label)
        assert message is not None, "it was waited for"
        return message.sequence

    async def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, name: str, may_be_gone: bool = False
    ) -> None:
        answer = await self.client.send(method, path, body, name=name)
        is_gone = answer.status == httpx.codes.NOT_FOUND and may_be_gone
        if not (answer.is_success and answer.body.get("ok", True)) and not is_gone:
            self.problems.append(f"{name} was answered with {answer.status}: {answer.body}")
