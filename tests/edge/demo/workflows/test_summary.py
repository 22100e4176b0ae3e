from collections.abc import Mapping
from hashlib import sha256

import pytest

from ninefold.edge.demo.workflows.expected import PROJECT, STEPS, VERDICTS, expected_artifact, expected_tag
from ninefold.edge.demo.workflows.summary import JobOutcome, find_problems
from ninefold.systems.workflows.model.workflow import Job
from ninefold.systems.workflows.reading import read_workflow

ATTEMPTS = 3


def outcomes(verdicts: Mapping[str, list[str]] = {}, steps: Mapping[str, dict[str, int]] = {}) -> list[JobOutcome]:
    return [
        JobOutcome(
            name=name,
            verdicts=verdicts.get(name, list(VERDICTS[name])),
            steps=steps.get(name, dict(STEPS[name])),
        )
        for name in VERDICTS
    ]


def problems(jobs: list[JobOutcome], *, artifact: bytes | None = None, left: list[str] | None = None) -> list[str]:
    content = expected_artifact() if artifact is None else artifact
    checksum = sha256(content).hexdigest()
    return find_problems(
        jobs,
        artifact=content,
        checksum=checksum,
        announcement="Price list v1.2.0 with 60 prices",
        attempts=ATTEMPTS,
        leftovers=left or [],
    )


def test_what_is_expected_has_no_problems() -> None:
    assert problems(outcomes()) == []


@pytest.mark.parametrize(
    ("jobs", "problem"),
    [
        (outcomes()[1:], "The job plan is missing."),
        ([*outcomes(), JobOutcome(name="other", verdicts=[], steps={})], "The job other must not be there."),
        (outcomes({"publish": ["succeeded"]}), "publish has ended as succeeded, not as skipped, failed, succeeded."),
        (outcomes(steps={"plan": {}}), "plan: Read version and zones has run 0 times instead of 1."),
        (
            outcomes(steps={"package": {**STEPS["package"], "Keep the package": 2}}),
            "package: Keep the package has run 2 times instead of 1.",
        ),
    ],
)
def test_what_is_wrong_with_a_job_is_said(jobs: list[JobOutcome], problem: str) -> None:
    assert problem in problems(jobs)


def test_a_wrong_artifact_and_leftovers_are_said() -> None:
    found = problems(outcomes(), artifact=b"other", left=["sleep"])
    assert found[0].startswith("The artifact has 5 bytes")
    assert found[1].endswith("isn't that of the artifact.")
    assert found[2] == "The killed runner has left processes: sleep."


def test_the_expected_steps_are_those_of_the_workflow_file() -> None:
    text = (PROJECT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    jobs = read_workflow(text, file="ci.yml").jobs
    for name, steps in STEPS.items():
        job = jobs[name.partition(" ")[0]]
        assert isinstance(job, Job)
        assert len(job.steps) == len(steps), name


def test_the_artifact_has_all_prices() -> None:
    assert expected_artifact().count(b"\n") == 60
    assert expected_artifact().startswith(b"domestic,1000,420\n")
    assert expected_tag() == "v1.2.0"
