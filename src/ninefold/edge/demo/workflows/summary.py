"""The outcome of `ninefold demo workflows`, and what must be true of it."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ninefold.edge.demo.workflows.expected import STEPS, VERDICTS, expected_announcement, expected_artifact


class JobOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a job."""

    name: str
    verdicts: list[str]
    """How it has ended, in each attempt in which it had a part."""
    steps: dict[str, int]
    """How often each step has run, by the logs of all attempts."""


class WorkflowsSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the demo."""

    is_complete: bool
    attempts: int
    jobs: list[JobOutcome]
    killed: list[str]
    lost_why: str
    """What Ninefold says about the job whose runner was killed."""
    lost_after_s: float | None
    """How long after the kill it was said."""
    failed_why: str
    """The error in the log of the job that failed by itself."""
    announcement: str
    """What the last job says, from outputs of others."""
    artifact: str
    artifact_bytes: int
    artifact_sha256: str
    isolation: str
    duration_s: float
    problems: list[str]


def find_problems(
    jobs: Sequence[JobOutcome],
    *,
    artifact: bytes,
    checksum: str,
    announcement: str,
    attempts: int,
    leftovers: Sequence[str],
) -> list[str]:
    """Return what isn't as it must be, one sentence each.

    Args:
        jobs: what became of each job.
        artifact: the file in the downloaded artifact.
        checksum: what the job that made it has computed, and passed on.
        announcement: what the last job says.
        attempts: of the run.
        leftovers: processes that the killed runner has left.
    """
    problems = list(_wrong_jobs({job.name: job for job in jobs}))
    if artifact != (expected := expected_artifact()):
        problems.append(f"The artifact has {len(artifact)} bytes, which aren't the {len(expected)} that it must have.")
    if checksum != hashlib.sha256(expected).hexdigest():
        problems.append(f"The checksum is {checksum or 'absent'}, which isn't that of the artifact.")
    if announcement != expected_announcement():
        problems.append(f"The last job says '{announcement}' instead of '{expected_announcement()}'.")
    if attempts != (most := max(map(len, VERDICTS.values()))):
        problems.append(f"The run had {attempts} attempts instead of {most}.")
    if leftovers:
        problems.append(f"The killed runner has left processes: {', '.join(leftovers)}.")
    return problems


def _wrong_jobs(jobs: Mapping[str, JobOutcome]) -> Iterator[str]:
    for name in sorted({*jobs, *VERDICTS}):
        job = jobs.get(name)
        if job is None or name not in VERDICTS:
            yield f"The job {name} {'is missing' if job is None else 'must not be there'}."
            continue
        if job.verdicts != list(VERDICTS[name]):
            yield f"{name} has ended as {', '.join(job.verdicts)}, not as {', '.join(VERDICTS[name])}."
        expected, counted = Counter(STEPS[name]), Counter(job.steps)
        for step in sorted({*expected, *counted}):
            if expected[step] != counted[step]:
                yield f"{name}: {step} has run {counted[step]} times instead of {expected[step]}."
