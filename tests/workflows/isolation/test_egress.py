"""Which hosts and ports a list lets jobs reach."""

import pytest

from ninefold.core.errors import SettingError
from ninefold.systems.workflows.isolation.egress import EgressRules

PATTERNS = ["pypi.org:443", "*.Example.com:443", "org_01acme=registry.example.org:5000"]


@pytest.mark.parametrize(
    ("host", "port", "organisation_id", "expected"),
    [
        ("pypi.org", 443, "", True),
        ("pypi.org", 80, "", False),
        ("files.pypi.org", 443, "", False),
        ("a.b.example.com", 443, "", True),
        ("example.com", 443, "", False),
        ("notexample.com", 443, "", False),
        ("pypi.org.evil.org", 443, "", False),
        ("registry.example.org", 5000, "org_01acme", True),
        ("registry.example.org", 5000, "org_01other", False),
    ],
)
def test_a_list_names_hosts_with_ports(host: str, port: int, organisation_id: str, *, expected: bool) -> None:
    assert EgressRules(PATTERNS, organisation_id=organisation_id).allows(host, port) is expected


@pytest.mark.parametrize(
    "pattern", ["pypi.org", "https://pypi.org:443", "pypi.org:0", "acme=pypi.org:443", "pypi.org:70000", "*:443", ""]
)
def test_what_isnt_a_host_and_a_port_is_refused(pattern: str) -> None:
    with pytest.raises(SettingError, match="JOB_EGRESS"):
        EgressRules([pattern])
