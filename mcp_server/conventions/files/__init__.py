"""Reads texts, and the formats that settings are written in."""
