from .rules import total_of as total

__all__ = ["total"]
