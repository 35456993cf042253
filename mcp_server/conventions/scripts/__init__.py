"""Reads the scripts that pyproject.toml and its like name."""
