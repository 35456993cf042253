"""Runs a project's revisions up, down and up again; a program of its own in its interpreter."""
