"""hdb: verifies a Python project with its own tools and returns every failure in one batch."""

__version__ = "0.1.0"
