"""The sample data of callbacks: two sources, a callback that was verified, and one that is quarantined."""

from callbacks.callbacks_api import CallbacksApi
from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-knows-this"


async def make_sample_data(context: SampleContext) -> SampleData:
    """Make two sources and call one of them twice."""
    api = CallbacksApi(context.api.http, context.api.api_key)
    await api.create_source(name="second")
    source = await api.create_source(name=SECRET_TEXT)
    await api.call(source, f'{{"note":"{SECRET_TEXT}"}}'.encode(), event=SECRET_TEXT)
    await api.call(source, SECRET_TEXT.encode(), secret="wrong")
    async with context.start_worker():
        callbacks = await api.judged(2, source=source)
    (verified,) = [each for each in callbacks if each["status"] == "verified"]
    return SampleData(
        ids={"source_id": source["source_id"], "callback_id": verified["callback_id"]},
        secret_text=SECRET_TEXT,
        destroying=["delete_source"],
        needs_own=["replay_callbacks", "reverify_callbacks"],
    )
