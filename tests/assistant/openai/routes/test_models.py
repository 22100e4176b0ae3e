"""Models and embeddings, with the official client."""

import pytest
from openai import NotFoundError, OpenAI

from assistant.openai.routes.scripts import EMBEDDING_MODEL, MODEL


def test_models_are_listed_and_found(client: OpenAI) -> None:
    models = list(client.models.list())
    assert {MODEL, EMBEDDING_MODEL} <= {model.id for model in models}
    assert client.models.retrieve(MODEL) in models


@pytest.mark.parametrize("name", ["gpt-4o", "org/model"])
def test_an_unknown_model_is_not_found(client: OpenAI, name: str) -> None:
    with pytest.raises(NotFoundError) as raised:
        client.models.retrieve(name)
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


def test_embeddings_are_the_same_in_both_formats(client: OpenAI) -> None:
    texts = ["a cat", "a dog"]
    # Without a format, the client asks for base64 and decodes it.
    by_default = client.embeddings.create(model=EMBEDDING_MODEL, input=texts)
    as_numbers = client.embeddings.create(model=EMBEDDING_MODEL, input=texts, encoding_format="float")
    assert [item.index for item in by_default.data] == [0, 1]
    for encoded, plain in zip(by_default.data, as_numbers.data, strict=True):
        assert encoded.embedding == pytest.approx(plain.embedding, abs=1e-6)
    assert by_default.usage == as_numbers.usage
    assert by_default.usage.prompt_tokens > 0


def test_a_model_that_answers_does_not_embed(client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as raised:
        client.embeddings.create(model=MODEL, input="a cat")
    assert raised.value.code == "model_not_found"
