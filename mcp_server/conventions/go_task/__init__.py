"""Reads Taskfiles without asking Task."""
