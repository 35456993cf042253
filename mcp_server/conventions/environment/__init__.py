"""Finds the environment of a project and how it is made."""
