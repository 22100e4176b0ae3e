"""The sample data of chess: two players, one with a token, and two games between them, one with a line of chat."""

from chess.chess_api import begin
from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-plays-this"


async def make_sample_data(context: SampleContext) -> SampleData:
    """Play two games, and write a line in one of them."""
    api = context.api
    first = await begin(api)
    duel = await begin(api)
    await first.play(["e2e4"])
    await duel.play(["e2e4", "e7e5"])
    player_id = duel.players["white"]
    body = {"room": "player", "text": SECRET_TEXT, "player_id": player_id}
    await api.done("POST", f"{duel.path}/chat", json=body)
    token = await api.done("POST", f"/chess/players/{player_id}/tokens", json={"name": SECRET_TEXT})
    return SampleData(
        ids={
            "game_id": duel.game_id,
            "player_id": player_id,
            "token_id": token["token_id"],
            # They aren't in a path, but in bodies.
            "white_player_id": player_id,
            "black_player_id": duel.players["black"],
        },
        secret_text=SECRET_TEXT,
        destroying=["revoke_player_token"],
        not_for_keys=["get_own_player", "list_challenges"],
        needs_own=["create_game"],
    )
