"""Every way in which a game can end, one by one, with its PGN read back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from chess_api import FOOLS_MATE, SCHOLARS_MATE, Duel, begin
from chess_turns import flag, let_pass
from http_api import Api, Json
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.chess.model import GAME_PREFIX, START_FEN
from ninefold.systems.chess.rules.pgn import read_pgn
from ninefold.systems.chess.service.presence import mark_gone

OPENING = ["e2e4", "e7e5"]
TO_AND_FRO = ["g1f3", "g8f6", "f3g1", "f6g8"]
ROOK_ENDING = "8/8/5k2/8/8/3KR3/8/8 w - - {halfmoves} 100"


async def ended(duel: Duel) -> tuple[str | None, str]:
    """Check that the log, the game and its PGN tell the same; return the winner and the reason."""
    game, last = await duel.show(), (await duel.events())[-1]
    assert (game["status"], last["type"]) == ("ended", "ended")
    assert (last["data"]["winner"], last["data"]["reason"]) == (game["winner"], game["reason"])
    assert (game["offers"], game["clocks"]["running"]) == ({"draw": None, "takeback": None}, None)
    await check_pgn(duel, game)
    assert (await duel.move("a2a3", ply=len(game["moves"]) + 1))["reason"] == "game_ended"
    return game["winner"], game["reason"]


async def check_pgn(duel: Duel, game: Json) -> None:
    """Check that the PGN of a game has its moves, its first position and its result."""
    headers = {"Authorization": f"Bearer {duel.api.api_key}"}
    response = await duel.api.http.get(f"/api/v1{duel.path}/pgn", headers=headers)
    read = read_pgn(response.text)
    results = {"white": "1-0", "black": "0-1", None: "1/2-1/2"}
    is_unplayed = game["reason"] in {"aborted", "not_started"}
    assert list(read.moves) == [move["uci"] for move in game["moves"]]
    assert read.initial_fen == game["initial_fen"]
    assert read.result == ("*" if is_unplayed else results[game["winner"]])


@pytest.mark.parametrize(
    ("fen", "moves", "winner", "reason"),
    [
        (START_FEN, SCHOLARS_MATE, "white", "checkmate"),
        (START_FEN, FOOLS_MATE, "black", "checkmate"),
        ("7k/5Q2/8/6K1/8/8/8/8 w - - 0 1", ["g5g6"], None, "stalemate"),
        ("8/8/3k4/8/8/4K3/5p2/8 w - - 0 1", ["e3f2"], None, "insufficient_material"),
        (START_FEN, TO_AND_FRO * 4, None, "fivefold"),
        (ROOK_ENDING.format(halfmoves=148), ["e3e1", "f6f5"], None, "seventy_five_moves"),
    ],
)
async def test_a_position_ends_a_game_by_itself(
    api: Api, fen: str, moves: Sequence[str], winner: str | None, reason: str
) -> None:
    duel = await begin(api, initial_fen=fen)
    *before, last = moves
    await duel.play(before)
    assert (await duel.show())["status"] != "ended"

    await duel.move(last)

    assert await ended(duel) == (winner, reason)


@pytest.mark.parametrize("action", ["claim_draw", "offer_draw"])
@pytest.mark.parametrize(
    ("fen", "moves", "reason"),
    [
        (START_FEN, TO_AND_FRO * 2, "threefold"),
        (ROOK_ENDING.format(halfmoves=98), ["e3e1", "f6f5"], "fifty_moves"),
    ],
)
async def test_the_player_to_move_claims_a_draw(
    api: Api, fen: str, moves: Sequence[str], reason: str, action: str
) -> None:
    duel = await begin(api, initial_fen=fen)
    *before, last = moves
    await duel.play(before)
    early = await duel.act("black", "claim_draw")
    await duel.move(last)
    not_its_turn = await duel.act("black", "claim_draw")

    claimed = await duel.act("white", action)

    assert (early["reason"], not_its_turn["reason"]) == ("no_claim", "not_your_turn")
    assert claimed["result"] == "committed"
    assert await ended(duel) == (None, reason)


@pytest.mark.parametrize(
    ("opening", "actions", "end"),
    [
        (OPENING, ["white resign"], ("black", "resignation")),
        (OPENING, ["black resign"], ("white", "resignation")),
        (OPENING, ["white offer_draw", "black accept_draw"], (None, "agreement")),
        ([], ["white abort"], (None, "aborted")),
        (["e2e4"], ["black abort"], (None, "aborted")),
    ],
)
async def test_players_end_a_game(
    api: Api, opening: Sequence[str], actions: Sequence[str], end: tuple[str | None, str]
) -> None:
    duel = await begin(api)
    await duel.play(opening)

    for text in actions:
        colour, _, action = text.partition(" ")
        assert (await duel.act(colour, action))["result"] == "committed"

    assert await ended(duel) == end


@pytest.mark.parametrize(
    ("fen", "moves", "end"),
    [
        (START_FEN, OPENING, ("black", "flag")),
        (START_FEN, [*OPENING, "g1f3"], ("white", "flag")),
        # White's time is up, and black has only a king.
        ("4k3/8/8/8/8/8/4P3/4K3 w - - 0 1", ["e2e4", "e8e7"], (None, "flag_insufficient")),
        # A knight can checkmate a king that its own pawn hinders.
        ("4k1n1/8/8/8/8/8/4P3/4K3 w - - 0 1", ["e2e4", "e8e7"], ("black", "flag")),
        (START_FEN, [], (None, "not_started")),
        (START_FEN, ["e2e4"], (None, "not_started")),
    ],
)
async def test_a_game_ends_when_time_is_up(
    api: Api, database: Database, fen: str, moves: Sequence[str], end: tuple[str | None, str]
) -> None:
    duel = await begin(api, initial_fen=fen)
    await duel.play(moves)
    assert not await flag(database, duel)
    await let_pass(database, duel, 200)

    assert await flag(database, duel)

    assert await ended(duel) == end


@pytest.mark.parametrize(("action", "winner"), [("claim_victory", "white"), ("claim_draw_gone", None)])
async def test_the_opponent_of_a_player_who_is_gone_claims(
    api: Api, database: Database, action: str, winner: str | None
) -> None:
    duel = await begin(api)
    await duel.play([*OPENING, "g1f3"])
    await api.request("POST", f"{duel.path}/presence", json={"player_id": duel.players["black"]})
    early = await duel.act("white", action)
    await let_pass(database, duel, 60)
    async with database.transaction() as connection:
        game_id = parse_id(GAME_PREFIX, duel.game_id)
        assert await mark_gone(connection, game_id=game_id, colour="black", now=datetime.now(UTC))
    assert (await duel.show())["presence"]["black"]["is_gone"]
    own = await duel.act("black", action)

    await duel.act("white", action)

    assert (early["reason"], own["reason"]) == ("opponent_present", "opponent_present")
    assert await ended(duel) == (winner, "abandonment")


async def test_a_claim_waits_until_the_opponent_was_away_for_long_enough(api: Api, database: Database) -> None:
    duel = await begin(api)
    await duel.play(OPENING)
    await api.request("POST", f"{duel.path}/presence", json={"player_id": duel.players["black"]})
    await let_pass(database, duel, 20)
    async with database.transaction() as connection:
        game_id = parse_id(GAME_PREFIX, duel.game_id)
        assert await mark_gone(connection, game_id=game_id, colour="black", now=datetime.now(UTC))

    assert (await duel.act("white", "claim_victory"))["reason"] == "opponent_present"
    gone = (await duel.events())[-1]
    assert (gone["type"], gone["data"]["colour"]) == ("player_gone", "black")
    assert datetime.fromisoformat(gone["data"]["claimable_at"]) - datetime.now(UTC) < timedelta(seconds=20)
