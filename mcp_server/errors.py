"""The few exceptions of hdb, all of them a caller's mistake; a tool that fails is a value."""

LONGEST = 600
"""Characters of a mistake that are said; a caller's own words can be of any length."""


class HdbError(Exception):
    """A mistake of the caller's, in one sentence that says what to do about it."""

    def __init__(self, message: str) -> None:
        """Keep the sentence as one line that any client can show."""
        super().__init__(one_line(message))


class ProjectNotFoundError(HdbError):
    """The folder does not exist, is no folder, or holds no Python project."""


class UnsafePathError(HdbError):
    """A path or target leaves the project or could be taken for an option."""


class BusyError(HdbError):
    """Another verification of the same folder did not come to its end."""


class UsageError(HdbError):
    """An argument that cannot be meant, or a reference to something that does not exist."""


def one_line(text: str, most: int = LONGEST) -> str:
    """Return a text as one line of printable characters, its middle left out where it is long."""
    if len(text) > most:
        half = most // 2
        left_out = len(text) - 2 * half
        text = f"{text[:half]} [... {left_out} more characters ...] {text[-half:]}"
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
