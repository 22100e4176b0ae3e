"""Signing secrets in the database: those of earlier versions are sealed, and changed rows hurt nobody else."""

import pytest

from in_process import StartWorker
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX
from ninefold.systems.webhooks.rules.signing import format_secret
from receivers import Receiver
from webhooks.webhooks_api import WebhooksApi

KEY = bytes(range(32))


async def test_a_secret_of_an_earlier_version_is_sealed_at_the_start_and_still_signs(
    api: WebhooksApi, receiver: Receiver, database: Database, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url)
    async with database.connection() as connection:
        await connection.execute("UPDATE webhooks.signing_secret SET key = $1, sealed = NULL", KEY)

    async with start_worker():
        await api.settled(await api.publish())

    async with database.connection() as connection:
        (row,) = await connection.fetch("SELECT * FROM webhooks.signing_secret")
    assert receiver.requests[0].verify(format_secret(KEY)) == {"n": 1}
    assert row["key"] is None
    assert KEY not in row["sealed"]


@pytest.mark.usefixtures("worker")
async def test_a_secret_that_was_moved_to_another_row_signs_nothing_until_it_is_rotated(
    api: WebhooksApi, receiver: Receiver, database: Database
) -> None:
    whole, broken = [await api.subscribe(f"{receiver.url}/{name}") for name in ("whole", "broken")]
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE webhooks.signing_secret SET sealed = other.sealed FROM webhooks.signing_secret AS other "
            "WHERE signing_secret.subscription_id = $1 AND other.subscription_id = $2",
            *(parse_id(SUBSCRIPTION_PREFIX, each["subscription_id"]) for each in (broken, whole)),
        )

    deliveries = await api.settled(await api.publish())
    path = f"/subscriptions/{broken['subscription_id']}"
    rotated = await api.done("POST", f"{path}/rotate-secret", json={"grace_s": 0})
    await api.done("POST", f"{path}/circuit/close")
    await receiver.received(2)

    by_id = {delivery["subscription_id"]: delivery for delivery in deliveries}
    assert by_id[whole["subscription_id"]]["status"] == "delivered"
    attempts = by_id[broken["subscription_id"]]["attempts"]
    assert {attempt["error_class"] for attempt in attempts} == {"signing_secret_broken"}
    by_path = {request.path: request for request in receiver.requests}
    assert by_path[b"/hooks/whole"].verify(whole["secret"]) == {"n": 1}
    assert by_path[b"/hooks/broken"].verify(rotated["secret"]) == {"n": 1}
