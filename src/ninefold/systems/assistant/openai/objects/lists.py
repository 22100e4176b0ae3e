"""The objects of models and embeddings."""

import base64
import struct
from collections.abc import Sequence
from typing import Literal

import msgspec


class ModelObject(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be used."""

    id: str
    object: Literal["model"] = "model"
    created: int
    """Seconds since 1970; 0 if it isn't known."""
    owned_by: str


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """All models."""

    object: Literal["list"] = "list"
    data: list[ModelObject]


class EmbeddingObject(msgspec.Struct, frozen=True, kw_only=True):
    """The vector of one text."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: Sequence[float] | str
    """Numbers, or 32-bit little-endian floats in base64."""


class EmbeddingUsage(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of all texts."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(msgspec.Struct, frozen=True, kw_only=True):
    """The vectors of all texts, in their order."""

    object: Literal["list"] = "list"
    data: list[EmbeddingObject]
    model: str
    usage: EmbeddingUsage


def embedding_list(vectors: Sequence[Sequence[float]], *, model: str, tokens: int, is_base64: bool) -> EmbeddingList:
    """Return the object for the vectors of a request's texts.

    Args:
        vectors: one for each text.
        model: the model that made them.
        tokens: how many tokens the texts had.
        is_base64: how vectors are written.
    """
    return EmbeddingList(
        data=[
            EmbeddingObject(index=index, embedding=_base64(vector) if is_base64 else vector)
            for index, vector in enumerate(vectors)
        ],
        model=model,
        usage=EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens),
    )


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
