"""The sample data of chess: players, games with moves and chat, challenges and seeks for each way to end them."""

from chess_api import begin
from http_api import Api, Json
from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-plays-this"
CLOCK = {"limit_s": 180, "increment_s": 2}


async def make_sample_data(context: SampleContext) -> SampleData:
    """Play two games, write a line in one of them, and propose some more."""
    api = context.api
    first = await begin(api)
    duel = await begin(api)
    await first.play(["e2e4", "e7e5"])
    await duel.play(["e2e4", "e7e5"])
    player_id, opponent_id = duel.players["white"], duel.players["black"]
    body = {"room": "player", "text": SECRET_TEXT, "player_id": player_id}
    await api.done("POST", f"{duel.path}/chat", json=body)
    token = await api.done("POST", f"/chess/players/{player_id}/tokens", json={"name": SECRET_TEXT})
    # Ended, so that they look the same whenever they are read.
    await first.act("white", "resign")
    await duel.act("white", "resign")
    return SampleData(
        ids={
            "game_id": duel.game_id,
            "player_id": player_id,
            "token_id": token["token_id"],
            # They aren't in a path, but in bodies.
            "white_player_id": player_id,
            "black_player_id": opponent_id,
        },
        ids_of={
            "accept_challenge": await challenge(api, opponent_id, player_id),
            "decline_challenge": await challenge(api, opponent_id, player_id),
            "cancel_challenge": await challenge(api, player_id, opponent_id),
            "get_challenge": await challenge(api, player_id, opponent_id),
            "offer_rematch": {"game_id": first.game_id, "player_id": first.players["white"]},
            "accept_seek": await seek(api, "seeking"),
            "cancel_seek": await seek(api, "canceling"),
        },
        secret_text=SECRET_TEXT,
        destroying=["revoke_player_token"],
        not_for_keys=["get_own_player", "list_challenges"],
        needs_own=["create_engine_game", "create_game", "create_challenge", "create_seek"],
    )


async def challenge(api: Api, one: str, two: str) -> Json:
    """Have a player challenge another one; return the ids for its answer."""
    body = {"player_id": one, "to_player_id": two, "clock": CLOCK}
    return {"challenge_id": (await api.done("POST", "/chess/challenges", json=body))["challenge_id"]}


async def seek(api: Api, name: str) -> Json:
    """Have a new player look for an opponent with a clock of its own; return the ids for its answer."""
    player = await api.done("POST", "/chess/players", json={"name": name})
    body = {"player_id": player["player_id"], "clock": {"limit_s": 600 + 60 * len(name), "increment_s": 0}}
    opened = await api.done("POST", "/chess/seeks", json=body)
    return {"seek_id": opened["seek"]["seek_id"]}
