"""The models that can be asked for, as the engine lists them."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from ninefold.core.errors import NotFoundError
from ninefold.systems.assistant.engines.errors import EngineUnavailableError
from ninefold.systems.assistant.engines.port import Embeddings, Engine, ModelInfo

FRESH_FOR_S: Final = 10.0
"""How long a list is used. Without it, each request would first ask the engine."""

RETRY_AFTER_S: Final = 1.0
"""After an engine couldn't be asked, how long it isn't asked again."""


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
        self._failure: EngineUnavailableError | None = None
        self._read_again_at = float("-inf")
        self._reading: Final = asyncio.Lock()

    async def models(self) -> Sequence[ModelInfo]:
        """Return all models.

        Raises:
            EngineUnavailableError: the engine can't be asked.
        """
        async with self._reading:
            if time.monotonic() >= self._read_again_at:
                await self._read()
        if self._failure is not None:
            raise EngineUnavailableError(self._failure.detail, remedy=self._failure.remedy)
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

    async def _read(self) -> None:
        try:
            self._models, self._failure = await self._engine.models(), None
        except EngineUnavailableError as error:
            self._failure = error
        self._read_again_at = time.monotonic() + (FRESH_FOR_S if self._failure is None else RETRY_AFTER_S)
