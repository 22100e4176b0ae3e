import pytest

from ninefold.systems.workflows.planning import Event, match_event
from ninefold.systems.workflows.reading import read_workflow


def starts(on: str, event: Event) -> bool:
    workflow = read_workflow(f"on: {on}\njobs: {{a: {{runs-on: x, steps: []}}}}", file="ci.yml")
    match = match_event(workflow.triggers, event)
    assert match.why
    return match.is_started


@pytest.mark.parametrize(
    ("on", "ref", "expected"),
    [
        ("push", "refs/heads/main", True),
        ("push", "refs/tags/v1", True),
        ("[pull_request]", "refs/heads/main", False),
        ("{push: {branches: [main, 'v*']}}", "refs/heads/v1", True),
        ("{push: {branches: [main]}}", "refs/heads/dev", False),
        ("{push: {branches: main}}", "refs/tags/main", False),
        ("{push: {branches-ignore: ['dev/**']}}", "refs/heads/dev/a", False),
        ("{push: {branches-ignore: ['dev/**']}}", "refs/heads/main", True),
        ("{push: {tags: ['v*', '!v0*']}}", "refs/tags/v1", True),
        ("{push: {tags: ['v*', '!v0*']}}", "refs/tags/v0.1", False),
        ("{push: {tags: v*}}", "refs/heads/v1", False),
        ("{push: {branches: main, tags: v*}}", "refs/tags/v1", True),
        ("{push: {branches: main, tags: v*}}", "refs/heads/main", True),
        ("{push: {tags-ignore: v*}}", "refs/tags/x", True),
        ("{push: {branches: main, branches-ignore: dev}}", "refs/heads/main", False),
    ],
)
def test_a_push_is_filtered_by_its_branch_or_tag(on: str, ref: str, *, expected: bool) -> None:
    assert starts(on, Event(name="push", ref=ref)) is expected


@pytest.mark.parametrize(
    ("on", "paths", "expected"),
    [
        ("{push: {paths: ['docs/**']}}", ["docs/a.md", "x"], True),
        ("{push: {paths: ['docs/**', '!docs/a.md']}}", ["docs/a.md", "x"], False),
        ("{push: {paths: ['docs/**']}}", None, True),
        ("{push: {paths: ['docs/**']}}", [], False),
        ("{push: {paths-ignore: ['docs/**']}}", ["docs/a.md"], False),
        ("{push: {paths-ignore: ['docs/**']}}", ["docs/a.md", "x"], True),
    ],
)
def test_a_push_is_filtered_by_its_paths(on: str, paths: list[str] | None, *, expected: bool) -> None:
    assert starts(on, Event(name="push", ref="refs/heads/main", changed_paths=paths)) is expected


@pytest.mark.parametrize(
    ("on", "kind", "expected"),
    [
        ("pull_request", "opened", True),
        ("pull_request", "labeled", False),
        ("{pull_request: {types: [labeled]}}", "labeled", True),
        ("{pull_request: {types: [labeled]}}", "opened", False),
        ("{pull_request: {branches: main}}", "opened", True),
        ("{pull_request: {branches: dev}}", "opened", False),
    ],
)
def test_a_pull_request_is_filtered_by_its_type_and_base(on: str, kind: str, *, expected: bool) -> None:
    assert starts(on, Event(name="pull_request", type=kind, base_branch="main", ref="refs/pull/1/merge")) is expected


@pytest.mark.parametrize(
    ("on", "name", "expected"),
    [
        ("issues", "issues", True),
        ("{schedule: [{cron: '0 0 * * *'}]}", "schedule", True),
        ("push", "schedule", False),
        ("workflow_dispatch", "workflow_dispatch", True),
        ("push", "workflow_dispatch", False),
        ("workflow_call", "workflow_call", True),
        ("{workflow_run: {workflows: [CI]}}", "workflow_run", True),
        ("{workflow_run: {workflows: [Other]}}", "workflow_run", False),
    ],
)
def test_other_events_start_workflows_that_name_them(on: str, name: str, *, expected: bool) -> None:
    assert starts(on, Event(name=name, type="opened", workflow="CI")) is expected
