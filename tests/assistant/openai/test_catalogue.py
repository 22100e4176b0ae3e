from collections.abc import AsyncGenerator, Sequence

import pytest

from ninefold.systems.assistant.engines.errors import EngineUnavailableError
from ninefold.systems.assistant.engines.port import Embeddings, Engine, Generation, ModelInfo, Piece, Readiness
from ninefold.systems.assistant.openai import catalogue as catalogue_module
from ninefold.systems.assistant.openai.catalogue import ModelCatalogue, ModelNotFoundError


class ListingEngine(Engine):
    """Lists models, and counts how often."""

    name = "listing"

    def __init__(self) -> None:
        self.is_available = True
        self.count = 0

    async def readiness(self) -> Readiness:
        return Readiness(is_ready=True, detail="")

    async def models(self) -> Sequence[ModelInfo]:
        self.count += 1
        if not self.is_available:
            raise EngineUnavailableError("It starts.", remedy="Try again.")
        return [ModelInfo(model="small"), ModelInfo(model="vectors", kind="embedding")]

    def generate(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        raise AssertionError(generation)

    async def embed(self, model: str, texts: Sequence[str]) -> Embeddings:
        return Embeddings(model=model, vectors=[[1.0] for _ in texts], input_tokens=len(texts))


async def test_a_list_is_used_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ListingEngine()
    catalogue = ModelCatalogue(engine)
    for _ in range(3):
        assert (await catalogue.find("small")).model == "small"
    assert engine.count == 1
    monkeypatch.setattr(catalogue_module, "FRESH_FOR_S", 0)
    catalogue = ModelCatalogue(engine)
    await catalogue.models()
    await catalogue.models()
    assert engine.count == 3


async def test_an_engine_that_is_unavailable_is_asked_again_later() -> None:
    engine = ListingEngine()
    engine.is_available = False
    catalogue = ModelCatalogue(engine)
    for _ in range(3):
        with pytest.raises(EngineUnavailableError, match="It starts"):
            await catalogue.models()
    assert engine.count == 1
    engine.is_available = True
    catalogue._read_again_at = 0
    assert len(await catalogue.models()) == 2


async def test_a_response_can_be_asked_for_while_the_engine_is_unavailable() -> None:
    engine = ListingEngine()
    engine.is_available = False
    await ModelCatalogue(engine).require_chat_model("anything")


@pytest.mark.parametrize("name", ["large", "vectors"])
async def test_only_models_that_answer_can_be_asked(name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        await ModelCatalogue(ListingEngine()).require_chat_model(name)


async def test_only_models_that_embed_can_embed() -> None:
    catalogue = ModelCatalogue(ListingEngine())
    assert (await catalogue.embed("vectors", ["a", "b"])).input_tokens == 2
    with pytest.raises(ModelNotFoundError):
        await catalogue.embed("small", ["a"])
