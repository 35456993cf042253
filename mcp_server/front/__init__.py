"""Answers an MCP client before hdb's own server can; standard library only, Python 3.8."""
