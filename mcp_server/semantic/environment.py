"""Tells which variables of the environment a module reads and sets, and whose they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.semantic.arguments import UNKNOWN, constant
from mcp_server.semantic.calls import calls
from mcp_server.semantic.kinds import kind
from mcp_server.semantic.module import Module
from mcp_server.semantic.resolve import ref

READERS = ("os.getenv", "os.environ.get", "os.environ.__getitem__")
CHANGING = frozenset({"setdefault", "putenv", "pop", "unsetenv"})
PLATFORM = re.compile(
    r"^(_.*|.*__.*|PATH|HOME|USER|USERNAME|LOGNAME|PWD|SHELL|EDITOR|VISUAL|PAGER|TERM.*|LANG|LC_.*|"
    r"TZ|TMP|TEMP|TMPDIR|HOSTNAME|COLUMNS|LINES|DISPLAY|WAYLAND_.*|NO_COLOR|FORCE_COLOR|"
    r"VIRTUAL_ENV|CONDA.*|APPDATA|LOCALAPPDATA|PROGRAM(DATA|FILES|W6432).*|COMSPEC|WINDIR|"
    r"USERPROFILE|USERDOMAIN|COMPUTERNAME|PROCESSOR_.*|SYSTEM(ROOT|DRIVE)|XDG_.*|DBUS_.*|"
    r"PYTHON.*|PYTEST.*|TOX.*|UV_.*|PIP_.*|CI|CI_.*|GITHUB_.*|GITLAB_.*|BITBUCKET_.*|JENKINS.*|"
    r"BUILD_.*|RUNNER_.*|TF_.*|GIT_.*|.*_SHA|.*COMMIT.*|RELEASE.*|.*_VERSION|VERSION|AWS_.*|"
    r"ECS_.*|LAMBDA_.*|GOOGLE_.*|GCP_.*|GAE_.*|K_.*|KUBERNETES_.*|KUBE.*|POD_.*|NODE_NAME|"
    r"NAMESPACE|CLOUD_RUN_.*|AZURE_.*|WEBSITE_.*|FUNCTIONS_.*|RENDER.*|VERCEL.*|HEROKU.*|DYNO|"
    r"FLY_.*|RAILWAY_.*|PORT|WEB_CONCURRENCY|UVICORN_.*|GUNICORN_.*|SERVER_SOFTWARE|SSL_CERT_.*|"
    r"SSLKEYLOGFILE|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(HTTPS?|ALL|NO|FTP)_PROXY|OTEL_.*|DD_.*|"
    r"SENTRY_.*|PROMETHEUS_.*|SLURM_.*|CUDA_.*|OMP_.*|RANK|LOCAL_RANK|WORLD_SIZE|DOCKER_.*|"
    r"CONTAINER.*|SUDO_.*|WERKZEUG_.*|FLASK_.*|DJANGO_SETTINGS_MODULE|RUN_MAIN|DO_NOT_TRACK|"
    r"SERVICE_NAME|(.*_)?PROFILE|INVOCATION_ID|NOTIFY_SOCKET|WATCHDOG_.*|SSH_.*|GPG_.*|MPL.*)$",
    re.IGNORECASE,
)
"""What the system, the host or other tools set; it is no setting of the service."""
OTHERS = re.compile(
    r"^(HF|HUGGING_?FACE|TRANSFORMERS|OPENAI|ANTHROPIC|GEMINI|MISTRAL|COHERE|GROQ|OLLAMA|TAVILY|"
    r"SERPER|SERPAPI|LANGCHAIN|LANGSMITH|LANGFUSE|LMNR|LITELLM|WANDB|MLFLOW|COMET|REPLICATE|"
    r"TOGETHER|NVIDIA|DEEPSEEK|OPENROUTER|PERPLEXITY|ELEVENLABS|FIREWORKS|LOGFIRE|NEW_RELIC|"
    r"ROLLBAR|PLAYWRIGHT|PUPPETEER|CHROME|RAY|SPARK|JAVA|NODE|NPM|ALEMBIC|DASK|NUMBA|TORCH)_",
    re.IGNORECASE,
)
"""What libraries document and read themselves; a service looks whether they would find it."""
CHANNEL = re.compile(
    r"(^|_)(FDS?|PP?ID|DEBUG\w*|DUMP\w*|TEST(ING|S)?|BENCH\w*|FORCE|MOCK|FAKE|"
    r"(ENV|DOTENV)_?(FILE|PATH|DIR)|(SETTINGS|CONFIG)(_?(FILE|PATH|DIR|NAME))?)(_|$)",
    re.IGNORECASE,
)
"""What one process hands to its child, a developer's switch, or where the settings' file lies."""


def is_setting(name: str) -> bool:
    """Tell by its name whether a variable is a setting of the service itself."""
    return not (PLATFORM.match(name) or OTHERS.match(name) or CHANNEL.search(name))


def environment_reads(module: Module) -> Iterator[tuple[ast.expr, str]]:
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


def environment_writes(module: Module) -> set[str]:
    """Return what a module may set in an environment, its own or that of a child."""
    keys: list[ast.expr] = [
        one.slice for one in module.nodes(ast.Subscript) if not isinstance(one.ctx, ast.Load)
    ]
    keys += [one for each in module.nodes(ast.Dict) for one in each.keys if one is not None]
    keys += [
        one.args[0]
        for one in module.nodes(ast.Call)
        if one.args and getattr(one.func, "attr", "") in CHANGING
    ]
    found = {
        constant(module, one)
        for one in keys
        if isinstance(one, ast.Constant | ast.Name | ast.Attribute)
    }
    found |= {one.arg for one in module.nodes(ast.keyword) if one.arg and one.arg.isupper()}
    return {one for one in found if isinstance(one, str)}
