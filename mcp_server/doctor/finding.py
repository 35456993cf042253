"""What the doctor found about one subject, and how it is shown."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Sequence

WELL, NOTED, WRONG = "ok", "--", "!!"
WIDTH = 12


class Finding:
    """A subject, what was found of it, and the command or step that mends what is wrong."""

    def __init__(self, mark: str, subject: str, text: str, mend: str = "") -> None:
        """Keep the words; `mark` is one of WELL, NOTED (no fault, yet to be known) and WRONG."""
        self.mark = mark
        self.subject = subject
        self.text = text
        self.mend = mend


def screen(title: str, findings: Sequence[Finding]) -> str:
    """Return the findings as lines, each with its mend below, and a sum."""
    lines = [title]
    for each in findings:
        first, *more = _short(each.text).splitlines() or [""]
        lines.append(f" {each.mark}  {each.subject:<{WIDTH}}  {first}")
        lines += [f"{'':<{WIDTH + 6}}  {line}" for line in more]
        if each.mend:
            lines.append(f"{'':<{WIDTH + 6}}  -> {_short(each.mend)}")
    wrong = sum(each.mark == WRONG for each in findings)
    noun = "thing is" if wrong == 1 else "things are"
    lines.append(f"{wrong} {noun} wrong: do what the arrow says." if wrong else "All is well.")
    return "\n".join(lines)


def _short(text: str) -> str:
    # What people paste into a report need not name them.
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home may raise
    return text.replace(home + os.sep, "~" + os.sep) if home not in {"~", os.sep} else text
