"""Checks the current password of a person who is signed in, because a session can be stolen."""

from typing import Any

from litestar import Request

from ninefold.core.clock import Clock
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import accounts, sign_in
from ninefold.core.tenancy.errors import PasswordWrongError
from ninefold.core.tenancy.model import Session
from ninefold.core.tenancy.passwords import Passwords
from ninefold.core.web.api_authentication import provide_session
from ninefold.core.web.site import Site


class PasswordProof:
    """Checks the password of the person of one request.

    Args:
        request: the request, which has a session.
        database: where the account is.
        passwords: checks the hash.
        clock: for the lock-out.
        site: says what the client's address is.
    """

    def __init__(
        self, request: Request[Any, Any, Any], *, database: Database, passwords: Passwords, clock: Clock, site: Site
    ) -> None:
        self._session: Session = provide_session(request.scope)
        self._address = site.client_address(request)
        self._database = database
        self._passwords = passwords
        self._clock = clock

    async def require(self, password: str, *, field: str) -> None:
        """Make sure that the password is right. Wrong ones count as failed sign-ins.

        Raises:
            PasswordWrongError: it is wrong.
            TooManySignInsError: there were too many failures.
        """
        async with self._database.connection() as connection:
            account = await accounts.get_account(connection, self._session.account_id)
            async with connection.transaction():
                await sign_in.admit_attempt(
                    connection, email=account.email, address=self._address, now=self._clock.now()
                )
        if not await self._passwords.verify(password, account.password_hash):
            raise PasswordWrongError("The current password is wrong.", field=field, remedy="Try again.")
        async with self._database.connection() as connection, connection.transaction():
            await sign_in.excuse_attempt(connection, email=account.email, address=self._address, is_complete=True)
