"""The engine `url` against a small server that answers as the test says, for what a real one doesn't do on demand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest

from assistant.engines.engines import ask, collect, join
from ninefold.core.errors import NinefoldError, SettingError
from ninefold.systems.assistant.engines.errors import (
    EngineBrokeOffError,
    EngineCannotContinueError,
    EngineOverloadedError,
    EngineRefusedError,
    EngineUnavailableError,
)
from ninefold.systems.assistant.engines.url import UrlEngine
from ninefold.systems.assistant.model import ToolCall
from ninefold.systems.assistant.settings import read_assistant_settings


class Server:
    """Speaks OpenAI's API, and answers each question with `reply`."""

    def __init__(self) -> None:
        self.owned_by = "vllm"
        self.reply = b""
        self.requests: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        length = next((int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        if "/models" in head:
            models = msgspec.json.encode({"object": "list", "data": [{"id": "m", "owned_by": self.owned_by}]})
            writer.write(response("200 OK", models))
        else:
            self.requests.append(msgspec.json.decode(body))
            writer.write(self.reply)
        with suppress(ConnectionError):
            await writer.drain()
            writer.close()
            await writer.wait_closed()


def response(status: str, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def stream(*chunks: Any, is_complete: bool = True) -> bytes:
    events = b"".join(b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks)
    events += b"data: [DONE]\n\n" if is_complete else b""
    return response("200 OK", events, "content-type: text/event-stream")


def delta(finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish_reason}]}


def error(message: str) -> bytes:
    return msgspec.json.encode({"error": {"message": message, "type": "x", "code": "y"}})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1/"
    yield server
    listening.close()
    await listening.wait_closed()


@pytest.fixture
async def engine(server: Server) -> AsyncIterator[UrlEngine]:
    engine = open_url(server.url)
    yield engine
    await engine.aclose()


def open_url(url: str, **settings: str) -> UrlEngine:
    given = {"URL": url, "MODEL": "m", "API_KEY": "sk-secret", **settings}
    return UrlEngine(read_assistant_settings({f"NINEFOLD_ASSISTANT_{name}": value for name, value in given.items()}))


async def failing(engine: UrlEngine, **fields: Any) -> NinefoldError:
    with pytest.raises(NinefoldError) as raised:
        await collect(engine, ask("m", **fields))
    return raised.value


async def test_the_key_and_the_model_are_sent(engine: UrlEngine, server: Server) -> None:
    server.reply = stream(delta(content="Hello"), delta("stop"))

    assert join(await collect(engine, ask("m"))) == "Hello"

    assert "authorization: Bearer sk-secret" in server.heads[-1]
    assert server.heads[-1].startswith("POST /v1/chat/completions ")
    assert server.requests[0]["model"] == "m"


@pytest.mark.parametrize(("form", "retry_after_s"), [("seconds", 7), ("date", 3600)])
async def test_a_server_that_is_overloaded_says_when_to_come_again(
    engine: UrlEngine, server: Server, form: str, retry_after_s: float
) -> None:
    in_two_hours = datetime.now(UTC) + timedelta(hours=2)
    retry_after = format_datetime(in_two_hours, usegmt=True) if form == "date" else "7"
    server.reply = response("429 Too Many Requests", error("Slow down."), f"retry-after: {retry_after}")

    raised = await failing(engine)

    assert isinstance(raised, EngineOverloadedError)
    assert raised.retry_after_s == retry_after_s
    assert "Slow down." in str(raised)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("400 Bad Request", EngineRefusedError),
        ("404 Not Found", EngineRefusedError),
        ("422 Unprocessable Content", EngineRefusedError),
        ("401 Unauthorized", EngineUnavailableError),
        ("302 Found", EngineUnavailableError),
        ("500 Internal Server Error", EngineUnavailableError),
        ("503 Service Unavailable", EngineUnavailableError),
    ],
)
async def test_an_error_has_the_words_of_the_server(
    engine: UrlEngine, server: Server, status: str, expected: type[NinefoldError]
) -> None:
    server.reply = response(status, error("These are my words."))

    raised = await failing(engine)

    assert type(raised) is expected
    assert "These are my words." in str(raised)
    assert "sk-secret" not in str(raised)


async def test_an_error_need_not_be_json(engine: UrlEngine, server: Server) -> None:
    server.reply = response("502 Bad Gateway", b"<html>nginx</html>")

    assert "nginx" in str(await failing(engine))


@pytest.mark.parametrize(
    "reply",
    [
        stream(delta(content="Half an"), is_complete=False),
        stream(delta(content="Half an")),
        stream(delta(content="Half an"), {"error": {"message": "out of memory"}}),
        response("200 OK", b'data: {"choices": [{"delta": {"content": "Half an"}}]}\n\ndata: {broken\n\n'),
        stream(delta(content="Half an")).replace(b"content-length: ", b"content-length: 9"),
    ],
    ids=["ends", "no reason", "error", "no json", "connection lost"],
)
async def test_a_stream_that_breaks_off_is_an_error_after_what_came(
    engine: UrlEngine, server: Server, reply: bytes
) -> None:
    server.reply = reply
    pieces = engine.generate(ask("m"))

    assert (await anext(pieces)).text == "Half an"
    with pytest.raises(EngineBrokeOffError):
        await anext(pieces)


