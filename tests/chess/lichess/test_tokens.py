"""The token that `ninefold chess players create` prints, in the hands of Lichess's official client."""

import json
from uuid import UUID

import berserk
import pytest

from chess_installation import ChessInstallation
from ninefold.core.ids import format_id
from ninefold.core.tenancy.model import ORGANISATION_PREFIX


def test_a_bot_plays_with_the_token_of_the_command_until_it_is_revoked(
    installation: ChessInstallation, organisation_id: UUID
) -> None:
    key = json.loads(
        installation.run("keys", "create", "--organisation", format_id(ORGANISATION_PREFIX, organisation_id), "--json")
    )["api_key"]
    created = json.loads(installation.run("chess", "players", "create", "hal", "--bot", "--json", api_key=key))
    client = installation.client(created["token"])

    assert client.account.get()["title"] == "BOT"

    installation.run("chess", "players", "tokens", "revoke", "HAL", created["token_id"], api_key=key)
    with pytest.raises(berserk.exceptions.ResponseError, match="401"):
        client.account.get()
