"""Finds the real client and runs it in an environment that holds nothing of the developer's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.client import install

ROOT = Path(__file__).resolve().parents[2]
MISSING = "the client is not installed; `python3 tests/client/install.py` installs it from npm"
KEY = "sk-ant-api03-stand-in"
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    # Whatever asks for another address meets a closed port of this machine.
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
    # The client refuses some modes to root unless it is told that it runs in a container.
    "IS_SANDBOX": "1",
}
TIMEOUT = 120
"""Seconds after which a run of the client is given up; the slowest takes ten."""


def find() -> Path | None:
    """Return the client that HDB_TEST_CLAUDE names, else the installed one, else nothing."""
    chosen = os.environ.get("HDB_TEST_CLAUDE")
    return Path(chosen) if chosen else install.program()


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one run of the client."""

    status: int
    output: str
    errors: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command printed
        """What it printed, read as JSON."""
        return json.loads(self.output)


@dataclass(frozen=True, slots=True)
class Claude:
    """The client with a home of its own; `environment` is added to the clean one."""

    program: Path
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, cwd: Path, url: str = "http://127.0.0.1:9") -> Run:
        """Run `claude ARGUMENTS` in a folder, with the model at `url`.

        Raises subprocess.TimeoutExpired when it does not end.
        """
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=cwd,
            env=self.variables(url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def ask(self, prompt: str, *options: str, cwd: Path, url: str) -> Run:
        """Run one prompt without a terminal; what it prints is the session's events as JSON."""
        return self.run(
            "-p", prompt, "--output-format", "stream-json", "--verbose", *options, cwd=cwd, url=url
        )

    def variables(self, url: str) -> dict[str, str]:
        """Return the whole environment of a run: nothing in it leads off this machine."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "CLAUDE_CODE_TMPDIR": str(self.home / "tmp"),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": url,
            **QUIET,
            **self.environment,
        }


def events(run: Run) -> list[dict[str, Any]]:
    """Return the events that `ask` printed."""
    return [json.loads(line) for line in run.output.splitlines() if line.startswith("{")]


def new_home(folder: Path) -> Path:
    """Make a home in which the client has been started before, so that it asks no questions."""
    (folder / "tmp").mkdir(parents=True)
    state = {"hasCompletedOnboarding": True, "autoUpdates": False}
    (folder / ".claude.json").write_text(json.dumps(state), "utf-8")
    return folder
