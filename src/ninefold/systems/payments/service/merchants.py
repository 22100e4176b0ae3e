"""Merchants: who is paid, and their keys."""

import re
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.model import CreatedCredential, Credential, Principal
from ninefold.systems.payments.errors import (
    InvalidCurrencyError,
    InvalidMerchantError,
    MerchantNameTakenError,
    MerchantNotFoundError,
    TooManyKeysError,
)
from ninefold.systems.payments.model.merchants import (
    ACT_FOR_MERCHANT,
    MERCHANT_PREFIX,
    CreatedMerchant,
    Merchant,
    MerchantChanges,
)
from ninefold.systems.payments.model.money import currency
from ninefold.systems.payments.rules.card_numbers import require_no_card_number
from ninefold.systems.payments.service.keys import PUBLISHABLE_KEY, SECRET_KEY
from ninefold.systems.payments.store import merchants as store

NAME_LENGTH_MAX: Final = 100
KEYS_MAX: Final = 100
"""Of one merchant, with those that were revoked."""

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_ROUTING_WEIGHTS: Final = (3, 7, 1, 3, 7, 1, 3, 7, 1)


async def create_merchant(
    connection: Connection,
    *,
    organisation_id: UUID,
    name: str,
    country: str = "US",
    default_currency: str = "USD",
    changes: MerchantChanges,
    at: datetime,
) -> CreatedMerchant:
    """Create a merchant with its keys; call it in a transaction.

    Raises:
        InvalidMerchantError: it can't be like this.
        CardNumberError: its name contains a card number.
        InvalidCurrencyError: there is no such currency.
        MerchantNameTakenError: the organisation has another merchant of this name.
    """
    name = _checked_name(name)
    _check_country(country)
    merchant = await store.merchant_insert(
        connection,
        merchant_id=new_id(),
        organisation_id=organisation_id,
        name=name,
        country=country,
        default_currency=currency(default_currency).code,
        created_at=at,
    )
    if merchant is None:
        raise _name_taken(name)
    merchant = await update_merchant(
        connection,
        organisation_id=organisation_id,
        merchant_id=merchant.merchant_id,
        changes=msgspec.structs.replace(changes, name=None),
    )
    secret = await create_key(connection, merchant)
    publishable = await tenancy.create_credential(
        connection, PUBLISHABLE_KEY, organisation_id=organisation_id, name=merchant.name, scopes=frozenset()
    )
    await store.merchant_key_insert(
        connection, credential_id=publishable.credential_id, merchant_id=merchant.merchant_id
    )
    return CreatedMerchant(merchant=merchant, secret_key=secret.text, publishable_key=publishable.text)


async def update_merchant(
    connection: Connection, *, organisation_id: UUID, merchant_id: UUID, changes: MerchantChanges
) -> Merchant:
    """Set what is given for a merchant, and return it.

    Raises:
        InvalidMerchantError: it can't be like this.
        MerchantNotFoundError: the organisation has no such merchant.
        MerchantNameTakenError: the organisation has another merchant of this name.
        CardNumberError: its name contains a card number.
    """
    merchant = await get_merchant(connection, organisation_id=organisation_id, merchant_id=merchant_id)
    _check(changes, merchant)
    if changes.name is not None:
        changes = msgspec.structs.replace(changes, name=_checked_name(changes.name))
    try:
        updated = await store.merchant_update(
            connection, organisation_id=organisation_id, merchant_id=merchant_id, changes=changes
        )
    except asyncpg.UniqueViolationError as error:
        raise _name_taken(changes.name or "") from error
    assert updated is not None, "merchants are never deleted"
    return updated


async def get_merchant(connection: Connection, *, organisation_id: UUID, merchant_id: UUID) -> Merchant:
    """Return a merchant.

    Raises:
        MerchantNotFoundError: the organisation has no such merchant.
    """
    merchant = await store.merchant_find(connection, organisation_id=organisation_id, merchant_id=merchant_id)
    if merchant is None:
        raise MerchantNotFoundError(
            f"There is no merchant {format_id(MERCHANT_PREFIX, merchant_id)}.",
            field="merchant_id",
            remedy="List the merchants.",
        )
    return merchant


async def find_merchant_of_key(connection: Connection, principal: Principal) -> Merchant | None:
    """Return the merchant that a key acts for; None if it is no merchant's key."""
    merchant_id = await store.merchant_key_find(connection, credential_id=principal.credential_id)
    if merchant_id is None:
        return None
    return await store.merchant_find(connection, organisation_id=principal.organisation_id, merchant_id=merchant_id)


async def list_merchants(
    connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int
) -> list[Merchant]:
    """Return the merchants of an organisation, oldest first."""
    return await store.merchant_list(connection, organisation_id=organisation_id, after=after, limit=limit)


