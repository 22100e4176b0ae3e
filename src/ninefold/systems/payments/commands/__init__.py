"""The commands `ninefold payments …`, which use the HTTP API."""

from typing import Final

from cyclopts import App

from ninefold.systems.payments.commands.merchants import merchants

payments = App(name="payments", help="Manage merchants and their payments.")
payments.command(merchants)

COMMANDS: Final = (payments,)
