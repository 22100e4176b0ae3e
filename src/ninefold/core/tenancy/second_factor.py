"""The second factor of an account: enrolling an authenticator app, its codes at a sign-in, and recovery codes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import SealedColumn, Sealer, open_value
from ninefold.core.tenancy.accounts import no_account
from ninefold.core.tenancy.errors import (
    SecondFactorInvalidError,
    SecondFactorRequiredError,
    TotpCodeInvalidError,
    TotpStateError,
)
from ninefold.core.tenancy.model import Account
from ninefold.core.tenancy.store import accounts as store
from ninefold.core.tenancy.totp import (
    accepted_step,
    digest_recovery_code,
    new_recovery_codes,
    new_totp_secret,
    totp_uri,
)


class TotpEnrolment(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticator app that isn't enabled yet."""

    secret: str
    """In base32, for apps that can't read the QR code."""
    uri: str
    """The content of the QR code."""

    def __repr__(self) -> str:
        return "TotpEnrolment()"


async def begin_totp(connection: Connection, sealer: Sealer, account_id: UUID) -> TotpEnrolment:
    """Store the secret of a new authenticator app, which is enabled by its first code.

    Raises:
        TotpStateError: an app is enabled already.
        SettingError: the file of the key can't be used.
    """
    account = await _lock_account(connection, account_id)
    if account.totp_enabled_at is not None:
        raise TotpStateError(
            "An authenticator app is enabled already.", remedy="Disable it first, and then enrol another."
        )
    secret = new_totp_secret()
    await store.account_set_totp(connection, account_id=account_id, totp_sealed=_seal(sealer, account_id, secret))
    return TotpEnrolment(secret=secret, uri=totp_uri(secret, email=account.email))


async def enable_totp(
    connection: Connection, sealer: Sealer, account_id: UUID, *, code: str, now: datetime
) -> list[str]:
    """Enable the authenticator app with its first code; return new recovery codes.

    Raises:
        TotpStateError: no app was enrolled, or it is enabled already.
        TotpCodeInvalidError: the code is wrong.
    """
    account = await _lock_account(connection, account_id)
    secret = _open(sealer, account)
    if secret is None or account.totp_enabled_at is not None:
        raise TotpStateError(
            "There is no authenticator app to enable.", remedy="Enrol one first: POST /api/v1/account/totp."
        )
    step = accepted_step(secret, code.strip(), last_step=None, now=now)
    if step is None:
        raise TotpCodeInvalidError(
            "The code isn't one of the app that was enrolled last.",
            field="code",
            remedy="Wait for the next code of the app, or check the clock of its device.",
        )
    await store.account_set_totp_step(connection, account_id=account_id, totp_last_step=step)
    return await replace_recovery_codes(connection, account_id)


async def disable_totp(connection: Connection, account_id: UUID) -> None:
    """Remove the authenticator app and the recovery codes; without an app, this has no effect."""
    await store.account_set_totp(connection, account_id=account_id, totp_sealed=None)
    await store.account_delete_recovery_codes(connection, account_id=account_id)


async def replace_recovery_codes(connection: Connection, account_id: UUID) -> list[str]:
    """Return new recovery codes; the earlier ones become invalid.

    Raises:
        TotpStateError: no authenticator app is enabled, so there is nothing that they could replace.
    """
    account = await _lock_account(connection, account_id)
    if account.totp_enabled_at is None:
        raise TotpStateError("No authenticator app is enabled.", remedy="Enrol one first: POST /api/v1/account/totp.")
    codes = new_recovery_codes()
    await store.account_delete_recovery_codes(connection, account_id=account_id)
    await store.account_insert_recovery_codes(
        connection, account_id=account_id, digests=[digest_recovery_code(code) for code in codes]
    )
    return codes


async def check_second_factor(
    connection: Connection, sealer: Sealer, account_id: UUID, *, code: str | None, now: datetime
) -> None:
    """Check the code of an account that has an authenticator app; it can be a recovery code.

    If another than Ninefold has changed the app's secret, only recovery codes are accepted.

    Raises:
        SecondFactorRequiredError: there is no code.
        SecondFactorInvalidError: the code is wrong, or was used before.
        SecretsKeyMissingError: this process lacks a key, so it can check nobody's code.
    """
    account = await _lock_account(connection, account_id)
    if account.totp_enabled_at is None:
        return
    if not code:
        raise SecondFactorRequiredError(
            "The account also needs a code.",
            field="code",
            remedy="Send the same request again, with the code of the authenticator app or a recovery code.",
        )
    secret = _open(sealer, account)
    step = None if secret is None else accepted_step(secret, code.strip(), last_step=account.totp_last_step, now=now)
    if step is not None:
        await store.account_set_totp_step(connection, account_id=account_id, totp_last_step=step)
    elif not await store.account_use_recovery_code(
        connection, account_id=account_id, digest=digest_recovery_code(code)
    ):
        raise SecondFactorInvalidError(
            "The code is wrong, or was used before.",
            field="code",
            remedy="Wait for the next code of the authenticator app, check its clock, or use a recovery code.",
        )


async def _lock_account(connection: Connection, account_id: UUID) -> Account:
    account = await store.account_lock(connection, account_id=account_id)
    if account is None:
        raise no_account(account_id)
    return account


def _seal(sealer: Sealer, account_id: UUID, secret: str) -> bytes:
    return sealer.seal(secret, purpose=TOTP_SECRETS.purpose(account_id))


def _open(sealer: Sealer, account: Account) -> str | None:
    content = open_value(sealer, TOTP_SECRETS.table, account.account_id, account.totp_sealed)
    return None if content is None else content.decode()


async def _replace_lost(connection: Connection, sealer: Sealer, account_ids: Sequence[UUID]) -> None:
    """Put other secrets in their place, which no app has: without the second factor, nobody gets in."""
    for account_id in account_ids:
        sealed = _seal(sealer, account_id, new_totp_secret())
        await store.account_replace_totp(connection, account_id=account_id, totp_sealed=sealed)


TOTP_SECRETS: Final = SealedColumn(
    table="tenancy.account",
    id_column="account_id",
    sealed_column="totp_sealed",
    plain_column="totp_secret",
    title="secrets of authenticator apps",
    on_loss=_replace_lost,
    loss_remedy="People sign in with a recovery code; for who has none: ninefold accounts remove-totp EMAIL",
)
