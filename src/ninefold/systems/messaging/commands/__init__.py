"""The commands `ninefold messaging …`, which use the HTTP API."""

from typing import Final

from cyclopts import App

from ninefold.systems.messaging.commands import app_tokens
from ninefold.systems.messaging.commands.apps import apps
from ninefold.systems.messaging.commands.members import members
from ninefold.systems.messaging.commands.recount import recount

messaging = App(name="messaging", help="Manage the members and apps of messaging, and check its counts.")
messaging.command(members)
messaging.command(apps)
apps.command(app_tokens.tokens)
apps.command(app_tokens.replace_signing_secret, name="signing-secret")
messaging.command(recount, name="recount")

COMMANDS: Final = (messaging,)
