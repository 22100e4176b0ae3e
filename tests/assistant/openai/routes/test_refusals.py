"""Whom and what this API refuses, as the official client sees it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from openai import (
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OpenAI,
    PermissionDeniedError,
    RateLimitError,
)

from assistant.openai.routes.scripts import EMBEDDING_MODEL, MODEL, SLOW, script
from assistant.processes import Assistant
from ninefold.core.tenancy.roles import Role

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
UNKNOWN_ID = "resp_01h455vb4pex5vsknk084sn02q"

Operation = Callable[[OpenAI, str], Any]

OPERATIONS_ON_A_RESPONSE: dict[str, Operation] = {
    "retrieve": lambda client, response_id: client.responses.retrieve(response_id),
    "retrieve with stream": lambda client, response_id: list(client.responses.retrieve(response_id, stream=True)),
    "cancel": lambda client, response_id: client.responses.cancel(response_id),
    "delete": lambda client, response_id: client.responses.delete(response_id),
    "list input items": lambda client, response_id: client.responses.input_items.list(response_id).data,
    "continue": lambda client, response_id: client.responses.create(
        model=MODEL, input="Hello", previous_response_id=response_id
    ),
}
WRITING_OPERATIONS: dict[str, Operation] = {
    "chat": lambda client, _: client.chat.completions.create(model=MODEL, messages=HELLO),
    "create": lambda client, _: client.responses.create(model=MODEL, input="Hello"),
    "cancel": OPERATIONS_ON_A_RESPONSE["cancel"],
    "delete": OPERATIONS_ON_A_RESPONSE["delete"],
    "embed": lambda client, _: client.embeddings.create(model=EMBEDDING_MODEL, input="Hello"),
}


@pytest.fixture(scope="module")
def owner_key(assistant: Assistant) -> str:
    return assistant.new_key()


@pytest.fixture(scope="module")
def response_id(assistant: Assistant, owner_key: str) -> str:
    """A response of `owner_key`, which no test here may change."""
    with assistant.client(owner_key) as client:
        return client.responses.create(model=MODEL, input="only-acme-knows-this").id


@pytest.mark.parametrize("operation", OPERATIONS_ON_A_RESPONSE.values(), ids=OPERATIONS_ON_A_RESPONSE)
def test_a_response_of_another_organisation_does_not_exist(
    assistant: Assistant, owner_key: str, response_id: str, client: OpenAI, operation: Operation
) -> None:
    refusals = [refusal_of(operation, client, wanted) for wanted in (response_id, UNKNOWN_ID, "resp_x")]
    assert {(error.status_code, error.type, error.code) for error in refusals} in (
        {(404, "invalid_request_error", "response_not_found")},
        {(400, "invalid_request_error", "previous_response_not_found")},
    )
    assert "only-acme-knows-this" not in str([error.body for error in refusals])
    with assistant.client(owner_key) as owner:
        assert owner.responses.retrieve(response_id).status == "completed"


@pytest.mark.parametrize("operation", WRITING_OPERATIONS.values(), ids=WRITING_OPERATIONS)
def test_a_viewer_cannot_write(assistant: Assistant, owner_key: str, response_id: str, operation: Operation) -> None:
    key = assistant.new_key(organisation_id=assistant.organisation_of(owner_key), role=Role.VIEWER)
    with assistant.client(key) as client, pytest.raises(PermissionDeniedError) as raised:
        operation(client, response_id)
    assert raised.value.code == "insufficient_permissions"


def test_a_viewer_can_list_models(assistant: Assistant) -> None:
    with assistant.client(assistant.new_key(role=Role.VIEWER)) as client:
        assert list(client.models.list())


@pytest.mark.parametrize("key", ["nfk_AbC123xy_" + "a" * 43, "sk-test"])
def test_an_unknown_key_is_refused(assistant: Assistant, key: str) -> None:
    with assistant.client(key) as client, pytest.raises(AuthenticationError) as raised:
        client.models.list()
    assert (raised.value.code, raised.value.type) == ("invalid_api_key", "invalid_request_error")


def test_an_endpoint_that_is_not_there_says_so(client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as raised:
        client.images.generate(prompt="a cat")
    assert raised.value.code == "unknown_url"
    assert "POST /openai/v1/images/generations" in raised.value.message


def test_a_method_that_is_not_there_says_so(client: OpenAI) -> None:
    with pytest.raises(APIStatusError) as raised:
        client.put("/models", cast_to=httpx.Response)
    assert (raised.value.status_code, raised.value.code) == (405, "method_not_supported")


def test_an_error_has_the_id_of_the_request(client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as raised:
        client.responses.retrieve(UNKNOWN_ID, extra_headers={"X-Request-Id": "mine-00000001"})
    assert raised.value.request_id == "mine-00000001"


def test_an_unknown_model_is_refused(client: OpenAI) -> None:
    for model in ("gpt-4o", EMBEDDING_MODEL):
        with pytest.raises(NotFoundError) as raised:
            client.chat.completions.create(model=model, messages=HELLO)
        assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


def test_a_body_that_is_not_json_is_refused(assistant: Assistant) -> None:
    headers = {"Authorization": f"Bearer {assistant.new_key()}", "Content-Type": "application/json"}
    answer = httpx.post(f"{assistant.url}/responses", content=b'{"model":', headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_json")


def test_the_limit_of_tokens_says_when_to_come_back(assistant: Assistant) -> None:
    with assistant.client() as client:
        running = [
            client.responses.create(model=MODEL, input=script(**SLOW), background=True, max_output_tokens=1_000).id
            for _ in range(2)
        ]
        with pytest.raises(RateLimitError) as raised:
            client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=1_000)
        assert (raised.value.type, raised.value.code) == ("rate_limit_error", "rate_limit_exceeded")
        assert int(raised.value.response.headers["retry-after"]) > 0
        for each in running:
            client.responses.cancel(each)
        # What they didn't use is free again.
        assert client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=10).choices


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_engine_refuses_is_a_bad_request(client: OpenAI, *, stream: bool) -> None:
    messages: list[Any] = [{"role": "user", "content": script(refuses="That is too long.")}]
    with pytest.raises(BadRequestError) as raised:
        client.chat.completions.create(model=MODEL, messages=messages, stream=stream)
    assert "That is too long." in raised.value.message


def test_an_engine_that_fails_is_an_error_of_the_server(client: OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": script(is_unavailable=True, fault_count=99)}]
    with pytest.raises(InternalServerError) as raised:
        client.chat.completions.create(model=MODEL, messages=messages)
    assert (raised.value.status_code, raised.value.type) == (503, "server_error")


def test_a_stream_that_fails_after_its_beginning_ends_with_an_error(assistant: Assistant) -> None:
    messages: list[Any] = [{"role": "user", "content": script(**SLOW)}]
    with assistant.client() as client:
        stream = client.chat.completions.create(model=MODEL, messages=messages, stream=True)
        completion_id = next(stream).id
        assistant.cancel(completion_id.replace("chatcmpl-", "resp_"))
        with pytest.raises(APIError) as raised:
            list(stream)
    assert raised.value.code == "response_cancelled"


def refusal_of(operation: Operation, client: OpenAI, response_id: str) -> APIStatusError:
    with pytest.raises(APIStatusError) as raised:
        operation(client, response_id)
    return raised.value
