"""Chooses the commands of each role among what the sources offer."""
