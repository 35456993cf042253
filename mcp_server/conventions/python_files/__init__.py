"""Reads noxfile.py and tasks.py as Python that is parsed and never run."""
