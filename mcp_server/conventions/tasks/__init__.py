"""Holds the tasks that files name, and follows their calls of each other."""
