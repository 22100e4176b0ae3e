"""Hashes of passwords: their parameters, their threads, and their time."""

import asyncio
import time

import pytest
from argon2 import extract_parameters

from ninefold.core.tenancy.errors import InvalidPasswordError, SignInsBusyError
from ninefold.core.tenancy.passwords import WAITING_MAX, Passwords, check_password
from people import CHEAP_HASHER, PASSWORD, PASSWORD_HASH


async def test_a_hash_is_argon2id_with_the_recommended_parameters() -> None:
    password_hash = await Passwords().hash(PASSWORD)

    parameters = extract_parameters(password_hash)
    assert password_hash.startswith("$argon2id$v=19$")
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19 * 1024, 2, 1)
    assert await Passwords().verify(PASSWORD, password_hash)
    assert not await Passwords().verify("another sentence", password_hash)


@pytest.mark.parametrize("password_hash", [None, "", "nonsense", "$argon2id$v=19$nonsense"])
async def test_without_a_valid_hash_no_password_is_right(password_hash: str | None) -> None:
    assert not await Passwords().verify(PASSWORD, password_hash)


async def test_an_account_that_does_not_exist_takes_as_long() -> None:
    passwords = Passwords()
    password_hash = await passwords.hash(PASSWORD)
    durations: dict[str | None, list[float]] = {None: [], password_hash: []}
    for _ in range(9):
        for known, taken in durations.items():
            started_at = time.process_time()
            await passwords.verify("another sentence", known)
            taken.append(time.process_time() - started_at)

    unknown_s, known_s = (min(taken) for taken in durations.values())
    assert 0.5 < unknown_s / known_s < 2


async def test_the_event_loop_goes_on_while_hashes_are_computed() -> None:
    passwords = Passwords()
    hashing = asyncio.gather(*[passwords.hash(PASSWORD) for _ in range(8)])
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    await hashing

    assert turns > 100


async def test_more_hashes_than_can_wait_are_refused() -> None:
    passwords = Passwords(CHEAP_HASHER)

    outcomes = await asyncio.gather(
        *[passwords.verify(PASSWORD, PASSWORD_HASH) for _ in range(WAITING_MAX + 5)], return_exceptions=True
    )

    assert outcomes.count(True) == WAITING_MAX
    assert [type(outcome) for outcome in outcomes if outcome is not True] == [SignInsBusyError] * 5
    assert await passwords.verify(PASSWORD, PASSWORD_HASH)


@pytest.mark.parametrize("length", [0, 11, 257])
def test_a_password_has_bounds(length: int) -> None:
    with pytest.raises(InvalidPasswordError) as raised:
        check_password("x" * length)

    assert raised.value.field == "password"


@pytest.mark.parametrize("password", ["x" * 12, "x" * 256, "🦔" * 12, " " * 12])
def test_a_password_has_no_other_rules(password: str) -> None:
    assert check_password(password) == password
