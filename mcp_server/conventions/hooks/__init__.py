"""Reads pre-commit hooks."""
