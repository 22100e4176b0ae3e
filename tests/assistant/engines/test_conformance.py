"""What every engine does, on each of them. The real model is fluent, not knowing: only the form is tested."""

import asyncio
import math
import time
from contextlib import aclosing

import pytest

from assistant.engines.engines import Llama, ask, collect, decode, join, text_of
from ninefold.systems.assistant.engines.port import Engine
from ninefold.systems.assistant.engines.scripted import ScriptedEngine
from ninefold.systems.assistant.model import PromptMessage

SLOT_FREE_WITHIN_S = 2.0
"""Far less than the answer takes. On a quiet machine it is less than 0.1 s."""
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "boat",
        "schema": {
            "type": "object",
            "properties": {
                "kind": {"enum": ["sail", "motor"]},
                "is_fast": {"type": "boolean"},
            },
            "required": ["kind", "is_fast"],
            "additionalProperties": False,
        },
    },
}


async def test_an_answer_arrives_in_pieces_and_the_last_one_says_why_it_ended(engine: Engine, model: str) -> None:
    pieces = await collect(engine, ask(model))

    assert len([piece for piece in pieces if piece.text]) > 10
    assert [piece.finish_reason for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert [piece.usage for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1].finish_reason in ("stop", "length")
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.input_tokens > 5


async def test_the_pieces_are_sent_as_they_are_written(engine: Engine, model: str) -> None:
    async with aclosing(engine.generate(ask(model, max_tokens=200))) as pieces:
        first = await anext(pieces)
        second = await anext(pieces)

    assert first.tokens == second.tokens == 1


async def test_an_answer_ends_at_its_limit_of_tokens_and_all_are_counted(engine: Engine, model: str) -> None:
    pieces = await collect(engine, ask(model, max_tokens=9))

    assert pieces[-1].finish_reason == "length"
    assert sum(piece.tokens for piece in pieces) == 9
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.output_tokens == 9


async def test_an_answer_ends_before_a_stop_sequence(engine: Engine, model: str) -> None:
    whole = await text_of(engine, ask(model))
    middle = len(whole) // 2
    stop = whole[middle : middle + 5]

    pieces = await collect(engine, ask(model, stop=("never to be found", stop)))

    assert join(pieces) == whole[: whole.index(stop)]
    assert pieces[-1].finish_reason == "stop"


async def test_the_same_seed_gives_the_same_answer_and_another_one_another(engine: Engine, model: str) -> None:
    answers = [await text_of(engine, ask(model, temperature=1.0, seed=seed)) for seed in (7, 7, 8)]

    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


async def test_an_answer_can_follow_a_json_schema(engine: Engine, model: str) -> None:
    answer = decode(await text_of(engine, ask(model, max_tokens=200, seed=1, response_format=SCHEMA)))

    assert answer["kind"] in ("sail", "motor")
    assert isinstance(answer["is_fast"], bool)


async def test_a_prefix_is_continued_exactly_after_its_last_character(engine: Engine, model: str) -> None:
    pieces = await collect(engine, ask(model))

    for count in (1, 9):
        prefix = join(pieces[:count])
        rest = await text_of(engine, ask(model, prefix=prefix, tokens_so_far=count))
        assert prefix + rest == join(pieces)


async def test_a_json_text_that_broke_off_is_continued_by_its_schema(engine: Engine, model: str) -> None:
    request = ask(model, max_tokens=200, seed=1, response_format=SCHEMA)
    pieces = await collect(engine, request)

    for count in (1, 4):
        continued = ask(
            model,
            max_tokens=200,
            seed=1,
            response_format=SCHEMA,
            prefix=join(pieces[:count]),
            tokens_so_far=count,
        )
        answer = decode(join(pieces[:count]) + await text_of(engine, continued))
        assert set(answer) == {"kind", "is_fast"}


async def test_the_tokens_of_a_prefix_count_towards_the_limit_and_as_output(engine: Engine, model: str) -> None:
    first = await collect(engine, ask(model, max_tokens=5))
    prefix = join(first)

    pieces = await collect(engine, ask(model, prefix=prefix, tokens_so_far=5, max_tokens=8))

    assert sum(piece.tokens for piece in pieces) == 3
    assert pieces[-1].finish_reason == "length"
    usage, first_usage = pieces[-1].usage, first[-1].usage
    assert usage is not None
    assert first_usage is not None
    assert usage.output_tokens == 8
    # The end of the prefix can be divided into other tokens than those that were generated.
    assert abs(usage.input_tokens - first_usage.input_tokens) <= 2


async def test_four_answers_are_written_at_once(engine: Engine, model: str) -> None:
    requests = [ask(model, text=f"Tell me about the number {number}.") for number in range(4)]

    answers = await asyncio.gather(*[collect(engine, request) for request in requests])

    assert all(answer[-1].finish_reason in ("stop", "length") for answer in answers)


async def test_closing_frees_the_slot_at_once(engine: Engine, model: str, llama: Llama) -> None:
    async with aclosing(engine.generate(ask(model, max_tokens=1_500, text="Count to a million."))) as pieces:
        await anext(pieces)
        assert await _busy(engine, llama) == 1
        closed_at = time.perf_counter()

    while await _busy(engine, llama):
        assert time.perf_counter() - closed_at < SLOT_FREE_WITHIN_S
        await asyncio.sleep(0.005)


async def _busy(engine: Engine, llama: Llama) -> int:
    return engine.active_count if isinstance(engine, ScriptedEngine) else await llama.busy_slots()


async def test_a_conversation_can_have_all_roles(engine: Engine, model: str) -> None:
    messages = [
        PromptMessage(role="system", text="You answer briefly."),
        PromptMessage(role="user", text="Hello"),
        PromptMessage(role="assistant", text="Hello, what can I do for you?"),
        PromptMessage(role="user", text="Tell me a story."),
    ]

    assert await text_of(engine, ask(model, messages=messages))


async def test_embeddings_have_length_one_and_the_order_of_their_texts(engine: Engine, embedding_model: str) -> None:
    texts = ["The cat sits on the mat.", "Quarterly revenue fell.", "The cat sits on the mat."]

    embeddings = await engine.embed(embedding_model, texts)

    assert len(embeddings.vectors) == 3
    assert all(math.hypot(*vector) == pytest.approx(1) for vector in embeddings.vectors)
    assert embeddings.vectors[0] == pytest.approx(embeddings.vectors[2], abs=1e-3)
    assert embeddings.vectors[0] != pytest.approx(embeddings.vectors[1], abs=1e-1)
    assert embeddings.input_tokens > 10


async def test_it_is_ready_and_lists_its_models(engine: Engine) -> None:
    assert await engine.is_ready()
    listed = await engine.models()
    assert listed
    assert all(each.kind in ("chat", "embedding") for each in listed)
