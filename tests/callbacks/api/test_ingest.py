import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from callbacks.callbacks_api import SECRET, CallbacksApi
from http_api import Api, Json
from in_process import Applications, create_key
from ninefold.core.postgres.database import Database
from ninefold.systems.callbacks.routes.bodies import BODY_BYTES_MAX
from ninefold.systems.callbacks.routes.quota import THREAD_ABOVE_BYTES


def path_of(source: Json) -> str:
    return httpx.URL(source["ingest_url"]).path


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
async def test_every_method_is_stored(api: CallbacksApi, method: str) -> None:
    source = await api.create_source()

    response = await api.http.request(method, f"{path_of(source)}?a=1&a=%FF", content=b"\0\xff")

    assert response.status_code == 200
    (callback,) = (await api.get("/callbacks"))["items"]
    assert (callback["method"], callback["query"], callback["body_bytes"]) == (method, "a=1&a=%FF", 2)


async def test_head_is_answered_without_a_body(api: CallbacksApi) -> None:
    source = await api.create_source(answer={"body": "hello"})

    response = await api.http.head(path_of(source))

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    "body", [b"", b"\0", b"\xff\xfe", b'{"a":1', "ü".encode(), b"a=1&b=%", b"x" * 300_000], ids=range(7)
)
async def test_a_body_is_kept_byte_for_byte(api: CallbacksApi, body: bytes) -> None:
    source = await api.create_source()

    await api.http.post(path_of(source), content=body, headers={"content-type": "application/x-unheard-of"})

    (callback,) = (await api.get("/callbacks"))["items"]
    downloaded = await api.request("GET", f"/callbacks/{callback['callback_id']}/body")
    assert downloaded.content == body
    assert downloaded.headers["content-type"] == "application/octet-stream"
    assert downloaded.headers["x-content-type-options"] == "nosniff"


async def test_headers_are_kept_in_order_and_with_repetitions(api: CallbacksApi) -> None:
    source = await api.create_source()
    headers = [("x-b", "2"), ("x-a", "1"), ("x-b", "3"), ("x-empty", ""), ("x-colon", "a: b")]

    await api.http.post(path_of(source), headers=headers)

    (callback,) = (await api.get("/callbacks"))["items"]
    shown = (await api.get(f"/callbacks/{callback['callback_id']}"))["headers"]
    assert [(each["name"], each["value"]) for each in shown if each["name"].startswith("x-")] == headers


async def test_the_largest_body_is_accepted_and_a_larger_one_refused(api: CallbacksApi) -> None:
    source = await api.create_source()

    async def chunks(size: int) -> AsyncIterator[bytes]:
        yield b"x" * size
        yield b"y"

    largest = await api.http.post(path_of(source), content=b"x" * BODY_BYTES_MAX)
    declared = await api.http.post(path_of(source), content=b"x" * (BODY_BYTES_MAX + 1))
    chunked = await api.http.post(path_of(source), content=chunks(BODY_BYTES_MAX))

    assert largest.status_code == 200
    assert [response.status_code for response in (declared, chunked)] == [413, 413]
    assert chunked.json()["code"] == "callback_too_large"
    assert len((await api.get("/callbacks"))["items"]) == 1


@pytest.mark.parametrize("path", ["/in", "/in/", "/in/x", f"/in/in_{'A' * 32}", "/in/in_/x", "/in/in_%00"])
async def test_an_unknown_url_is_answered_404(api: CallbacksApi, path: str) -> None:
    response = await api.http.post(path, content=b"{}")

    assert (response.status_code, response.json()["status"]) in [(404, 404), (400, 400)]
    assert (await api.get("/callbacks"))["items"] == []


async def test_a_source_answers_as_it_is_told(api: CallbacksApi) -> None:
    answer = {"status": 201, "content_type": "application/json", "body": '{"ok": "ü"}'}
    source = await api.create_source(answer=answer)

    first = await api.call(source)
    await api.done("PATCH", f"/sources/{source['source_id']}", json={"answer": {"status": 204}})
    second = await api.call(source)

    assert (first.status_code, first.headers["content-type"], first.text) == (201, "application/json", '{"ok": "ü"}')
    assert (second.status_code, second.content) == (204, b"")
    assert "content-length" not in second.headers


