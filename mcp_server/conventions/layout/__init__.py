"""Finds the projects of a repository and their files."""
