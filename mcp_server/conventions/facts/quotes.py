"""Reads which quotes a project's strings have: what its formatter says, else what was counted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcp_server.conventions.facts.config import Config
from mcp_server.conventions.facts.sample import Sample
from mcp_server.facts import Fact

LITERALS = re.compile(
    rb'"""[\s\S]*?(?:"""|\Z)|\'\'\'[\s\S]*?(?:\'\'\'|\Z)|#[^\n]*'
    rb'|"([^"\'\\\n]{0,200})"|\'([^"\'\\\n]{0,200})\''
)
MOST_FILES = 20
MOST_OF_A_FILE = 12_000
"""How many bytes of each file are counted in; some 200 strings."""
NAMES = ((90, "double"), (70, "mostly double"), (31, "mixed"), (11, "mostly single"), (0, "single"))
"""What a share of double quotes, from so many percent on, is called."""
FEWEST = 20
"""How many strings a share is told of; fewer tell little."""


def read_quotes(chain: Sequence[Config], sample: Sample) -> Fact | None:
    """Return the quote style and who says so, None where there is too little to count."""
    for config in chain:
        found = config.setting("ruff", "format.quote-style")
        if found and isinstance(found[0], str):
            return Fact(f"{found[0][:20]}, says ruff format", found[1])
        found = config.setting("ruff", "lint.flake8-quotes.inline-quotes")
        if found and isinstance(found[0], str):
            return Fact(f"{found[0][:20]}, says ruff (flake8-quotes)", found[1])
        found = config.option("inline-quotes", (".flake8", "flake8"), ("setup.cfg", "flake8"))
        if found:
            return Fact(f"{found[0][:20]}, says flake8-quotes", found[1])
        if "format" in config.table("ruff"):
            return Fact("double, ruff format's default", config.at_table("ruff", "format"))
        if "black" in config.settings.tables:
            skipped = config.setting("black", "skip-string-normalization")
            if not (skipped and skipped[0] is True):
                return Fact("double, black's default", config.at_table("black"))
    return _counted(sample)


def _counted(sample: Sample) -> Fact | None:
    """Return the share of double quotes among strings that could have either."""
    modules = sample.sources or sample.tests
    step = max(len(modules) // MOST_FILES, 1)
    looked = modules[::step][:MOST_FILES]
    double = single = 0
    for module in looked:
        for match in LITERALS.finditer(module.content[:MOST_OF_A_FILE]):
            double += match[1] is not None
            single += match[2] is not None
    both = double + single
    if both < FEWEST:
        return None
    share = round(100 * double / both)
    name = next(word for least, word in NAMES if share >= least)
    files = "1 file" if len(looked) == 1 else f"{len(looked)} files"
    return Fact(f"{name}: {share} % of {both} strings in {files} have double quotes")
