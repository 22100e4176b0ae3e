"""How the bodies of Lichess's clients are read."""

import json
from typing import Any

import msgspec
import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.errors import BadJsonError
from ninefold.systems.chess.lichess.bodies import read_fields, read_list

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Fields(msgspec.Struct):
    rated: bool = False
    limit: int | None = msgspec.field(name="clock.limit", default=None)
    time: float | None = None
    color: str | None = None


def request(content: bytes, media_type: str | None) -> RawRequest:
    headers = [] if media_type is None else [(b"content-type", media_type.encode())]

    async def receive() -> Any:
        return {"type": "http.request", "body": content, "more_body": False}

    scope: Any = {"type": "http", "method": "POST", "path": "/", "headers": headers, "state": {}, "route_handler": None}
    return RawRequest(scope, receive)


@pytest.mark.parametrize(
    ("content", "media_type", "expected"),
    [
        (b"", None, Fields()),
        (b"", FORM, Fields()),
        (b"rated=true&clock.limit=60&color=white", FORM, Fields(rated=True, limit=60, color="white")),
        (b"rated=True&time=0.5&color=", FORM, Fields(rated=True, time=0.5)),
        (b"rated=false&unknown=1&clock.limit=", None, Fields()),
        (b'{"rated": true, "clock.limit": 60, "color": null}', JSON, Fields(rated=True, limit=60)),
        (b'{"rated": "true", "clock": {"limit": "60"}, "variant": null}', JSON, Fields(rated=True, limit=60)),
        (json.dumps({"time": 5, "rated": None}).encode(), f"{JSON}; charset=utf-8", Fields(time=5.0)),
    ],
)
async def test_forms_and_json_mean_the_same(content: bytes, media_type: str | None, expected: Fields) -> None:
    assert expected == await read_fields(request(content, media_type), Fields)


@pytest.mark.parametrize("content", [b"clock.limit=many", b"rated=maybe"])
async def test_a_wrong_value_names_its_field(content: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await read_fields(request(content, FORM), Fields)
    assert caught.value.field == content.decode().partition("=")[0]


async def test_json_that_cannot_be_parsed() -> None:
    with pytest.raises(BadJsonError):
        await read_fields(request(b"{", JSON), Fields)


async def test_a_list_of_texts() -> None:
    assert await read_list(request(b"a, b,,", None), items_max=2, what="names") == ["a", "b"]
    with pytest.raises(InvalidInputError, match="more than 2 names"):
        await read_list(request(b"a,b,c", None), items_max=2, what="names")
    with pytest.raises(InvalidInputError, match="UTF-8"):
        await read_list(request(b"\xff", None), items_max=2, what="names")
