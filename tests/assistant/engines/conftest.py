"""The engines that the tests of this folder use."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest

from assistant.engines.engines import Llama, ask, collect, short_folder
from ninefold.systems.assistant.engines.llama.engine import LlamaEngine
from ninefold.systems.assistant.engines.port import Engine
from ninefold.systems.assistant.engines.scripted import ScriptedEngine
from ninefold.systems.assistant.engines.url import UrlEngine
from ninefold.systems.assistant.settings import read_assistant_settings


@pytest.fixture(scope="session")
async def llama() -> AsyncIterator[Llama]:
    """llama.cpp with the default model, started by its first use."""
    data_dir = short_folder()
    with Llama(data_dir).running() as llama:
        engine = LlamaEngine(read_assistant_settings({}), llama.folder)
        while not await engine.is_ready():
            await asyncio.sleep(0.01)
        await collect(engine, ask("smollm2-135m-instruct", max_tokens=1))
        await engine.embed("all-minilm-l6-v2", ["Hello"])
        yield llama
    shutil.rmtree(data_dir)


@pytest.fixture(params=["scripted", "llama", "url"])
async def engine(request: pytest.FixtureRequest, llama: Llama) -> AsyncIterator[Engine]:
    """Each engine, one after the other."""
    if request.param == "scripted":
        yield ScriptedEngine()
        return
    if request.param == "llama":
        yield LlamaEngine(read_assistant_settings({}), llama.folder)
        return
    settings = {"URL": llama.url, "MODEL": "smollm2-135m-instruct", "EMBEDDING_MODEL": "all-minilm-l6-v2"}
    engine = UrlEngine(
        read_assistant_settings({f"NINEFOLD_ASSISTANT_{name}": value for name, value in settings.items()})
    )
    yield engine
    await engine.aclose()


@pytest.fixture
def model(engine: Engine) -> str:
    """The chat model of the engine."""
    return "scripted" if isinstance(engine, ScriptedEngine) else "smollm2-135m-instruct"


@pytest.fixture
def embedding_model(engine: Engine) -> str:
    """The embedding model of the engine."""
    return "scripted-embedding" if isinstance(engine, ScriptedEngine) else "all-minilm-l6-v2"
