"""No organisation can see or change what belongs to another, through any operation of the OpenAPI document.

A foreign protocol isn't in the document. Its system's tests have a table of its operations, each with an id or a token
of another organisation.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from http_api import Api, Json, problem_of
from openapi_operations import Operation
from sample_data import SampleData


@pytest.fixture
async def unchanged(api: Api, sample_data: SampleData, operations: list[Operation]) -> AsyncIterator[None]:
    """Whatever the test does, the owner still sees the same afterwards."""
    before = await read_everything(api, sample_data, operations)
    assert sample_data.secret_text in str(before)
    yield
    assert before == await read_everything(api, sample_data, operations)


async def read_everything(api: Api, sample_data: SampleData, operations: list[Operation]) -> dict[str, Json]:
    """Return what every GET shows to the owner, whatever the time is."""
    found: dict[str, Json] = {}
    for operation in operations:
        if operation.method == "GET" and operation.operation_id not in sample_data.not_for_keys:
            response = await call(api, operation, sample_data.ids_for(operation.operation_id))
            assert response.is_success, (operation.operation_id, response.text)
            is_json = response.headers["content-type"].startswith("application/json")
            found[operation.operation_id] = without_time(response.json()) if is_json else {"text": response.text}
    return found


def without_time(shown: Any) -> Any:
    """Return what is shown without what changes with each minute: when the parts of a period begin, and empty parts."""
    match shown:
        case dict():
            return {name: without_time(value) for name, value in shown.items() if name != "starts_at"}
        case list():
            parts = [without_time(part) for part in shown]
            return [part for part in parts if any(part.values() if isinstance(part, dict) else [part])]
        case _:
            return shown


async def test_every_operation_succeeds_for_the_owner(
    api: Api, sample_data: SampleData, operations: list[Operation]
) -> None:
    # Otherwise the 404s below would prove nothing.
    by_id = {operation.operation_id: operation for operation in operations}
    destroying = [by_id.pop(operation_id) for operation_id in sample_data.destroying]
    for operation_id in sample_data.not_for_keys:
        del by_id[operation_id]
    for operation in (*by_id.values(), *destroying):
        content = sample_data.contents.get(operation.operation_id)
        response = await call(api, operation, sample_data.ids_for(operation.operation_id), content=content)
        assert response.is_success, (operation.operation_id, response.text)


@pytest.mark.usefixtures("unchanged")
async def test_every_operation_with_an_id_of_another_organisation_answers_404_and_changes_nothing(
    other_api: Api, sample_data: SampleData, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.path_examples:
            response = await call(other_api, operation, sample_data.ids_for(operation.operation_id))
            if operation.operation_id in sample_data.creating:
                assert response.is_success, (operation.operation_id, response.text)
            else:
                problem_of(response, status=404)
            assert sample_data.secret_text not in response.text, operation.operation_id


async def test_an_id_of_another_organisation_is_answered_like_one_that_does_not_exist(
    api: Api, other_api: Api, sample_data: SampleData, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.path_examples and operation.operation_id not in sample_data.creating:
            foreign = problem_of(
                await call(other_api, operation, sample_data.ids_for(operation.operation_id)), status=404
            )
            unknown = problem_of(await call(api, operation, operation.path_examples), status=404)
            assert without_ids(foreign, sample_data.ids_for(operation.operation_id)) == without_ids(
                unknown, operation.path_examples
            ), operation.operation_id


@pytest.mark.usefixtures("unchanged")
async def test_no_list_shows_another_organisations_items_even_with_its_cursor(
    api: Api, other_api: Api, sample_data: SampleData, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.method == "POST" and not operation.path_examples:
            await call(other_api, operation, {})
    lists = [
        operation
        for operation in operations
        if operation.method == "GET"
        and not operation.path_examples
        and operation.operation_id not in sample_data.not_for_keys
    ]
    for operation in lists:
        path = path_of(operation, {})
        queries = [""]
        if "cursor" in operation.query_parameters:
            assert ids_in(await api.get(path), sample_data), operation.operation_id
            owners_page = await api.get(f"{path}?limit=1")
            assert owners_page["next_cursor"] is not None, operation.operation_id
            queries += ["?limit=100", f"?limit=100&cursor={owners_page['next_cursor']}"]
        for query in queries:
            shown = await other_api.get(f"{path}{query}")
            assert sample_data.secret_text not in str(shown), operation.operation_id
            assert ids_in(shown, sample_data) == [], operation.operation_id


@pytest.mark.usefixtures("unchanged")
async def test_an_operation_without_an_id_changes_nothing_of_another_organisation(
    other_api: Api, sample_data: SampleData, operations: list[Operation]
) -> None:
    for operation in operations:
        if not operation.path_examples:
            # With the owner's ids, if it names something in its body.
            content = sample_data.contents.get(operation.operation_id)
            response = await call(other_api, operation, sample_data.ids_for(operation.operation_id), content=content)
            is_refused = operation.operation_id in (*sample_data.not_for_keys, *sample_data.needs_own)
            assert response.is_success != is_refused, (operation.operation_id, response.text)
            assert sample_data.secret_text not in response.text, operation.operation_id


async def call(
    api: Api, operation: Operation, ids: Mapping[str, str], *, content: bytes | None = None
) -> httpx.Response:
    return await api.request(operation.method, path_of(operation, ids), json=operation.body_with(ids), content=content)


def path_of(operation: Operation, ids: Mapping[str, str]) -> str:
    return operation.address(ids).removeprefix("/api/v1")


def ids_in(answer: Json, sample_data: SampleData) -> list[str]:
    return [text for text in sample_data.ids.values() if text in str(answer)]


def without_ids(problem: Json, ids: Mapping[str, str]) -> Json:
    text = problem["detail"]
    for value in ids.values():
        text = text.replace(value, "…")
    return {**problem, "detail": text, "request_id": "…"}
