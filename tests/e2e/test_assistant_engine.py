"""`ninefold up` with the model that is included: started by the first message, and gone with its supervisor."""

import asyncio
from pathlib import Path

import httpx
import psutil

from assistant.assistant_api import AssistantApi
from installations import Installation, alive_among

MESSAGE = "Tell me a story about the sea."
WITHIN_S = 60.0


async def test_the_model_starts_with_the_first_message_and_its_death_does_not_end_an_answer(tmp_path: Path) -> None:
    async with Installation(tmp_path / "data") as installation:
        key = next(line.strip() for line in installation.output if line.startswith("  nfk_"))
        await installation.wait_for_error_line("Assistant: smollm2-135m-instruct, 98 MB")
        assert "assistant.llama" not in names_of(installation)
        async with httpx.AsyncClient(base_url=installation.url, trust_env=False) as http:
            api = AssistantApi(http, key)
            response_id = await api.ask(MESSAGE, model="smollm2-135m-instruct", max_output_tokens=120)
            before = await api.until(response_id, lambda response: len(response["text"]) > 20, timeout_s=WITHIN_S)

            installation.child("assistant.llama").kill()

            response = await api.until(response_id, lambda response: response["finished_at"], timeout_s=WITHIN_S)
        assert response["status"] in ("completed", "incomplete")
        assert response["text"].startswith(before["text"])
        assert response["attempt_count"] > 1
        assert response["usage"]["output_tokens"] <= 120

        processes = installation.descendants()
        installation.process.kill()
        await installation.wait()
    await asyncio.to_thread(psutil.wait_procs, processes, timeout=WITHIN_S)
    assert alive_among(processes) == []


def names_of(installation: Installation) -> list[str]:
    """Return the last argument of each child process."""
    return [process.cmdline()[-1] for process in psutil.Process(installation.process.pid).children()]
