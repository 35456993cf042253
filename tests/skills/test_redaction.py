"""Shows hostile URLs by the skills' function and the seeds', and asks uv for known holes."""

from __future__ import annotations

import json
import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import pytest
from pydantic import Field, SecretStr, TypeAdapter, ValidationError
from uv import find_uv_bin

from tests.skills.blocks import SKILLS, load, text

SECRETS = load("python-backend/references/security.md#secrets")
HIDDEN = "[url not shown]"
SHOWN = {
    "postgresql://ann:hunter2@db.example:5432/shop": "postgresql://db.example",
    "postgresql+asyncpg://ann:hunter2@db/shop": "postgresql+asyncpg://db",
    "redis://:hunter2@cache:6379/0": "redis://cache",
    "redis://hunter2@cache": "redis://cache",
    "https://hunter2@git.example/a.git": "https://git.example",
    "https://x-token:hunter2@git.example": "https://git.example",
    "https://api.example/?password=hunter2": "https://api.example",
    "https://api.example#access_token=hunter2": "https://api.example",
    "https://hooks.example/services/T0/hunter2": "https://hooks.example",
    "https://api.example?X-Signature=hunter2": "https://api.example",
    "postgresql://ann:hunter2@[2001:db8::1]:5432/shop": "postgresql://[2001:db8::1]",
    "postgresql://ann:hunt@er2@db/shop": "postgresql://db",
    "postgresql://ann:hunter%32%2F@db/shop": "postgresql://db",
    "postgresql://ann:h[unter2@db/shop": "postgresql://db",
    "postgresql://änn:hünter2@db/shop": "postgresql://db",
    "amqp://ann:hunter2 @mq//": "amqp://mq",
    "redis://ann:1234": "redis://ann",
    "HTTPS://ann:hunter2@API.Example/": "HTTPS://API.Example",
    "http://db_1:80/": "http://db_1",
}
REFUSED = [
    "",
    "hunter2",
    "ann:hunter2@db/shop",
    "//ann:hunter2@db/shop",
    "://hunter2@db",
    "postgresql://",
    "postgresql:///shop?user=ann&password=hunter2",
    "postgresql+asyncpg:///shop?password=hunter2&host=/run/postgresql",
    "postgresql://ann:hunter2@/shop",
    "postgresql://ann:hunter2@%2Frun%2Fpostgresql/shop",
    "postgresql://ann:hunter2@one:5432,two:5432/shop",
    "postgresql://ann:hunter2@one,two/shop",
    "postgresql://ann:hunt/er2@db/shop",
    "postgresql://ann:hunt?er2@db/shop",
    "postgresql://ann:hunt#er2@db/shop",
    "postgresql://ann:12/hunter2@db/shop",
    "postgresql://hunt/er2@db",
    "postgresql://ann:hunter2",
    "redis://:hunter2",
    "redis://db:hunter2/0",
    "postgresql://ann:hunter2@[::1/shop",
    "postgresql://ann:hunter2@[hunter2]/shop",
    "postgresql://ann:hunter2@bücher.example/shop",
    "postgresql://ann:hunter2@db hunter2",
    "postgresql://ann:hunter2@db\nhunter2",
    "http://[",
    "host=db user=ann password=hunter2",
    "host=db password=x://hunter2@y",
    "jdbc:postgresql://db/shop?password=hunter2",
    "unix:///run/redis.sock?password=hunter2",
    "redis+sentinel://ann:hunter2@one:1,two:2/0",
    "sqlite:////hunter2.db",
    "user:hunter2@https://db",
    "hunter2://",
    "@" * 10_000,
    "redis://" + "hunter2@" * 10_000,
    "redis://" + "hunter2" * 10_000 + ":",
    "redis://hunter2:99999999",
]


def seed_redacted(url: str) -> str:
    """Cut the user and the password out of what `urlsplit` says, and keep all else."""
    parts = urlsplit(url)
    if not (parts.username or parts.password):
        return url
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"***@{parts.hostname}{port}"))


def leaks(shown: str) -> bool:
    """Say whether a password, or a part of it, is to be seen."""
    return any(piece in shown for piece in ("hunt", "er2", "hünt"))


@pytest.mark.parametrize(("url", "shown"), SHOWN.items())
def test_scheme_and_host_are_shown(url: str, shown: str) -> None:
    assert SECRETS.redact_url(url) == shown
    assert not leaks(shown)


@pytest.mark.parametrize("url", REFUSED, ids=lambda url: str(url)[:40])
def test_what_cannot_be_told_apart_is_refused(url: str) -> None:
    assert SECRETS.redact_url(url) == HIDDEN


