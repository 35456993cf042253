"""Asks the rules about files: which of them, what silences a finding, and what a project gates."""
