"""The commands `ninefold chess …`, which use the HTTP API."""

from typing import Final

from cyclopts import App

from ninefold.systems.chess.commands.games import games
from ninefold.systems.chess.commands.players import players

chess = App(name="chess", help="Manage the players of chess, and view their games.")
chess.command(players)
chess.command(games)

COMMANDS: Final = (chess,)
