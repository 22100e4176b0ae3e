"""Live tokens."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest

from ninefold.core.ids import new_id
from ninefold.core.live.errors import LiveTokenExpiredError, LiveTokenInvalidError
from ninefold.core.live.tokens import TOKEN_MARKER, LiveToken, TokenSigner
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal


def token(*, expires_in_s: float = 60, channels: frozenset[str] | None = None) -> LiveToken:
    principal = Principal(
        organisation_id=new_id(), account_id=new_id(), scopes=frozenset({"a", "b"}), credential_id=new_id()
    )
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=expires_in_s)
    return LiveToken(principal=principal, channels=channels, expires_at=expires_at)


@pytest.mark.parametrize("channels", [None, frozenset({"x:1", "x:2"}), frozenset[str]()])
async def test_any_server_of_the_installation_reads_what_a_token_says(
    database: Database, channels: frozenset[str] | None
) -> None:
    signed = token(channels=channels)
    text = await TokenSigner(database).sign(signed)

    assert await TokenSigner(database).verify(text) == signed
    assert [signed.allows("x:1"), signed.allows("x:3")] == [channels is None or "x:1" in channels, channels is None]


async def test_an_expired_token_is_refused(database: Database) -> None:
    signer = TokenSigner(database)

    with pytest.raises(LiveTokenExpiredError):
        await signer.verify(await signer.sign(token(expires_in_s=-1)))


async def test_an_altered_token_is_refused(database: Database) -> None:
    signer = TokenSigner(database)
    text = await signer.sign(token())
    content, _, signature = text.removeprefix(TOKEN_MARKER).partition(".")
    decoded = urlsafe_b64decode(content + "=" * (-len(content) % 4))
    later = urlsafe_b64encode(decoded.replace(b'"expires_at":', b'"expires_at":9')).rstrip(b"=").decode()

    for altered in (
        f"{TOKEN_MARKER}{later}.{signature}",
        f"{TOKEN_MARKER}{content}.{signature[:-2]}",
        f"{TOKEN_MARKER}{content}",
        f"{content}.{signature}",
        f"{TOKEN_MARKER}.",
        f"{TOKEN_MARKER}ä.ä",
        "",
    ):
        with pytest.raises(LiveTokenInvalidError):
            await signer.verify(altered)


async def test_a_token_of_another_installation_is_refused(database: Database) -> None:
    text = await TokenSigner(database).sign(token())
    async with database.connection() as connection:
        await connection.execute("DELETE FROM live.token_key")

    with pytest.raises(LiveTokenInvalidError):
        await TokenSigner(database).verify(text)
