"""Measures of hdb against real projects: how much it finds, what it costs."""
