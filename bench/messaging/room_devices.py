"""The devices of a simulated room: each takes its steps on a bad network, and keeps a copy of the channel."""

from typing import Any, Final

from room_plans import Room, choose

from ninefold.edge.demo.messaging.api import Talker
from ninefold.edge.demo.messaging.copies import ChannelCopy
from ninefold.edge.simulation.clients import Answer, SimulatedClient

STEPS: Final = 12
"""Of each device."""

RESEND_AFTER_S: Final = 1.0
"""Longer than in the demo, because many rooms share a machine."""


class Device(SimulatedClient):
    """A device in a room, and its copy of the channel."""

    def __init__(self, *arguments: Any, owner: Talker, path: str, **options: Any) -> None:
        super().__init__(*arguments, token=owner.token, resend_after_s=RESEND_AFTER_S, **options)
        self.owner: Final = owner
        self.copy: Final = ChannelCopy()
        self.posted: Final[dict[str, Answer]] = {}
        """How sending each message ended, by its id, in the order in which they were sent."""
        self.read: Final[dict[str, int]] = {}
        """Up to where it says that it has read, by message."""
        self.steps = 0
        """How many it has taken."""
        self._path: Final = path

    @property
    def progress(self) -> str:
        """How far it has come."""
        return f"{self.name} has taken {self.steps} steps of {STEPS} and has {self.copy.last_sequence} entries"

    async def take_step(self, room: Room, number: int) -> None:
        """Do something."""
        name = f"{self._path[-8:]} {self.name} {number}"
        if (freeze_s := self.network.freeze_s(name)) > 0:
            await self.freeze(freeze_s)
        action = choose(self.copy, room, own_id=self.owner.member_id, name=name, dice=self.network.dice(name))
        if action.path == "/read" and action.body is not None:
            self.read[name] = action.body["sequence"]
        answer = await self.send(action.method, f"{self._path}{action.path}", action.body, name=name)
        if "client_msg_id" in (action.body or {}):
            self.posted[name] = answer
        self.steps += 1
