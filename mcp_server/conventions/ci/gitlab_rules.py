"""Tells whether a GitLab job stops a push or a merge request when it fails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from mcp_server.conventions.ci.values import text_of
from mcp_server.conventions.files.yaml import Value, as_list, as_mapping

MAX_RULES = 200
NOT_RUN = frozenset({"manual", "never", "delayed"})
OTHER_REFS = frozenset(
    "tags schedules triggers web api pipelines chat external scheduled_pipelines".split()
)
CHANGES = frozenset({"branches", "merge_requests", "pushes", "external_pull_requests"})
OTHER_SOURCES = re.compile(
    r"CI_PIPELINE_SOURCE\s*==\s*[\"'](?:schedule|web|api|trigger|pipeline|parent_pipeline|chat)"
    r"|\$CI_COMMIT_TAG\b(?!\s*(?:==\s*(?:null|[\"']{2})))"
)
OWN_SOURCES = re.compile(r"merge_request|\"push\"|'push'|COMMIT_BRANCH|MERGE_REQUEST|REF_NAME")


def gates(job: Mapping[str, Value]) -> bool:
    """Tell whether a job runs for changes and its failure counts, as its own fields say."""
    if text_of(job.get("when")) in NOT_RUN or job.get("allow_failure") == "true":
        return False
    if "rules" in job:
        return rules_hold(job["rules"])
    only, excepted = _refs(job.get("only")), _refs(job.get("except"))
    if only and only <= OTHER_REFS:
        return False
    return not ({"branches", "merge_requests"} <= excepted or (only and only <= excepted))


def rules_hold(rules: Value) -> bool:
    """Tell whether a rule lets a push or a merge request through."""
    found = [as_mapping(rule) for rule in islice(_flat(rules), MAX_RULES)]
    if not found:
        return not isinstance(rules, list) or bool(rules)
    return any(_holds(rule) for rule in found)


def _flat(rules: Value) -> list[Value]:
    """Return rules with those of anchors, which stand as lists among them."""
    found: list[Value] = []
    for one in as_list(rules)[:MAX_RULES]:
        found += one[:MAX_RULES] if isinstance(one, list) else [one]
    return found


def _holds(rule: Mapping[str, Value]) -> bool:
    if text_of(rule.get("when")) in NOT_RUN or rule.get("allow_failure") == "true":
        return False
    text = text_of(rule.get("if"))[:2000]
    return not OTHER_SOURCES.search(text) or bool(OWN_SOURCES.search(text))


def _refs(value: Value | None) -> set[str]:
    refs = value.get("refs") if isinstance(value, dict) else value
    return {text_of(one) for one in as_list(refs)[:MAX_RULES]} - {""}
