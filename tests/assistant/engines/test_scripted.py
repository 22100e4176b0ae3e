"""The scripted engine: what its faults do; what it shares with other engines is in `test_conformance.py`."""

import asyncio
from contextlib import aclosing

import pytest

from ninefold.systems.assistant.engines.errors import (
    EngineBrokeOffError,
    EngineOverloadedError,
    EngineRefusedError,
    EngineUnavailableError,
)
from ninefold.systems.assistant.engines.port import Generation, Piece
from ninefold.systems.assistant.engines.scripted import Script, ScriptedEngine
from ninefold.systems.assistant.model import PromptMessage


def ask(text: str = "Hello", *, prefix: str = "", tokens_so_far: int = 0) -> Generation:
    return Generation(
        model="scripted",
        messages=[PromptMessage(role="user", text=text)],
        prefix=prefix,
        tokens_so_far=tokens_so_far,
        max_tokens=100,
    )


async def collect(engine: ScriptedEngine, generation: Generation) -> list[Piece]:
    async with aclosing(engine.generate(generation)) as pieces:
        return [piece async for piece in pieces]


async def text_of(engine: ScriptedEngine, generation: Generation) -> str:
    return "".join(piece.text for piece in await collect(engine, generation))


@pytest.mark.parametrize("count", range(41))
async def test_each_prefix_is_continued_with_exactly_the_rest(count: int) -> None:
    engine = ScriptedEngine(Script(token_count=40))
    tokens = [piece.text for piece in await collect(engine, ask()) if piece.text]

    rest = await text_of(engine, ask(prefix="".join(tokens[:count]), tokens_so_far=count))

    assert "".join(tokens[count:]) == rest


async def test_an_answer_that_broke_off_is_continued_beyond_the_fault() -> None:
    engine = ScriptedEngine(Script(break_off_after=7))
    async with aclosing(engine.generate(ask())) as pieces:
        prefix = "".join([(await anext(pieces)).text for _ in range(7)])
        with pytest.raises(EngineBrokeOffError):
            await anext(pieces)

    rest = await text_of(engine, ask(prefix=prefix, tokens_so_far=7))

    assert await text_of(ScriptedEngine(), ask()) == prefix + rest


async def test_a_message_can_bring_its_own_script() -> None:
    pieces = await collect(ScriptedEngine(), ask('script: {"token_count": 3}'))

    assert [piece.tokens for piece in pieces] == [1, 1, 1, 0]


async def test_a_script_that_is_none_is_refused() -> None:
    with pytest.raises(EngineRefusedError, match="tokens"):
        await collect(ScriptedEngine(), ask('script: {"tokens": 3}'))


async def test_a_stall_ends_when_the_generation_is_closed() -> None:
    engine = ScriptedEngine(Script(stall_after=2))
    async with aclosing(engine.generate(ask())) as pieces:
        assert [(await anext(pieces)).tokens for _ in range(2)] == [1, 1]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(pieces), timeout=0.05)

    assert engine.active_count == 0


async def test_an_engine_that_is_unavailable_answers_the_next_time() -> None:
    engine = ScriptedEngine(Script(is_unavailable=True))
    with pytest.raises(EngineUnavailableError):
        await collect(engine, ask())

    assert await collect(engine, ask())


async def test_an_overloaded_engine_says_when_to_try_again() -> None:
    engine = ScriptedEngine(Script(overloaded_retry_after_s=4, fault_count=2))
    for _ in range(2):
        with pytest.raises(EngineOverloadedError) as overloaded:
            await collect(engine, ask())
        assert overloaded.value.retry_after_s == 4

    assert await collect(engine, ask())


async def test_an_answer_can_stall_before_its_first_token_once() -> None:
    engine = ScriptedEngine(Script(stall_after=0))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(collect(engine, ask()), timeout=0.05)

    assert await collect(engine, ask())


async def test_a_refusal_has_the_words_of_the_script() -> None:
    with pytest.raises(EngineRefusedError, match="too long"):
        await collect(ScriptedEngine(Script(refuses="The prompt is too long.")), ask())


async def test_the_seed_of_the_script_changes_the_answer() -> None:
    answers = {await text_of(ScriptedEngine(Script(seed=seed)), ask()) for seed in range(5)}

    assert len(answers) == 5


async def test_a_foreign_prefix_is_refused() -> None:
    with pytest.raises(EngineRefusedError, match="beginning"):
        await collect(ScriptedEngine(), ask(prefix="Something else"))
