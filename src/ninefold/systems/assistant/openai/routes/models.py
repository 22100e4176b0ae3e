"""`/openai/v1/models` and `POST /openai/v1/embeddings`."""

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from ninefold.core.web.bodies import FromBody
from ninefold.systems.assistant.engines.port import ModelInfo
from ninefold.systems.assistant.openai.catalogue import ModelCatalogue
from ninefold.systems.assistant.openai.objects.lists import EmbeddingList, ModelList, ModelObject, embedding_list
from ninefold.systems.assistant.openai.requests.embeddings import CreateEmbeddings
from ninefold.systems.assistant.openai.requests.fields import REQUEST_BYTES_MAX


def model_routes(catalogue: ModelCatalogue) -> list[ControllerRouterHandler]:
    """Return the routes of models and embeddings."""

    @get("/openai/v1/models")
    async def list_models() -> Response[bytes]:
        """Return all models."""
        return _json(ModelList(data=[_model(model) for model in await catalogue.models()]))

    @get("/openai/v1/models/{model:path}")
    async def retrieve_model(model: FromPath[str]) -> Response[bytes]:
        """Return one model; its name can have slashes."""
        return _json(_model(await catalogue.find(model.removeprefix("/"))))

    @post("/openai/v1/embeddings", status_code=200, request_max_body_size=REQUEST_BYTES_MAX)
    async def create_embeddings(data: FromBody[CreateEmbeddings]) -> Response[bytes]:
        """Return the vectors of texts."""
        texts = data.texts()
        found = await catalogue.embed(data.model, texts)
        is_base64 = data.encoding_format == "base64"
        return _json(embedding_list(found.vectors, model=found.model, tokens=found.input_tokens, is_base64=is_base64))

    return [list_models, retrieve_model, create_embeddings]


def _model(model: ModelInfo) -> ModelObject:
    return ModelObject(id=model.model, created=0, owned_by=model.owned_by)


def _json(shown: ModelList | ModelObject | EmbeddingList) -> Response[bytes]:
    return Response(msgspec.json.encode(shown), media_type="application/json")