async def test_a_server_that_does_not_listen_is_unavailable() -> None:
    engine = open_url("http://127.0.0.1:9/v1")

    assert isinstance(await failing(engine), EngineUnavailableError)
    assert not await engine.is_ready()
    await engine.aclose()


async def test_calls_of_functions_come_whole(engine: UrlEngine, server: Server) -> None:
    def part(index: int, **fields: Any) -> dict[str, Any]:
        return delta(tool_calls=[{"index": index, **fields}])

    server.reply = stream(
        part(0, id="call_1", type="function", function={"name": "weather", "arguments": ""}),
        part(0, function={"arguments": '{"city":'}),
        part(0, function={"arguments": '"Kiel"}'}),
        part(1, id="call_2", function={"name": "time", "arguments": "{}"}),
        delta("tool_calls"),
        {"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 9}},
    )
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]

    pieces = await collect(engine, ask("m", tools=tools, tool_choice="required"))

    assert [piece.tool_call for piece in pieces if piece.tool_call] == [
        ToolCall(call_id="call_1", name="weather", arguments='{"city":"Kiel"}'),
        ToolCall(call_id="call_2", name="time", arguments="{}"),
    ]
    assert pieces[-1].finish_reason == "tool_calls"
    assert sum(piece.tokens for piece in pieces) == 9
    assert server.requests[0]["tools"] == tools
    assert server.requests[0]["tool_choice"] == "required"


async def test_vllm_is_asked_to_continue_the_last_message(engine: UrlEngine, server: Server) -> None:
    server.reply = stream(delta(content=" world"), delta("stop"))

    await collect(engine, ask("m", prefix="Hello", tokens_so_far=1, max_tokens=10))

    (request,) = server.requests
    assert request["messages"][-1] == {"role": "assistant", "content": "Hello"}
    assert request["continue_final_message"] is True
    assert request["add_generation_prompt"] is False
    assert request["max_tokens"] == 9


@pytest.mark.parametrize("owned_by", ["openai", "somebody"])
async def test_what_cannot_be_continued_is_not_asked_again(engine: UrlEngine, server: Server, owned_by: str) -> None:
    server.owned_by = owned_by

    assert isinstance(await failing(engine, prefix="Hello", tokens_so_far=1), EngineCannotContinueError)
    assert server.requests == []


async def test_a_setting_says_which_server_it_is(server: Server) -> None:
    server.reply = stream(delta(content="Hello"), delta("stop"))
    engine = open_url(server.url, URL_SERVER="openai")

    await collect(engine, ask("m"))

    assert "max_completion_tokens" in server.requests[0]
    assert len(server.heads) == 1
    await engine.aclose()


async def test_embeddings_that_are_not_those_of_the_texts_are_refused(engine: UrlEngine, server: Server) -> None:
    server.reply = response("200 OK", b'{"data": [{"index": 0, "embedding": [3, 4]}], "usage": {"prompt_tokens": 2}}')
    embeddings = await engine.embed("e", ["one"])
    assert embeddings.vectors == [[0.6, 0.8]]

    with pytest.raises(EngineUnavailableError, match="1 embeddings for 2"):
        await engine.embed("e", ["one", "two"])


async def test_a_stop_closes_the_connection(engine: UrlEngine, server: Server) -> None:
    server.reply = stream(delta(content="Hello"), is_complete=False).replace(b"content-length: ", b"content-length: 9")
    pieces = engine.generate(ask("m"))
    await anext(pieces)
    await pieces.aclose()

    assert engine._client is not None
    async with asyncio.timeout(30):
        while engine._client.open_connections:
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"ENGINE": "url"}, "NINEFOLD_ASSISTANT_URL"),
        ({"URL": "http://127.0.0.1/v1"}, "NINEFOLD_ASSISTANT_MODEL"),
        ({"URL": "ftp://127.0.0.1/v1", "MODEL": "m"}, "NINEFOLD_ASSISTANT_URL"),
        ({"LLAMA_MODEL": "/nowhere.gguf"}, "NINEFOLD_ASSISTANT_LLAMA_MODEL"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(settings: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingError) as raised:
        read_assistant_settings({f"NINEFOLD_ASSISTANT_{name}": value for name, value in settings.items()})

    assert raised.value.field == variable


def test_a_url_alone_chooses_the_engine() -> None:
    settings = read_assistant_settings(
        {"NINEFOLD_ASSISTANT_URL": "http://127.0.0.1/v1", "NINEFOLD_ASSISTANT_MODEL": "m"}
    )

    assert settings.engine == "url"
