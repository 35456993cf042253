"""Finds variables of the environment that a service with a settings class reads past it."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import UNKNOWN, Module, calls, constant, kind, ref
from mcp_server.semantic.models import is_settings

READERS = ("os.getenv", "os.environ.get", "os.environ.__getitem__")
ELSEWHERE = frozenset(
    "settings config configs configuration conf environment env cli commands command management "
    "dev deploy deployment infra terraform alembic migrations load_tests loadtest testing tests "
    "conftest __main__ manage main_cli gunicorn gunicorn_conf constants const vendor vendored "
    "_vendor asgi wsgi".split()
)
"""Folders and modules that may know the environment: settings, what starts the service, tools."""
NAMED = re.compile(r"(^|[_/])(settings?|config|conf|environment|env|cli|conftest)$")
PLATFORM = re.compile(
    r"^(_.*|.*__.*|PATH|HOME|USER|USERNAME|LOGNAME|PWD|SHELL|EDITOR|VISUAL|PAGER|TERM.*|LANG|LC_.*|TZ|"
    r"TMP|TEMP|TMPDIR|HOSTNAME|COLUMNS|LINES|DISPLAY|NO_COLOR|FORCE_COLOR|VIRTUAL_ENV|CONDA.*|"
    r"APPDATA|LOCALAPPDATA|PROGRAMDATA|SYSTEMROOT|XDG_.*|PYTHON.*|PYTEST.*|TOX.*|UV_.*|PIP_.*|"
    r"CI|CI_.*|GITHUB_.*|GITLAB_.*|BITBUCKET_.*|JENKINS.*|BUILD_.*|RUNNER_.*|TF_.*|GIT_.*|.*_SHA|"
    r".*COMMIT.*|RELEASE.*|.*_VERSION|VERSION|AWS_.*|ECS_.*|LAMBDA_.*|GOOGLE_.*|GCP_.*|GAE_.*|"
    r"K_.*|KUBERNETES_.*|KUBE.*|POD_.*|NODE_NAME|NAMESPACE|CLOUD_RUN_.*|AZURE_.*|WEBSITE_.*|"
    r"FUNCTIONS_.*|RENDER.*|VERCEL.*|HEROKU.*|DYNO|FLY_.*|RAILWAY_.*|PORT|WEB_CONCURRENCY|"
    r"UVICORN_.*|GUNICORN_.*|SERVER_SOFTWARE|SSL_CERT_.*|SSLKEYLOGFILE|REQUESTS_CA_BUNDLE|"
    r"CURL_CA_BUNDLE|(HTTPS?|ALL|NO|FTP)_PROXY|OTEL_.*|DD_.*|SENTRY_.*|PROMETHEUS_.*|SLURM_.*|"
    r"CUDA_.*|OMP_.*|RANK|LOCAL_RANK|WORLD_SIZE|HF_.*|DOCKER_.*|CONTAINER.*|SUDO_.*|WERKZEUG_.*|"
    r"FLASK_.*|DJANGO_SETTINGS_MODULE|RUN_MAIN|DO_NOT_TRACK|SERVICE_NAME|(.*_)?PROFILE|INVOCATION_ID|NOTIFY_SOCKET|WATCHDOG_.*)$",
    re.IGNORECASE,
)
"""What the system, the host or other tools set; it is no setting of the service."""
MESSAGE = (
    "`{}` is read past the settings, so nothing checks it at the start and no one place tells of "
    "it: make it a field of {}"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the reads of the environment in functions, where settings are read by a class."""
    parts = {*module.path.removesuffix(".py").split("/")}
    stem = posixpath.basename(module.path).removesuffix(".py")
    if parts & ELSEWHERE or NAMED.search(stem):
        return
    reads = dict(_reads(module))
    found = [
        (node, name)
        for node, name in reads.items()
        if module.function(node) is not None
        and not PLATFORM.match(name)
        # `getenv("NEW", getenv("OLD"))` is one setting.
        and not any(one in reads for one in module.above(node))
    ]
    if not found or _is_run(module):
        return
    settings = _settings(module)
    if settings is None or any(is_settings(module, one) for one in module.nodes(ast.ClassDef)):
        return
    for node, name in found:
        yield Hit(node, MESSAGE.format(name, settings))


def _reads(module: Module) -> Iterator[tuple[ast.expr, str]]:
    """Yield what is read of the environment by a name that is known."""
    for call in calls(module, *READERS):
        name = call.constant("key", 0)
        if isinstance(name, str):
            yield call.node, name
    for node in module.nodes(ast.Subscript):
        if isinstance(node.ctx, ast.Load) and _is_environment(module, node.value):
            name = constant(module, node.slice)
            if name is not UNKNOWN and isinstance(name, str):
                yield node, name


def _is_environment(module: Module, node: ast.expr) -> bool:
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    found = ref(module, node)
    if found is not None and found.dotted == "os.environ":
        return True
    if b"environ" not in module.content:
        return False
    # Kept on an object, or the default of a parameter.
    found = kind(module, node)
    return found is not None and found.dotted == "os.environ"


def _is_run(module: Module) -> bool:
    """Tell whether a module is run as a program, which begins before there are settings."""
    return any(
        isinstance(one.test, ast.Compare)
        and isinstance(one.test.left, ast.Name)
        and one.test.left.id == "__name__"
        for one in module.tree.root.body
        if isinstance(one, ast.If)
    )


def _settings(module: Module) -> str | None:
    """Return what to call the settings class of a module's project, None where it has none."""
    library = module.program.library
    project = library.project(module.path)
    named = [one for one in sorted(library.known) if NAMED.search(one.removesuffix(".py"))]
    found: set[str] = set()
    for path in dict.fromkeys([*library.holding("BaseSettings"), *named]):
        source = module.program.module(path) if library.project(path) is project else None
        if source is None or source.is_test or source.is_script:
            continue
        for one in source.nodes(ast.ClassDef):
            if one.bases and is_settings(source, one):
                found.add(one.name)
    if not _knows(module, {"settings", "get_settings", *found}):
        return None
    if len(found) > 1:
        return "`Settings`" if "Settings" in found else "the settings"
    return f"`{found.pop()}`" if found else None


def _knows(module: Module, words: set[str]) -> bool:
    """Tell whether a module's neighbours use the settings: one that is deployed alone cannot."""
    library = module.program.library
    project = library.project(module.path)
    inner = module.path.removeprefix(f"{project.path}/" if project else "")
    if "/" not in inner:
        return True
    folder = module.path[: len(module.path) - len(inner)] + inner.partition("/")[0] + "/"
    return any(one.startswith(folder) for word in words for one in library.holding(word))


RULE = Rule(
    name="environment-outside-settings",
    why="A variable that is read where it is used is checked only when that code runs, and nobody "
    "who deploys the service learns of it.",
    wrong="""\
# file: app/core/settings.py
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str
# file: app/invoices/render.py
import os


def template_folder() -> str:
    return os.environ.get("INVOICE_TEMPLATES", "templates")
""",
    right="""\
# file: app/core/settings.py
from functools import cache
from pathlib import Path

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str
    invoice_templates: Path = Path("templates")


@cache
def get_settings() -> Settings:
    return Settings()
# file: app/invoices/render.py
from pathlib import Path

from app.core.settings import get_settings


def template_folder() -> Path:
    return get_settings().invoice_templates
""",
    taught="python-backend/references/models.md#one-settings-class",
    source=(
        "https://docs.pydantic.dev/latest/concepts/pydantic_settings/",
        "https://fastapi.tiangolo.com/advanced/settings/",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
