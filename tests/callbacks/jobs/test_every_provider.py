"""A genuine callback of every provider goes the whole way: stored, claimed, verified, and published as an event."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from callbacks.callbacks_api import CallbacksApi
from callbacks.verification.genuine import CALLBACKS, name_of
from callbacks.verification.signing import Callback
from in_process import StartWorker
from ninefold.core.ids import new_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.callbacks.model import CallbackStatus, NewCallback
from ninefold.systems.callbacks.rules.event_content import event_type_of
from ninefold.systems.callbacks.store.callbacks import callback_insert_many


@pytest.fixture
def environment() -> Mapping[str, str]:
    """The URL that the providers have signed."""
    return {"NINEFOLD_CALLBACKS_PUBLIC_URL": "https://hooks.example.com"}


def stored(callback: Callback, source_id: str) -> NewCallback:
    """Return a callback as the ingest would have stored it at the time at which it was signed."""
    request = callback.request
    parts = urlsplit(request.url)
    return NewCallback(
        callback_id=new_id(),
        source_id=parse_id("src", source_id),
        status=CallbackStatus.RECEIVED,
        received_at=request.received_at,
        peer="192.0.2.1:1",
        method=request.method,
        scheme="http",
        path=parts.path.encode(),
        query=parts.query.encode(),
        headers=tuple((name.lower(), value) for name, value in request.headers),
        body=request.body,
    )


async def test_every_provider_is_verified_and_published(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    sources = {}
    for callback in CALLBACKS:
        secrets = [] if callback.secret is None else [callback.secret]
        source = await api.create_source(
            provider=callback.provider, name=name_of(callback), secrets=secrets, options=dict(callback.options)
        )
        sources[source["source_id"]] = callback
    async with database.transaction() as connection:
        callbacks = [stored(callback, source_id) for source_id, callback in sources.items()]
        await callback_insert_many(connection, callbacks=callbacks)

    async with start_worker(), asyncio.timeout(20):
        while (await api.get("/callbacks?status=received"))["items"]:
            await asyncio.sleep(0.02)

    judged = [each for page in await api.walk("/callbacks", limit=100) for each in page]
    assert len(judged) == len(CALLBACKS)
    for each in judged:
        callback = sources[each["source_id"]]
        assert (each["status"], each["reason"], name_of(callback)) == ("verified", None, name_of(callback))
        assert (each["type"], each["provider_event_id"]) == (callback.event_type, callback.event_id)
        assert each["event_type"] == event_type_of(callback.provider, callback.event_type)
