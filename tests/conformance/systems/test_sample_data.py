"""No system can be left out of the suites: they fail without its sample data, and for a path that it has no id for."""

from pathlib import Path

import pytest

from openapi_operations import Operation
from sample_data import SampleData, sample_maker_of

EMPTY = "async def make_sample_data(context):\n    return None\n"


def test_sample_data_has_an_id_for_each_path_parameter(sample_data: SampleData, operations: list[Operation]) -> None:
    for operation in operations:
        assert "{" not in operation.address(sample_data.ids_for(operation.operation_id))


def test_a_system_without_sample_data_fails_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="The system shop brings no sample data"):
        sample_maker_of("shop", tests=tmp_path)

    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "samples.py").write_text(EMPTY)
    assert callable(sample_maker_of("shop", tests=tmp_path))


def test_an_operation_without_an_id_in_the_sample_data_fails_with_its_name() -> None:
    operation = Operation(
        operation_id="get_order",
        method="GET",
        path="/api/v1/orders/{order_id}",
        path_examples={"order_id": "ord_1"},
        query_parameters=[],
        body=None,
        is_authenticated=True,
    )
    assert operation.address({"order_id": "ord_2"}) == "/api/v1/orders/ord_2"

    with pytest.raises(AssertionError, match=r"get_order has path parameters .*: \['order_id'\]"):
        operation.address({"invoice_id": "inv_1"})
