"""The models that can be asked for, as the engine lists them."""

import time
from collections.abc import Sequence
from typing import Final

from ninefold.core.errors import NotFoundError
from ninefold.systems.assistant.engines.errors import EngineUnavailableError
from ninefold.systems.assistant.engines.port import Embeddings, Engine, ModelInfo

FRESH_FOR_S: Final = 10.0
"""How long a list is used. Without it, each request would first ask the engine."""


class ModelNotFoundError(NotFoundError):
    """There is no such model."""

    code = "model_not_found"
    title = "Model not found"


class ModelCatalogue:
    """The engine's models, and its embeddings.

    Args:
        engine: the engine of this process; it only lists models and embeds texts.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine
        self._models: Sequence[ModelInfo] = ()
        self._read_at = float("-inf")

    async def models(self) -> Sequence[ModelInfo]:
        """Return all models.

        Raises:
            EngineUnavailableError: the engine can't be asked.
        """
        if time.monotonic() - self._read_at > FRESH_FOR_S:
            self._models = await self._engine.models()
            self._read_at = time.monotonic()
        return self._models

    async def find(self, name: str) -> ModelInfo:
        """Return a model.

        Raises:
            ModelNotFoundError: there is none with this name.
            EngineUnavailableError: the engine can't be asked.
        """
        for model in await self.models():
            if model.model == name:
                return model
        raise ModelNotFoundError(
            f"The model {name[:80]!r} does not exist.", field="model", remedy="GET /openai/v1/models lists the models."
        )

    async def require_chat_model(self, name: str) -> None:
        """Check that a model can answer. If the engine can't be asked, the worker finds out later.

        Raises:
            ModelNotFoundError: there is no model with this name that answers.
        """
        try:
            model = await self.find(name)
        except EngineUnavailableError:
            return
        if model.kind != "chat":
            raise ModelNotFoundError(f"The model {name!r} only embeds texts.", field="model")

    async def embed(self, name: str, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of texts.

        Raises:
            ModelNotFoundError: there is no such model that embeds texts.
            EngineUnavailableError: the engine can't be reached.
            EngineOverloadedError: it has no capacity at the moment.
            EngineRefusedError: a text is too long.
        """
        model = await self.find(name)
        if model.kind != "embedding":
            raise ModelNotFoundError(f"The model {name!r} doesn't embed texts.", field="model")
        return await self._engine.embed(name, texts)
