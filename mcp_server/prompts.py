"""Gives clients that load no skills the skills' texts as prompts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SKILLS = ROOT / "skills"
PROMPTS: Mapping[str, str] = {
    "python-dev": "Carry out a change to Python code and prove it with the project's own checks.",
    "python-services": "Rules for Python services: processes, jobs, resilience, observability.",
    "python-backend": "Rules for FastAPI, Pydantic, data access, security and their tests.",
}
"""The skills that are offered, with what each is for."""
HERE = "the request in this conversation"
TOOLS = "mcp__plugin_hdb_hdb__"
"""What Claude Code puts before the tools' names; other clients have prefixes of their own."""


def prompts() -> Mapping[str, str]:
    """Return the prompts whose skill lies beside this package, as it does in the plugin."""
    return {name: about for name, about in PROMPTS.items() if _file(name).is_file()}


def prompt_text(name: str, task: str) -> str:
    """Return a skill's text for a task, as Claude Code would expand it."""
    file = _file(name)
    text = file.read_text(encoding="utf-8").partition("\n---\n")[2].strip()
    for written, meant in {
        "$ARGUMENTS": task.strip() or HERE,
        "${CLAUDE_SKILL_DIR}": str(file.parent),
        "${CLAUDE_PLUGIN_ROOT}": str(ROOT),
        TOOLS: "",
    }.items():
        text = text.replace(written, meant)
    return f"The files that this text names lie in {file.parent}.\n\n{text}"


def _file(name: str) -> Path:
    return SKILLS / name / "SKILL.md"
