"""A mail server for tests: aiosmtpd, which keeps what it is sent, and refuses what a test wants refused."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class MailServer:
    """What a mail server on 127.0.0.1 has taken. It sends each of `replies` once in place of its own to a mail."""

    def __init__(self) -> None:
        self.port = 0
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[str, str]] = []
        self.replies: deque[str] = deque()
        self._arrived = asyncio.Event()

    @property
    def mails(self) -> list[EmailMessage]:
        """What was taken, decoded."""
        return [message_from_bytes(cast("bytes", each.content), policy=policy.default) for each in self.envelopes]

    async def received(self, count: int, *, timeout_s: float = 20.0) -> None:
        """Wait for mails."""
        async with asyncio.timeout(timeout_s):
            while len(self.envelopes) < count:
                self._arrived.clear()
                await self._arrived.wait()

    # aiosmtpd calls it by this name.
    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.replies:
            return self.replies.popleft()
        self.envelopes.append(envelope)
        self._arrived.set()
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        """Accept any password, and keep it."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)


@asynccontextmanager
async def running_mail_server(**options: Any) -> AsyncIterator[MailServer]:
    """Run a mail server; `options` are those of `aiosmtpd.smtp.SMTP`."""
    kept = MailServer()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(kept, hostname="mail.test", authenticator=kept.authenticate, **options), "127.0.0.1", 0
    )
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()
        await server.wait_closed()
