"""How many games a player and an organisation can have at once, however they begin."""

from datetime import UTC, datetime

import pytest

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.chess.errors import InvalidGameError
from ninefold.systems.chess.model import Game, Player, RealTime, Seek, Terms
from ninefold.systems.chess.service.challenges import accept_challenge, create_challenge, join_as_guest
from ninefold.systems.chess.service.games import start_game
from ninefold.systems.chess.service.players import create_player
from ninefold.systems.chess.service.seeks import accept_seek, create_seek

BLITZ = RealTime(limit_s=180, increment_s=2)
TERMS = Terms(time_control=BLITZ, is_rated=False, colour="random")
NOW = datetime.now(UTC)


async def make_players(connection: Connection) -> tuple[Player, Player]:
    """Create two players of a new organisation."""
    organisation_id = (await create_organisation(connection, name="chess")).organisation_id
    ada = await create_player(connection, organisation_id=organisation_id, name="ada")
    return ada, await create_player(connection, organisation_id=organisation_id, name="bob")


async def begin(connection: Connection, white: Player, black: Player, *, organisation_max: int = 100) -> Game:
    return await start_game(
        connection,
        organisation_id=white.organisation_id,
        white=white,
        black=black,
        time_control=BLITZ,
        is_rated=False,
        source="api",
        now=NOW,
        organisation_max=organisation_max,
    )


async def test_an_organisation_has_a_limit_of_games_that_others_do_not_count_for(database: Database) -> None:
    async with database.transaction() as connection:
        ada, bob = await make_players(connection)
        others = await make_players(connection)
        await begin(connection, ada, bob, organisation_max=1)

        with pytest.raises(InvalidGameError, match="The organisation has 1 games"):
            await begin(connection, bob, ada, organisation_max=1)

        assert (await begin(connection, *others, organisation_max=1)).reason is None


async def test_the_limit_of_a_player_holds_for_challenges_and_guests(database: Database) -> None:
    async with database.transaction() as connection:
        ada, bob = await make_players(connection)
        await begin(connection, ada, bob)
        direct = await create_challenge(connection, player=ada, to=bob, terms=TERMS, now=NOW)
        by_link = await create_challenge(connection, player=ada, to=None, terms=TERMS, now=NOW)

        with pytest.raises(InvalidGameError, match="A player has 1 games"):
            await accept_challenge(connection, player=bob, challenge_id=direct.challenge_id, now=NOW, running_max=1)
        with pytest.raises(InvalidGameError, match="A player has 1 games"):
            await join_as_guest(connection, challenge_id=by_link.challenge_id, now=NOW, running_max=1)


async def test_the_limit_of_a_player_holds_for_seeks(database: Database) -> None:
    async with database.transaction() as connection:
        ada, bob = await make_players(connection)
        await begin(connection, ada, bob)
        seek = await create_seek(connection, player=ada, terms=TERMS, now=NOW)
        assert isinstance(seek, Seek)

        with pytest.raises(InvalidGameError, match="A player has 1 games"):
            await accept_seek(connection, player=bob, seek_id=seek.seek_id, now=NOW, running_max=1)
        with pytest.raises(InvalidGameError, match="A player has 1 games"):
            await create_seek(connection, player=bob, terms=TERMS, now=NOW, running_max=1)
