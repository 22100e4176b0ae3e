"""The chat of a game: its rooms and its limits."""

import pytest

from chess_api import Duel, begin, create_player
from http_api import Api, Json
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.chess.model import GAME_PREFIX
from ninefold.systems.chess.service.chat import LINES_MAX, LINES_PER_WINDOW_MAX, TEXT_LENGTH_MAX


def line(player_id: str, text: str = "Good luck!", *, room: str = "player") -> Json:
    return {"room": room, "text": text, "player_id": player_id}


async def texts(api: Api, duel: Duel, room: str) -> list[str]:
    return [item["text"] for item in (await api.get(f"{duel.path}/chat?room={room}"))["items"]]


async def test_players_and_others_have_rooms_of_their_own(api: Api) -> None:
    duel, other = await begin(api), await create_player(api)
    await api.done("POST", f"{duel.path}/chat", json=line(duel.players["white"], "Good luck!"))
    await api.done("POST", f"{duel.path}/chat", json=line(other, "Who wins?", room="spectator"))

    assert await texts(api, duel, "player") == ["Good luck!"]
    assert await texts(api, duel, "spectator") == ["Who wins?"]


@pytest.mark.parametrize(("is_player", "room"), [(True, "spectator"), (False, "player")])
async def test_nobody_writes_in_the_other_room(api: Api, is_player: bool, room: str) -> None:  # noqa: FBT001  # a table.
    duel = await begin(api)
    writer = duel.players["white"] if is_player else await create_player(api)

    problem = await api.refused(403, "POST", f"{duel.path}/chat", json=line(writer, room=room))

    assert problem["field"] == "room"


async def test_a_line_has_a_largest_length(api: Api) -> None:
    duel = await begin(api)
    longest = "x" * TEXT_LENGTH_MAX

    await api.done("POST", f"{duel.path}/chat", json=line(duel.players["white"], longest))
    await api.refused(422, "POST", f"{duel.path}/chat", json=line(duel.players["white"], f"{longest}x"))
    await api.refused(422, "POST", f"{duel.path}/chat", json=line(duel.players["white"], ""))

    assert await texts(api, duel, "player") == [longest]


async def test_who_writes_too_much_has_to_wait_and_others_do_not(api: Api) -> None:
    duel = await begin(api)
    for number in range(LINES_PER_WINDOW_MAX):
        await api.done("POST", f"{duel.path}/chat", json=line(duel.players["white"], f"line {number}"))

    problem = await api.refused(429, "POST", f"{duel.path}/chat", json=line(duel.players["white"]))

    assert problem["is_retryable"]
    await api.done("POST", f"{duel.path}/chat", json=line(duel.players["black"], "another player"))
    assert len(await texts(api, duel, "player")) == LINES_PER_WINDOW_MAX + 1


async def test_a_room_can_be_full(api: Api, database: Database) -> None:
    duel = await begin(api)
    await api.done("POST", f"{duel.path}/chat", json=line(duel.players["white"]))
    async with database.transaction() as connection:
        game_id = parse_id(GAME_PREFIX, duel.game_id)
        await connection.execute("UPDATE chess.chat SET last_sequence = $2 WHERE game_id = $1", game_id, LINES_MAX)

    problem = await api.refused(429, "POST", f"{duel.path}/chat", json=line(duel.players["white"]))

    assert str(LINES_MAX) in problem["detail"]
