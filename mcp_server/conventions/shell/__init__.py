"""Takes shell text apart, without running it."""