def test_the_seeds_way_falls() -> None:
    leaked, raised = [], []
    for url in [*SHOWN, *REFUSED]:
        try:
            if leaks(seed_redacted(url)):
                leaked.append(url)
        except ValueError:
            raised.append(url)
    assert {"https://api.example/?password=hunter2", "ann:hunter2@db/shop"} <= {*leaked}
    assert {"postgresql://ann:hunter2@one:5432,two:5432/shop", "http://["} <= {*raised}
    assert len(leaked) > 10
    assert len(raised) > 3


def test_what_urlsplit_says_of_a_password() -> None:
    assert urlsplit("https://to/ken@host").hostname == "to"
    with pytest.raises(ValueError, match="hunt"):
        _ = urlsplit("postgresql://ann:hunt/er2@db/shop").port


def test_a_secret_is_stars_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    secret = SecretStr("hunter2")
    logging.getLogger("service").warning("%s %r", secret, {"key": secret})
    assert "***" in caplog.text
    assert not leaks(caplog.text)


def test_a_secret_is_shown_by_its_own_error() -> None:
    short = TypeAdapter(Annotated[SecretStr, Field(min_length=32)])
    with pytest.raises(ValidationError, match="hunter2"):
        short.validate_python("hunter2")


def test_tracked_dotenv_files_are_found_in_all_folders(tmp_path: Path) -> None:
    passage = (SKILLS / "python-backend/references/security.md").read_text(encoding="utf-8")
    [pattern] = re.findall(r"`git ls-files '([^']+)'`", passage)
    git = shutil.which("git") or "git"
    files = {".env", "backend/.env", "a/b/.env.prod"}
    for file in [*files, "a.env", "src/.environment/x"]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    found = []
    for argv in (["init"], ["add", "--force", "."], ["ls-files", pattern], ["ls-files", ".env*"]):
        done = subprocess.run(
            [git, *argv], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        found.append({*done.stdout.split()})
    assert files <= found[2]
    assert found[3] == {".env"}


INDEX = "application/vnd.pypi.simple.v1+json"


class Advisories(BaseHTTPRequestHandler):
    """Says of every release below 3.7 of a package that it has a hole."""

    def do_POST(self) -> None:
        """Answer which packages of a batch have known holes."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
        known = {"vulns": [{"id": "GHSA-0", "modified": "2024-07-01T00:00:00Z"}]}
        self.answer({"results": [known if one["version"] == "3.6" else {} for one in asked]})

    def do_GET(self) -> None:
        """Answer what the hole is, and as an index that a project has no state to warn of."""
        if self.path.startswith("/simple/"):
            self.answer({"meta": {"api-version": "1.4"}, "name": "idna", "files": []}, INDEX)
            return
        dates = dict.fromkeys(("modified", "published"), "2024-07-01T00:00:00Z")
        self.answer({"id": "GHSA-0", "summary": "a hole", "affected": [], **dates})

    def answer(self, said: object, kind: str = "application/json") -> None:
        """Send an answer as JSON."""
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        """Say nothing."""


@pytest.fixture
def advisories() -> Iterator[str]:
    """Serve what is known of holes, as the public service does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


LOCK = """version = 1
requires-python = ">=3.11"

[[package]]
name = "idna"
version = "{version}"
source = {{ registry = "{address}simple" }}

[[package]]
name = "shop"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "idna" }}]
"""


@pytest.mark.parametrize(("version", "status"), [("3.6", 1), ("3.7", 0)])
def test_the_audit_fails_on_a_known_hole(
    version: str, status: int, advisories: str, tmp_path: Path
) -> None:
    project = '[project]\nname = "shop"\nversion = "0"\ndependencies = ["idna"]\n'
    (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
    (tmp_path / "uv.lock").write_text(
        LOCK.format(version=version, address=advisories), encoding="utf-8"
    )
    audit, export, pip_audit = [
        one.split()
        for one in text("python-backend/references/security.md#secrets", "sh").splitlines()
    ]
    options = ["--cache-dir", str(tmp_path / "cache"), "--python", sys.executable]
    argv = [find_uv_bin(), *audit[1:], *options[:2], "--service-url", advisories]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert ("idna 3.6" in done.stdout) == bool(status)
    assert "experimental" in done.stderr
    argv = [find_uv_bin(), *export[1:], *options]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    assert f"idna=={version}" in (tmp_path / pip_audit[2]).read_text(encoding="utf-8")
