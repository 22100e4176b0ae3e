import json
from collections.abc import Callable

import httpx
import pytest

from ninefold.core.commands.client import ApiClient, ApiProblemError, NotNinefoldError, Page
from ninefold.core.errors import InvalidInputError, UnavailableError

PROBLEM = {
    "type": "urn:ninefold:problem:not_found",
    "title": "Not found",
    "status": 404,
    "detail": "There is no subscription sub_1.",
    "code": "not_found",
    "field": "subscription_id",
    "remedy": "List the subscriptions to see their ids.",
}


def test_the_response_is_unchanged_and_the_key_is_sent() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=b'{"items": [1.0]}', headers={"X-Mark": "yes"})

    with client(answer) as api:
        found = api.get("/api/v1/things", limit=5, cursor=None)

    assert found.content == b'{"items": [1.0]}'
    assert found.headers["x-mark"] == "yes"
    assert found.read(dict[str, list[float]]) == {"items": [1.0]}
    assert str(requests[0].url) == "http://ninefold.test/api/v1/things?limit=5"
    assert requests[0].headers["authorization"] == "Bearer nfk_test"


@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_body_is_sent_as_json(method: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/json"
        return httpx.Response(200, json=json.loads(request.content))

    with client(answer) as api:
        assert getattr(api, method)("/x", {"a": "ä"}).read(dict[str, str]) == {"a": "ä"}


def test_json_text_is_sent_unchanged() -> None:
    with client(lambda request: httpx.Response(200, json={"length": len(request.content)})) as api:
        assert api.request("POST", "/x", content=b'{"a": 1.0}').read(dict[str, int]) == {"length": 10}


def test_delete_accepts_an_empty_response() -> None:
    with client(lambda _: httpx.Response(204)) as api:
        api.delete("/x")


def test_a_response_with_a_body_to_delete_is_an_error() -> None:
    with (
        client(lambda _: httpx.Response(200, content=b"<h1>Hello</h1>")) as api,
        pytest.raises(NotNinefoldError, match=r"DELETE http://ninefold\.test/x returned an unexpected body"),
    ):
        api.delete("/x")


def test_a_problem_is_raised_with_its_own_detail_field_and_remedy() -> None:
    with client(lambda _: httpx.Response(404, json=PROBLEM)) as api, pytest.raises(ApiProblemError) as caught:
        api.get("/x")

    assert caught.value.detail == PROBLEM["detail"]
    assert caught.value.field == PROBLEM["field"]
    assert caught.value.remedy == PROBLEM["remedy"]


@pytest.mark.parametrize("body", [b"<h1>Bad gateway</h1>", b"[]", b"", b'{"detail": 3}'])
def test_an_error_response_without_a_problem_is_described_by_its_status(body: bytes) -> None:
    with (
        client(lambda _: httpx.Response(502, content=body)) as api,
        pytest.raises(ApiProblemError, match="returned 502 Bad Gateway"),
    ):
        api.get("/x")


@pytest.mark.parametrize(
    "body",
    [b"", b"<h1>Hello</h1>", b"[]", b"null", b"{}", b'{"items": 3, "next_cursor": null}', b"[" * 5_000, b'"\xff"'],
)
def test_an_unexpected_response_is_an_error(body: bytes) -> None:
    with client(lambda _: httpx.Response(200, content=body)) as api:
        answer = api.get("/x")

    with pytest.raises(NotNinefoldError, match="isn't a Ninefold server") as caught:
        answer.read(Page[int])

    assert "GET http://ninefold.test/x" in caught.value.detail
    assert caught.value.field == "NINEFOLD_URL"


def test_a_body_that_cannot_be_decompressed_is_an_error() -> None:
    with (
        client(lambda _: httpx.Response(200, content=b"plain", headers={"Content-Encoding": "gzip"})) as api,
        pytest.raises(NotNinefoldError),
    ):
        api.get("/x")


def test_an_argument_that_is_not_text_is_refused() -> None:
    with client(lambda _: httpx.Response(200)) as api:
        with pytest.raises(InvalidInputError, match=r"'\\udcff' isn't valid UTF-8"):
            api.post("/x", {"a": "\udcff"})
        with pytest.raises(InvalidInputError, match="isn't valid UTF-8"):
            api.get("/x", cursor="\udcff")


def test_the_error_without_a_server_has_the_address_and_how_to_start_one() -> None:
    with (
        ApiClient(base_url="http://127.0.0.1:1", api_key="nfk_test") as api,
        pytest.raises(UnavailableError) as caught,
    ):
        api.get("/x")

    assert "http://127.0.0.1:1" in caught.value.detail
    assert "ninefold up" in str(caught.value.remedy)


def test_a_timeout_has_its_own_error() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow", request=request)

    with client(answer) as api, pytest.raises(UnavailableError, match="didn't respond within"):
        api.get("/x")


@pytest.mark.parametrize("url", ["ftp://ninefold.test", "ninefold.test", "http://ninefold.test:port"])
def test_the_error_for_an_invalid_address_names_the_setting(url: str) -> None:
    with ApiClient(base_url=url, api_key="nfk_test") as api, pytest.raises(InvalidInputError) as caught:
        api.get("/x")

    assert caught.value.field == "NINEFOLD_URL"


def client(answer: Callable[[httpx.Request], httpx.Response]) -> ApiClient:
    return ApiClient(base_url="http://ninefold.test/", api_key="nfk_test", transport=httpx.MockTransport(answer))
