"""Who starts or cancels a run, for people: the context `github.actor`, and what a run says."""

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.accounts import get_account
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import Principal


async def actor_of(connection: Connection, principal: Principal) -> str:
    """Return who acts: the mail address of a person, or the id of an API key."""
    if principal.account_id is not None:
        return (await get_account(connection, principal.account_id)).email
    # A name without spaces, since scripts put it into commands.
    return format_id(API_KEY.id_prefix, principal.credential_id)
