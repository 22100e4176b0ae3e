import pytest

from ninefold.systems.workflows.errors import InvalidDispatchError
from ninefold.systems.workflows.model.values import to_json_data
from ninefold.systems.workflows.planning import dispatch_inputs
from ninefold.systems.workflows.reading import read_workflow

WORKFLOW = read_workflow(
    """\
on:
  workflow_dispatch:
    inputs:
      name: {required: true}
      level: {type: choice, options: [low, high], default: low}
      dry: {type: boolean}
      count: {type: number, default: 3}
      note:
jobs: {a: {runs-on: x, steps: []}}
""",
    file="ci.yml",
)


def inputs_of(given: dict[str, str]) -> object:
    assert WORKFLOW.triggers.dispatch is not None
    return to_json_data(dispatch_inputs(WORKFLOW.triggers.dispatch, given))


def test_inputs_are_typed_and_have_defaults() -> None:
    assert inputs_of({"NAME": "x"}) == {"name": "x", "level": "low", "dry": False, "count": 3, "note": ""}
    assert inputs_of({"name": "x", "level": "high", "dry": "true", "count": "1.5", "note": "n"}) == {
        "name": "x",
        "level": "high",
        "dry": True,
        "count": 1.5,
        "note": "n",
    }


@pytest.mark.parametrize(
    ("given", "message", "field"),
    [
        ({}, "Required input 'name' not provided.", "name"),
        ({"name": "x", "other": "y"}, "Unexpected inputs provided: other.", "other"),
        ({"name": "x", "level": "mid"}, "The input 'level' can't be 'mid'.", "level"),
        ({"name": "x", "dry": "maybe"}, "The input 'dry' can't be 'maybe'.", "dry"),
        ({"name": "x", "count": "many"}, "The input 'count' can't be 'many'.", "count"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(given: dict[str, str], message: str, field: str) -> None:
    with pytest.raises(InvalidDispatchError) as raised:
        inputs_of(given)

    assert (raised.value.detail, raised.value.field) == (message, field)
