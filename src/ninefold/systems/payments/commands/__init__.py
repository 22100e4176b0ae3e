"""The commands `ninefold payments …`, which use the HTTP API."""

from typing import Final

from cyclopts import App

from ninefold.systems.payments.commands.doubts import doubts
from ninefold.systems.payments.commands.ledger import audit, list_accounts
from ninefold.systems.payments.commands.merchants import merchants

payments = App(name="payments", help="Manage merchants and their payments.")
payments.command(merchants)
payments.command(doubts)
payments.command(list_accounts, name="accounts")
payments.command(audit)

COMMANDS: Final = (payments,)
