"""Reads Makefiles without asking make."""
