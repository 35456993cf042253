"""Reads the configurations of CI services into the jobs that check changes."""

from __future__ import annotations

from mcp_server.conventions.ci.azure import read_azure
from mcp_server.conventions.ci.circle import read_circle
from mcp_server.conventions.ci.github import read_github
from mcp_server.conventions.ci.gitlab import read_gitlab
from mcp_server.conventions.ci.job import Job, Reading, merged
from mcp_server.conventions.shell.pieces import Place

__all__ = ["Job", "read_jobs"]


def read_jobs(place: Place) -> tuple[Job, ...]:
    """Return the jobs of every CI configuration of a repository, those that gate and others."""
    reading = Reading(place)
    services = (read_github, read_gitlab, read_azure, read_circle)
    return merged(job for service in services for job in service(reading))
