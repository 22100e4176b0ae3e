"""What is announced when players meet: challenges in the channels of both, seeks in the lobby."""

from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.live.watched_log import append_watched, list_watched
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.systems.chess.model import CHALLENGE_PREFIX, SEEK_PREFIX, Challenge
from ninefold.systems.chess.service.channels import player_channel

ChallengeChange: TypeAlias = Literal[
    "challenge_created", "challenge_accepted", "challenge_declined", "challenge_canceled"
]


def lobby_channel(organisation_id: UUID) -> str:
    """Return the channel of the seeks of an organisation."""
    return f"chess.lobby:{format_id(ORGANISATION_PREFIX, organisation_id)}"


async def announce_challenge(connection: Connection, change: ChallengeChange, challenge: Challenge) -> None:
    """Append the change of a challenge to the channels of its players, for those who watch.

    Call it in the transaction of the change, and `notify_challenge` after the commit.
    """
    entry = msgspec.json.encode(
        {
            "type": change,
            "challenge_id": format_id(CHALLENGE_PREFIX, challenge.challenge_id),
            "short_id": challenge.short_id,
        }
    )
    channels = _channels_of(challenge)
    await list_watched(connection, prefix=channels[0])
    await append_watched(connection, [(channel, entry) for channel in channels])


async def announce_seek(
    connection: Connection, change: Literal["seek_opened", "seek_closed"], *, organisation_id: UUID, seek_id: UUID
) -> None:
    """Append the change of a seek to the lobby, for those who watch; call `notify_lobby` after the commit."""
    channel = lobby_channel(organisation_id)
    entry = msgspec.json.encode({"type": change, "seek_id": format_id(SEEK_PREFIX, seek_id)})
    await list_watched(connection, prefix=channel)
    await append_watched(connection, [(channel, entry)])


def notify_challenge(notifier: Notifier, challenge: Challenge) -> None:
    """Wake those who watch the players of a challenge; call it after the commit."""
    notifier.notify(LIVE_CHANNEL, *_channels_of(challenge))


def notify_lobby(notifier: Notifier, organisation_id: UUID) -> None:
    """Wake those who watch the lobby; call it after the commit."""
    notifier.notify(LIVE_CHANNEL, lobby_channel(organisation_id))


def _channels_of(challenge: Challenge) -> list[str]:
    both = (challenge.from_player_id, challenge.to_player_id)
    return [player_channel(player_id) for player_id in both if player_id is not None]
