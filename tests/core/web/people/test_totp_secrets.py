"""The secrets of authenticator apps in the database: sealed, also those of earlier versions and after a rotation."""

from typing import Any

import httpx
import pyotp
import pytest

from http_api import problem_of
from installations import SECRETS_KEY
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.secrets.columns import seal_plain
from ninefold.core.secrets.service import forget_lost_keys, rotate_key
from ninefold.core.tenancy.second_factor import TOTP_SECRETS
from people import PASSWORD, Person, SetClock, sign_in

OTHER_KEY = b"o" * 32


class Enrolled:
    """A person with an authenticator app."""

    def __init__(self, person: Person, clock: SetClock, totp: pyotp.TOTP, recovery_codes: list[str]) -> None:
        self.person = person
        self.totp = totp
        self.recovery_codes = recovery_codes
        self._clock = clock

    async def sign_in(self, code: str | None = None) -> httpx.Response:
        """Sign in with a code; by default, the next one of the app."""
        self._clock.advance(seconds=30)
        return await sign_in(self.person.http, self.person.email, code=code or self.totp.at(self._clock.now()))


@pytest.fixture
async def enrolled(owner: Person, clock: SetClock) -> Enrolled:
    shown = await owner.done("POST", "/account/totp", json={"password": PASSWORD})
    totp = pyotp.TOTP(shown["secret"])
    enabled = await owner.done("POST", "/account/totp/enable", json={"code": totp.at(clock.now())})
    return Enrolled(owner, clock, totp, enabled["recovery_codes"])


async def row_of(database: Database) -> dict[str, Any]:
    async with database.connection() as connection:
        (row,) = await connection.fetch("SELECT * FROM tenancy.account WHERE totp_enabled_at IS NOT NULL")
        return {**row}


async def execute(database: Database, statement: str, *values: object) -> None:
    async with database.connection() as connection:
        await connection.execute(statement, *values)


async def test_the_table_of_accounts_has_no_secret_of_an_app(database: Database, enrolled: Enrolled) -> None:
    row = await row_of(database)

    assert row["totp_secret"] is None
    assert enrolled.totp.secret.encode() not in row["totp_sealed"]
    assert (await enrolled.sign_in()).status_code == 201


async def test_the_secret_of_an_earlier_version_is_sealed_and_its_codes_are_still_accepted(
    database: Database, enrolled: Enrolled
) -> None:
    await execute(
        database,
        "UPDATE tenancy.account SET totp_sealed = NULL, totp_secret = $1 WHERE totp_enabled_at IS NOT NULL",
        enrolled.totp.secret.encode(),
    )
    async with database.transaction() as connection:
        assert await seal_plain(connection, TOTP_SECRETS, Sealer(SECRETS_KEY)) == 1

    assert (await row_of(database))["totp_secret"] is None
    assert (await enrolled.sign_in()).status_code == 201


async def test_a_rotation_of_the_key_seals_the_secrets_of_apps_again(database: Database, enrolled: Enrolled) -> None:
    await rotate_key(database, Sealer([OTHER_KEY, SECRETS_KEY]), [TOTP_SECRETS], on_progress=lambda _, __: None)

    row = await row_of(database)
    purpose = TOTP_SECRETS.purpose(row["account_id"])
    assert Sealer(OTHER_KEY).open(row["totp_sealed"], purpose=purpose) == enrolled.totp.secret


async def test_with_the_secret_of_another_account_only_recovery_codes_are_accepted(
    database: Database, enrolled: Enrolled
) -> None:
    mine = Sealer(SECRETS_KEY).seal(enrolled.totp.secret, purpose=TOTP_SECRETS.purpose(enrolled.person.account_id))
    other = Sealer(SECRETS_KEY).seal(enrolled.totp.secret, purpose="tenancy.account:another")
    await execute(database, "UPDATE tenancy.account SET totp_sealed = $1 WHERE totp_enabled_at IS NOT NULL", other)

    refused = problem_of(await enrolled.sign_in(), status=401)
    accepted = await enrolled.sign_in(enrolled.recovery_codes[0])

    assert (refused["code"], accepted.status_code) == ("second_factor_invalid", 201)
    await execute(database, "UPDATE tenancy.account SET totp_sealed = $1 WHERE totp_enabled_at IS NOT NULL", mine)
    assert (await enrolled.sign_in()).status_code == 201


async def test_a_lost_key_does_not_open_an_account_to_who_only_has_its_password(
    database: Database, enrolled: Enrolled
) -> None:
    row = await row_of(database)
    lost = Sealer(OTHER_KEY).seal(enrolled.totp.secret, purpose=TOTP_SECRETS.purpose(row["account_id"]))
    await execute(database, "UPDATE tenancy.account SET totp_sealed = $1 WHERE totp_enabled_at IS NOT NULL", lost)

    await forget_lost_keys(database, Sealer(SECRETS_KEY), [TOTP_SECRETS])

    assert problem_of(await enrolled.sign_in(), status=401)["code"] == "second_factor_invalid"
    missing = await sign_in(enrolled.person.http, enrolled.person.email)
    assert problem_of(missing, status=401)["code"] == "second_factor_required"
    assert (await enrolled.sign_in(enrolled.recovery_codes[0])).status_code == 201
