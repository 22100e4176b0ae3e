"""Isolation of jobs: each runs in a sandbox of its own, as another user, with limits, and without a network.

It doesn't know where jobs come from.
"""

from ninefold.systems.workflows.isolation.host import IsolationHost, examine_isolation, make_isolation_host
from ninefold.systems.workflows.isolation.policy import (
    SERVER_NAME,
    SERVER_PORT,
    IsolationPolicy,
    JobFacts,
    JobLimits,
    ServerAddress,
    policy_of,
)

__all__ = [
    "SERVER_NAME",
    "SERVER_PORT",
    "IsolationHost",
    "IsolationPolicy",
    "JobFacts",
    "JobLimits",
    "ServerAddress",
    "examine_isolation",
    "make_isolation_host",
    "policy_of",
]