async def create_key(connection: Connection, merchant: Merchant) -> CreatedCredential:
    """Create a secret key `sk_test_…` that acts for a merchant; call it in a transaction.

    Raises:
        TooManyKeysError: the merchant has as many as it can have.
    """
    if len(await store.merchant_key_list(connection, merchant_id=merchant.merchant_id, limit=KEYS_MAX)) == KEYS_MAX:
        raise TooManyKeysError(
            f"The merchant has had {KEYS_MAX} keys, with those that were revoked.", remedy="Use one of them."
        )
    created = await tenancy.create_credential(
        connection,
        SECRET_KEY,
        organisation_id=merchant.organisation_id,
        name=merchant.name,
        scopes=frozenset({ACT_FOR_MERCHANT}),
    )
    await store.merchant_key_insert(connection, credential_id=created.credential_id, merchant_id=merchant.merchant_id)
    return created


async def list_keys(connection: Connection, merchant: Merchant) -> list[Credential]:
    """Return the secret keys of a merchant, oldest first, with those that were revoked."""
    own = await store.merchant_key_list(connection, merchant_id=merchant.merchant_id, limit=KEYS_MAX)
    return await tenancy.list_credentials(
        connection, SECRET_KEY, organisation_id=merchant.organisation_id, credential_ids=own
    )


async def revoke_key(connection: Connection, merchant: Merchant, *, credential_id: UUID) -> Credential:
    """Revoke a secret key of a merchant: from the next request on it is refused.

    Raises:
        CredentialNotFoundError: the merchant has no such key.
    """
    own = await store.merchant_key_list(connection, merchant_id=merchant.merchant_id, limit=KEYS_MAX)
    return await tenancy.revoke_credential(
        connection,
        SECRET_KEY,
        organisation_id=merchant.organisation_id,
        # One that nobody has, if it isn't the merchant's.
        credential_id=credential_id if credential_id in own else new_id(),
    )


def is_routing_number(text: str) -> bool:
    """Return whether a text is an American routing number: nine digits, of which the last checks the others."""
    if len(text) != len(_ROUTING_WEIGHTS) or not text.isascii() or not text.isdigit():
        return False
    return sum(weight * int(digit) for weight, digit in zip(_ROUTING_WEIGHTS, text, strict=True)) % 10 == 0


def _check(changes: MerchantChanges, merchant: Merchant) -> None:
    if changes.country is not None:
        _check_country(changes.country)
    if changes.default_currency is not None:
        _check_currency(changes.default_currency, field="default_currency")
    _check_fees(changes, merchant)
    require_no_card_number(changes.bank_account_name, field="bank_account_name")
    if changes.time_zone is not None:
        try:
            ZoneInfo(changes.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _invalid("time_zone", f"{changes.time_zone[:60]!r} is no time zone.") from error
    if changes.bank_routing_number is not None and not is_routing_number(changes.bank_routing_number):
        raise _invalid(
            "bank_routing_number", "A routing number has nine digits, of which the last one checks the others."
        )
    bank = ("bank_account_name", "bank_routing_number", "bank_account_number", "bank_account_kind")
    given = [getattr(changes, name) or getattr(merchant, name) for name in bank]
    if any(given) and not all(given):
        raise _invalid("bank_account_number", "A bank account needs a name, a routing number, a number and a kind.")


def _check_fees(changes: MerchantChanges, merchant: Merchant) -> None:
    default = changes.default_currency or merchant.default_currency
    seen: set[str] = set()
    for index, fee in enumerate(merchant.fees if changes.fees is None else changes.fees):
        field = "default_currency" if changes.fees is None else f"fees[{index}].currency"
        _check_currency(fee.currency, field=field)
        if fee.currency == default:
            raise _invalid(field, f"{default} is the default currency: its fee is fee_bps and fee_fixed.")
        if fee.currency in seen:
            raise _invalid(field, f"There are two fees in {fee.currency}.")
        seen.add(fee.currency)


def _check_currency(code: str, *, field: str) -> None:
    try:
        currency(code)
    except InvalidCurrencyError as error:
        raise _invalid(field, error.detail) from error


def _checked_name(name: str) -> str:
    if not 1 <= len(name.strip()) <= NAME_LENGTH_MAX or not name.isprintable():
        raise _invalid("name", f"A name has 1 to {NAME_LENGTH_MAX} printable characters.")
    require_no_card_number(name, field="name")
    return name.strip()


def _name_taken(name: str) -> MerchantNameTakenError:
    return MerchantNameTakenError(
        f"There is a merchant with the name {name!r}.", field="name", remedy="Choose another name."
    )


def _check_country(country: str) -> None:
    if not _COUNTRY.fullmatch(country):
        raise _invalid("country", "A country has two upper-case letters, as in ISO 3166.")


def _invalid(field: str, detail: str) -> InvalidMerchantError:
    return InvalidMerchantError(detail, field=field, remedy="Correct it.")
