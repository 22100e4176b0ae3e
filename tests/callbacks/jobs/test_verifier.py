import asyncio
from typing import NoReturn

import pytest

from callbacks.callbacks_api import CallbacksApi
from in_process import StartWorker
from ninefold.systems.callbacks.jobs import verifier
from ninefold.systems.callbacks.verification import verify

VERIFY = "ninefold.systems.callbacks.service.judging.verify"


async def test_two_workers_pass_each_callback_on_once(api: CallbacksApi, start_worker: StartWorker) -> None:
    source = await api.create_source()
    await asyncio.gather(*[api.call(source, b"%d" % number) for number in range(300)])

    async with start_worker(), start_worker(), asyncio.timeout(20):
        while (await api.get("/callbacks?status=received"))["items"]:
            await asyncio.sleep(0.02)

    verified = [each for page in await api.walk("/callbacks?status=verified", limit=100) for each in page]
    events = [each for page in await api.walk("/events", limit=100) for each in page]
    assert len(verified) == 300
    assert sorted(each["event_id"] for each in verified) == sorted(each["event_id"] for each in events)


async def test_a_backlog_of_one_organisation_does_not_delay_another(
    api: CallbacksApi, other_api: CallbacksApi, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "BATCH_MAX", 4)
    source, foreign = await api.create_source(), await other_api.create_source()
    await asyncio.gather(*[api.call(source, b"%d" % number) for number in range(100)])
    await other_api.call(foreign)

    async with start_worker():
        await other_api.judged(1, source=foreign)
        (own,) = (await other_api.get("/callbacks"))["items"]
        await api.judged(100, source=source, timeout_s=20)

    judged = [each for page in await api.walk("/callbacks", limit=100) for each in page]
    later = [each for each in judged if each["judged_at"] > own["judged_at"]]
    assert len(later) > 80


async def test_many_organisations_each_get_their_turn(
    api: CallbacksApi, other_api: CallbacksApi, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "ORGANISATIONS_MAX", 1)
    sources = [(each, await each.create_source()) for each in (api, other_api)]
    for owner, source in sources:
        await asyncio.gather(*[owner.call(source, b"%d" % number) for number in range(5)])

    async with start_worker():
        for owner, source in sources:
            assert {each["status"] for each in await owner.judged(5, source=source)} == {"verified"}


async def test_a_failure_of_our_own_quarantines_one_callback_and_stops_no_other(
    api: CallbacksApi, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_for_one(*args: object, **given: object) -> object:
        request = args[1]
        if request.body == b"strange":  # type: ignore[attr-defined]
            fail()
        return verify(*args, **given)  # type: ignore[arg-type]

    def fail() -> NoReturn:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(VERIFY, fail_for_one)
    source = await api.create_source()
    await api.call(source, b"strange")
    await api.call(source, b"ordinary")

    async with start_worker():
        ordinary, strange = await api.judged(2, source=source)
        monkeypatch.setattr(VERIFY, verify)
        assert (ordinary["status"], strange["status"], strange["reason"]) == (
            "verified",
            "quarantined",
            "internal_error",
        )
        assert "a bug" not in strange["detail"]
        # After an upgrade.
        await api.done("POST", "/callbacks/reverify", json={})
        async with asyncio.timeout(10):
            while len((await api.get("/callbacks?status=verified"))["items"]) < 2:
                await asyncio.sleep(0.02)


async def test_large_bodies_are_verified_too(api: CallbacksApi, start_worker: StartWorker) -> None:
    source = await api.create_source()
    bodies = [b"%d" % number + b"x" * 3_000_000 for number in range(4)]
    for body in bodies:
        await api.call(source, body)

    async with start_worker():
        assert [each["status"] for each in await api.judged(4, source=source)] == ["verified"] * 4


async def test_large_bodies_of_one_organisation_do_not_delay_another(
    api: CallbacksApi, other_api: CallbacksApi, start_worker: StartWorker
) -> None:
    source, foreign = await api.create_source(), await other_api.create_source()
    for number in range(3):
        await api.call(source, b"%d" % number + b"x" * 5_000_000)
    await other_api.call(foreign)

    async with start_worker():
        await api.judged(3, source=source, timeout_s=20)
    (own,) = await other_api.judged(1, source=foreign)

    judged = (await api.get("/callbacks"))["items"]
    assert sum(each["judged_at"] > own["judged_at"] for each in judged) == 2
