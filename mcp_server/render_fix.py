"""Shows what a fix did to people, as text."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.text import Text

from mcp_server.contract_fix import FixView, MendedFile
from mcp_server.render import aligned

STYLES = {
    "nothing": "green",
    "fixed": "green",
    "would_fix": "yellow",
    "left": "yellow",
    "incomplete": "yellow",
}
DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def render_fix(view: FixView) -> RenderableType:
    """Return a fix as text: the diff of a dry run, the files, what remains, then the sum."""
    parts: list[RenderableType] = []
    if view.diff:
        parts += [Text(line, style=_style(line)) for line in view.diff.split("\n")]
        if view.more_diff:
            parts.append(Text(f"[{view.more_diff} more lines]", style="dim"))
        parts.append(Text())
    parts += aligned([_row(one) for one in view.files])
    parts += _more(view.more_files, "files")
    parts += [Text(f"left alone: {one.file}: {one.why}") for one in view.left_alone]
    parts += _more(view.more_left_alone, "files left alone")
    for one in view.remains:
        more = one.count - len(one.places)
        listed = [*one.places, *([f"and {more} more"] if more else [])]
        code = f" {one.code}" if one.code else ""
        parts.append(Text(f"remains: {one.tool}{code}: {', '.join(listed)}"))
    parts += _more(view.more_remains, "findings")
    parts += [Text(f"! {problem}", style="yellow") for problem in view.problems]
    closing = Text(view.verdict, style=f"bold {STYLES[view.verdict]}")
    parts.append(closing.append(f": {view.summary} ({view.scope})", style=""))
    return Lines(*parts)


def _row(one: MendedFile) -> tuple[str, ...]:
    mended = ", ".join(
        name if count == 1 else f"{name} {count}" for name, count in one.mended.items()
    )
    return one.file, f"+{one.added} -{one.removed}", mended


def _more(count: int, what: str) -> Iterator[Text]:
    if count:
        yield Text(f"and {count} more {what}")


def _style(line: str) -> str:
    heading = line.startswith(("+++ ", "--- "))
    return "bold" if heading else DIFF_STYLES.get(line[:1], "")
