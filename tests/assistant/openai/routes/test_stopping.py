"""What clients get when the server stops while they wait."""

import asyncio
import re
import signal

from openai import APIConnectionError, AsyncOpenAI, InternalServerError
from openai.types.chat import ChatCompletionMessageParam

from assistant.openai.routes.scripts import MODEL, SLOW, script
from assistant.processes import Assistant

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": script(**SLOW)}]


async def read_stream(client: AsyncOpenAI, begun: asyncio.Event) -> str:
    """Read a streamed completion; return how it ended."""
    try:
        async for _ in await client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            begun.set()
    except APIConnectionError:
        return "broken off"
    return "ended"


async def test_a_stop_is_an_error_that_says_what_to_do(assistant: Assistant) -> None:
    begun = asyncio.Event()
    async with assistant.async_client() as client:
        stored = asyncio.create_task(client.responses.create(model=MODEL, input=script(**SLOW), max_output_tokens=500))
        chat = asyncio.create_task(client.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=500))
        stream = asyncio.create_task(read_stream(client, begun))
        await begun.wait()
        await asyncio.to_thread(assistant.restart_server, signal.SIGTERM)
        errors = await asyncio.gather(stored, chat, return_exceptions=True)
        refusals = [error for error in errors if isinstance(error, InternalServerError)]
        assert [(error.code, error.response.headers["x-should-retry"]) for error in refusals] == [
            ("server_stopping", "false"),
            ("server_stopping", "true"),
        ]
        assert await stream == "broken off"
        # The stored response goes on, and its id is in the error.
        (response_id,) = set(re.findall(r"resp_\w+", refusals[0].message))
        assert (await client.responses.retrieve(response_id)).status in {"queued", "in_progress"}
        await client.responses.cancel(response_id)
