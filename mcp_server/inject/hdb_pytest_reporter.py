"""Loads hdb's pytest plugin so that a project's coverage does not count it as the project's code.

Without `source` in its settings coverage measures every file that is executed, but none whose code
says that it comes from no file. The plugin's modules are such code; of this file, which must be
one for `-p` to find it, nothing is counted.
"""

if __name__:  # pragma: no cover - what is measured is the project
    import os
    import sys
    import types

    def _load(name: str) -> types.ModuleType:
        place = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
        with open(place, encoding="utf-8") as file:
            source = file.read()
        module = types.ModuleType(name)
        sys.modules[name] = module
        exec(compile(source, "<" + name + ">", "exec"), module.__dict__)  # noqa: S102 - our own
        return module

    # In the order in which they need each other.
    for _name in ("text", "failure", "part", "session"):
        _module = _load("hdb_pytest_" + _name)
    globals().update({name: it for name, it in vars(_module).items() if name.startswith("pytest_")})
