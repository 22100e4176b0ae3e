import pytest

from ninefold.systems.workflows.errors import InvalidFileError
from ninefold.systems.workflows.model.action import Composite, ContainerAction, JavaScript
from ninefold.systems.workflows.model.templates import source_text
from ninefold.systems.workflows.reading import read_action

JAVASCRIPT = """\
name: Save
description: Saves
inputs:
  path: {description: What, required: true}
  token: {description: Who, default: '${{ github.token }}'}
runs: {using: node20, main: dist/main.js, post: dist/post.js, post-if: success()}
branding: {icon: archive, color: blue}
"""
COMPOSITE = """\
name: Greet
description: Greets
outputs:
  text: {description: The greeting, value: '${{ steps.greet.outputs.text }}'}
runs:
  using: composite
  steps:
    - id: greet
      shell: bash
      run: echo "text=hi" >> "$GITHUB_OUTPUT"
    - uses: ./nested
      if: inputs.again == 'true'
"""


def test_a_javascript_action_has_its_inputs_and_files() -> None:
    action = read_action(JAVASCRIPT, file="action.yml", is_strict=True)

    assert action.runs == JavaScript(
        using="node20", main="dist/main.js", post="dist/post.js", post_if="success()", pre=None, pre_if="always()"
    )
    assert action.inputs["path"].required
    assert action.inputs["token"].default is not None
    assert source_text(action.inputs["token"].default) == "${{ github.token }}"


def test_a_composite_action_has_its_steps_and_outputs() -> None:
    action = read_action(COMPOSITE, file="action.yml", is_strict=True)

    assert isinstance(action.runs, Composite)
    assert [step.id for step in action.runs.steps] == ["greet", "__self"]
    assert action.outputs["text"].value is not None


def test_a_container_action_is_read() -> None:
    text = "name: a\ndescription: b\nruns: {using: docker, image: Dockerfile}"

    assert read_action(text, file="action.yml").runs == ContainerAction(image="Dockerfile")


def test_unknown_keys_are_errors_only_if_asked_for() -> None:
    text = JAVASCRIPT + "extra: 1\n"

    assert read_action(text, file="action.yml").name == "Save"
    with pytest.raises(InvalidFileError, match="8:1: Unexpected value 'extra'"):
        read_action(text, file="action.yml", is_strict=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nruns: {using: node20, pre: x}", "2:7: Required property is missing: main"),
        ("name: a\nruns: {using: perl, main: x}", "2:7: Unexpected value 'perl'"),
        ("name: a", "1:1: Unexpected value ''"),
        (COMPOSITE.replace("inputs.again", "secrets.again"), "Unrecognized named-value: 'secrets'"),
        (COMPOSITE.replace("./nested", "nested"), "Expected format {org}/{repo}"),
    ],
)
def test_an_action_that_cannot_run_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidFileError) as raised:
        read_action(text, file="action.yml")

    assert message in str(raised.value)
