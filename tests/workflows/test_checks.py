import pytest

from ninefold.systems.workflows.checks import check_isolation, check_runner
from ninefold.systems.workflows.settings import WorkflowsSettings


def test_doctor_says_how_jobs_are_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    findings = list(check_isolation(WorkflowsSettings()))
    assert {each.state for each in findings} == {"warning"}
    assert any("bubblewrap" in each.detail and each.remedy for each in findings)
    assert all("refused" in each.detail for each in findings)


def test_doctor_reports_a_list_of_hosts_that_is_invalid() -> None:
    (finding,) = check_isolation(WorkflowsSettings(job_egress=("pypi.org",)))
    assert (finding.state, "pypi.org" in finding.detail) == ("failed", True)


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        (WorkflowsSettings(), "ok"),
        (WorkflowsSettings(runner_jobs=0), "ok"),
        (WorkflowsSettings(runner_isolation="none"), "warning"),
    ],
)
def test_doctor_says_what_the_runner_does(settings: WorkflowsSettings, state: str) -> None:
    assert [each.state for each in check_runner(settings)] == [state]
