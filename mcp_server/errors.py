"""The few exceptions of hdb, all of them a caller's mistake; a tool that fails is a value."""


class HdbError(Exception):
    """A mistake of the caller's, in one sentence that says what to do about it."""


class ProjectNotFoundError(HdbError):
    """The folder does not exist, is no folder, or holds no Python project."""


class UnsafePathError(HdbError):
    """A path or target leaves the project or could be taken for an option."""


class UsageError(HdbError):
    """An argument that cannot be meant, or a reference to something that does not exist."""