async def test_callbacks_that_arrive_together_are_all_stored_once(api: CallbacksApi) -> None:
    source = await api.create_source()
    bodies = [b'{"number":%d}' % number for number in range(200)]

    responses = await asyncio.gather(*[api.call(source, body) for body in bodies])

    assert {response.status_code for response in responses} == {200}
    found = [each for page in await api.walk("/callbacks", limit=100) for each in page]
    stored = await asyncio.gather(*[api.request("GET", f"/callbacks/{each['callback_id']}/body") for each in found])
    assert sorted(response.content for response in stored) == sorted(bodies)


class TestRate:
    @pytest.fixture
    def environment(self) -> Mapping[str, str]:
        return {"NINEFOLD_CALLBACKS_RATE_PER_S": "0.001", "NINEFOLD_CALLBACKS_BURST_MAX": "3"}

    async def test_more_than_the_organisation_may_receive_is_answered_429(
        self, api: CallbacksApi, other_api: CallbacksApi
    ) -> None:
        source, second = await api.create_source(), await api.create_source()
        foreign = await other_api.create_source()

        statuses = [(await api.call(each)).status_code for each in (source, second, source)]
        refused = await api.call(second)

        assert statuses == [200, 200, 200]
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert refused.headers["retry-after"] == "1000"
        assert len((await api.get("/callbacks"))["items"]) == 3
        # Another organisation isn't affected.
        assert (await other_api.call(foreign)).status_code == 200

    async def test_forged_callbacks_leave_half_of_the_quota_to_genuine_ones(self, api: CallbacksApi) -> None:
        source, other = await api.create_source(), await api.create_source(secrets=["another secret"])

        forged = [await api.call(each, secret="wrong") for each in (source, source, other)]
        genuine = [(await api.call(source)).status_code for _ in range(2)]
        refused = await api.call(source)

        assert [each.status_code for each in forged] == [200, 429, 429]
        assert "the rest is for those that are verified" in forged[1].json()["detail"]
        assert genuine == [200, 200]
        assert (refused.status_code, "the rest" in refused.json()["detail"]) == (429, False)
        assert len((await api.get("/callbacks"))["items"]) == 3

    async def test_a_genuine_callback_with_a_large_body_takes_from_the_reserved_half_too(
        self, api: CallbacksApi
    ) -> None:
        source = await api.create_source()
        await api.call(source)

        large = b"x" * (THREAD_ABOVE_BYTES + 1)

        assert (await api.call(source, large, secret="wrong")).status_code == 429
        assert (await api.call(source, large)).status_code == 200


async def test_a_stale_source_of_another_server_is_noticed(
    api: CallbacksApi, applications: Applications, database: Database
) -> None:
    # Two servers with a cache each; what one changes, the other sees with its next callback.
    environment: dict[str, Any] = {"NINEFOLD_CALLBACKS_RATE_PER_S": "499"}
    source = await api.create_source()
    async with applications.client(environment, database=database) as http:
        other_server = CallbacksApi(http, api.api_key)
        assert (await other_server.call(source)).status_code == 200
        await api.done("PATCH", f"/sources/{source['source_id']}", json={"answer": {"status": 202}})
        assert (await other_server.call(source)).status_code == 202
        await api.request("DELETE", f"/sources/{source['source_id']}")
        assert (await other_server.call(source)).status_code == 404
    assert len((await api.get("/callbacks"))["items"]) == 2


async def test_the_token_of_a_source_stores_only_for_its_organisation(
    api: CallbacksApi, other_api: CallbacksApi, database: Database
) -> None:
    source = await api.create_source()
    third = Api(api.http, await create_key(database, organisation="initech"))

    await api.http.post(path_of(source), content=b"{}", headers={"authorization": f"Bearer {other_api.api_key}"})

    assert len((await api.get("/callbacks"))["items"]) == 1
    assert (await other_api.get("/callbacks"))["items"] == []
    assert (await third.get("/callbacks"))["items"] == []


async def test_the_path_is_neither_logged_nor_counted(api: CallbacksApi, capsys: pytest.CaptureFixture[str]) -> None:
    source = await api.create_source()
    token = path_of(source).rpartition("/")[2]

    await api.call(source, b'{"a":"payload-of-the-test"}')
    metrics = (await api.http.get("/metrics")).text

    output = capsys.readouterr()
    logged = output.out + output.err
    assert "/in/{source_token}" in logged
    for hidden in (token, SECRET, "payload-of-the-test"):
        assert hidden not in logged
        assert hidden not in metrics
