"""Reads justfiles without asking just."""
