"""Reads the commands that instructions name."""
