"""The commands `ninefold payments …`, which use the HTTP API."""

from typing import Final

from cyclopts import App

from ninefold.systems.payments.commands.doubts import doubts
from ninefold.systems.payments.commands.ledger import audit, list_accounts
from ninefold.systems.payments.commands.merchants import merchants
from ninefold.systems.payments.commands.reconciliation import breaks, close_day, days, reconcile, statements
from ninefold.systems.payments.commands.settlement import bank_files, batches, payouts, settle

payments = App(name="payments", help="Manage merchants and their payments.")
payments.command(merchants)
payments.command(doubts)
payments.command(list_accounts, name="accounts")
payments.command(audit)
payments.command(settle)
payments.command(batches)
payments.command(payouts)
payments.command(bank_files)
payments.command(statements)
payments.command(reconcile)
payments.command(days)
payments.command(breaks)
payments.command(close_day)

COMMANDS: Final = (payments,)
