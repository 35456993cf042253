"""Puts the targets of a Makefile together: patterns applied, variables inherited, recipes in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from mcp_server.conventions.make.expansion import assign, value
from mcp_server.conventions.make.recipes import Line, recipe_lines, settled
from mcp_server.conventions.make.rules import MAX_TARGETS, Draft, Rules
from mcp_server.conventions.make.scopes import Exports, Locals
from mcp_server.conventions.make.text import Assignment
from mcp_server.conventions.make.variables import VISIT, Scope
from mcp_server.conventions.shell.words import UNKNOWN

CALL = re.compile(r"(?:^|[\s;&|(])g?make((?:[ \t]+[^\s;&|()<>]+)+)")


@dataclass(slots=True)
class Target:
    """A target, what it needs first, its recipe and the variables exported to it.

    Where its own variables change what its prerequisites run, their recipes stand in its own
    and it needs nothing.
    """

    name: str
    source: str
    needs: list[str] = field(default_factory=list)
    recipe: list[Line] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)


class Assembly:
    """Makes targets of the rules of a Makefile, once all of it is read."""

    def __init__(
        self,
        rules: Rules,
        scope: Scope,
        own: Locals,
        exports: Exports,
        exists: Callable[[str], bool],
    ) -> None:
        self._rules = rules
        self._scope = scope
        self._locals = own
        self._exports = exports
        self._exists = exists
        self._found: dict[str, Target] = {}
        self._common: dict[str, str] | None = None
        self._mentioned = {
            need for one in rules.drafts.values() for block in one.blocks for need in block.needs
        }

    def targets(self, goals: Iterable[str]) -> dict[str, Target]:
        """Return all targets, those of patterns only where something asks for them by name."""
        drafts = self._rules.drafts
        waiting = [(name, frozenset[int]()) for name in (*drafts, *goals)]
        for name, used in waiting:
            if not self._scope.effort.spend(VISIT) or len(waiting) > 2 * MAX_TARGETS:
                break
            chain = self._instantiate(name, used)
            if name in drafts and name not in self._found:
                self._found[name] = self._target(drafts[name])
                asked = (*self._found[name].needs, *self._called(self._found[name]))
                fresh = (one for one in asked if one not in drafts)
                waiting += [(one, chain.get(one, frozenset())) for one in dict.fromkeys(fresh)]
        for name in list(self._found):
            self._inherit(name)
        return self._found

    def _called(self, target: Target) -> Iterator[str]:
        """Yield the targets that a recipe calls make for, in the same folder."""
        for line in target.recipe:
            moved = line.text.find("cd ")
            for match in CALL.finditer(line.text):
                words = match[1].split()
                elsewhere = any(one in {"-C", "-f"} or one.startswith("--") for one in words)
                if not elsewhere and not 0 <= moved < match.start():
                    yield from (one for one in words if not one.startswith("-") and "=" not in one)

    def _instantiate(self, name: str, used: frozenset[int]) -> dict[str, frozenset[int]]:
        """Give a target without a recipe that of the closest pattern.

        Returns, for what the pattern needs, the rules that led to it: none serves twice in a chain.
        """
        rules = self._rules
        draft = rules.drafts.get(name)
        given = draft is not None and (draft.double or bool(draft.serving()))
        if given or name in rules.special.get(".PHONY", ()) or UNKNOWN in name:
            return {}
        if draft is None and self._exists(name):
            return {}
        if not self._scope.effort.spend(VISIT * len(rules.patterns)):
            return {}
        offers = []
        for index, rule in enumerate(rules.patterns):
            applied = rule.applied(name) if index not in used and rule.block.recipe.given else None
            if applied and all(map(self._makeable, applied[1].needs)):
                offers.append((len(applied[0]), index, applied[1], rule))
        if not offers:
            return {}
        _, index, block, rule = min(offers, key=lambda offer: offer[:2])
        if draft is None:
            source = f"{rule.source[0]}:{name}:{rule.source[1]}"
            draft = rules.drafts[name] = Draft(name, source)
        draft.blocks.append(block)
        return dict.fromkeys(block.needs, used | {index})

    def _makeable(self, need: str) -> bool:
        rules = self._rules
        known = need in rules.drafts or need in self._mentioned or self._exists(need)
        known = known or need in rules.special.get(".PHONY", ())
        return known or any(rule.applied(need) for rule in rules.patterns)

    def _target(self, draft: Draft) -> Target:
        self._scope.set({"MAKECMDGOALS": draft.name})
        own = self._own(draft.name)
        inner = self._inner(own, self._scope)
        target = Target(draft.name, draft.source, self._needs(draft, inner))
        target.recipe = recipe_lines(self._rules, draft, inner)
        if own or self._common is None:
            target.env = self._env(inner, own)
        else:
            target.env = self._common
        if not own:
            self._common = target.env
        return target

    def _own(self, name: str) -> list[Assignment]:
        enough = self._scope.effort.spend(VISIT * len(self._locals.patterns))
        return self._locals.of(name) if enough else []

    def _inner(self, own: list[Assignment], outer: Scope, *, private: bool = True) -> Scope:
        """Return the scope of a target: that of the target that needs it, and its own variables."""
        if outer is self._scope and not own:
            return outer
        inner = Scope(self._scope)
        if outer is not self._scope:
            inner.own.update(outer.own)
        self._scope.effort.spend(VISIT * (1 + len(inner.own)))
        for one in own:
            if not self._scope.effort.spend(VISIT):
                break
            if private or "private" not in one.modifiers:
                assign(inner, one)
        return inner

    def _needs(self, draft: Draft, scope: Scope) -> list[str]:
        """Return the prerequisites in the order make takes them: the recipe's own rule first."""
        first = {id(block) for block in draft.serving()}
        ordered = sorted(draft.blocks, key=lambda block: id(block) not in first)
        blocks = [settled(block, draft.name, scope) for block in ordered]
        words = [*(w for b in blocks for w in b.needs), *(w for b in blocks for w in b.after)]
        if not self._scope.effort.spend(len(words)):
            return []
        return [word for word in dict.fromkeys(words) if UNKNOWN not in word]

    def _env(self, scope: Scope, own: list[Assignment]) -> dict[str, str]:
        names = self._exports.chosen(self._scope, own)
        if not self._scope.effort.spend(VISIT * len(names)):
            return {}
        found = {name: value(scope, name) for name in names}
        return {name: text for name, text in found.items() if UNKNOWN not in text}

    def _inherit(self, name: str) -> None:
        """Put the recipes of prerequisites in that of a target whose variables change them."""
        own = [one for one in self._own(name) if "private" not in one.modifiers]
        target = self._found[name]
        if not own or not target.needs:
            return
        self._scope.set({"MAKECMDGOALS": name})
        lines: list[Line] = []
        changed = False
        for need, scope in self._closure(name, self._inner(own, self._scope)):
            inherited = recipe_lines(self._rules, self._rules.drafts[need], scope)
            changed = changed or _texts(inherited) != _texts(self._found[need].recipe)
            lines += inherited
        if changed and self._scope.effort.left > 0:
            target.recipe = lines + target.recipe
            target.needs = []

    def _closure(self, name: str, scope: Scope) -> Iterator[tuple[str, Scope]]:
        """Yield what a target needs, in the order it runs, each with the variables it sees."""
        seen = {name}
        stack = [(name, scope, iter(list(self._found[name].needs)))]
        while stack and self._scope.effort.spend(VISIT):
            current, scope, needs = stack[-1]
            fresh = next((one for one in needs if one in self._found and one not in seen), None)
            if fresh is None:
                stack.pop()
                if current != name:
                    yield current, self._inner(self._own(current), scope)
                continue
            seen.add(fresh)
            inner = self._inner(self._own(fresh), scope, private=False)
            stack.append((fresh, inner, iter(self._needs(self._rules.drafts[fresh], inner))))


def _texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]
