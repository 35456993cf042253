"""Reads tox configurations without asking tox."""
