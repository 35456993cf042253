"""Asks the rules about the files of projects as their settings say, and sorts what they find."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from mcp_server.advice.excluding import is_generated, read_excluded
from mcp_server.advice.explaining import in_full
from mcp_server.advice.judging import applies, diagnostic, hits, order, project_of
from mcp_server.advice.newer import explained
from mcp_server.advice.settings import RuleSettings, named, nearest
from mcp_server.advice.silencing import Silences, is_addressed
from mcp_server.code_map.collector import uncollected
from mcp_server.models import Diagnostic
from mcp_server.rules import Rule, rules
from mcp_server.rules.base import Hit
from mcp_server.semantic import Module, Program

SHOWN = 3
"""How many places of one kind are named; the rest is counted."""
UNREAD = "hdb reads no files that git ignores or that tools make"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: of `gated` files the rules that a project gates, of `advised` ones the others.

    `names` are the only rules to ask, () for all; `notes` asks those of severity `note`, too.
    """

    settings: Mapping[str, RuleSettings]
    gated: Collection[str] = ()
    advised: Collection[str] = ()
    names: Collection[str] = ()
    notes: bool = False

    def of(self, path: str, project: str) -> tuple[dict[str, Rule], frozenset[str], frozenset[str]]:
        """Return the rules to ask about a file, which of them are gated, and which are ignored."""
        stated = self.settings.get(project, RuleSettings())
        known = {
            name: one
            for name, one in rules().items()
            if one.check is not None and (not self.names or name in self.names)
        }
        gated = stated.gate & known.keys() if path in self.gated else frozenset[str]()
        advised = {
            name
            for name, one in known.items()
            if path in self.advised and (self.notes or name in self.names or one.severity != "note")
        }
        left_out = stated.ignored(path) if gated or advised else frozenset[str]()
        asked = (gated | advised) - left_out
        ignored = left_out & (gated | advised)
        return {name: known[name] for name in known if name in asked}, gated - left_out, ignored


@dataclass(slots=True)
class Answer:
    """What the rules found: `gated` counts, `advised` never does.

    `files` says how many were asked about, `proven` about how many of them a gated rule was.
    `unproven` is what kept a gated rule from being asked, `faults` what kept another from it, and
    `remarks` is what else is to be told. `unasked` counts files that nobody edits by hand.
    `errors` are the faults themselves.
    """

    gated: list[Diagnostic] = field(default_factory=list)
    advised: list[Diagnostic] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    files: int = 0
    proven: int = 0
    unasked: int = 0
    errors: list[Exception] = field(default_factory=list)


def ask(program: Program, question: Question, heed: Callable[[], object] = lambda: None) -> Answer:
    """Return what the rules say of the files of a question.

    Raises nothing but what `heed` does, which is called before each file: to break off.
    """
    with uncollected():
        return _Round(program, question).answer(heed)


def judge(program: Program, paths: Iterable[str], asked: Iterable[Rule]) -> list[Diagnostic]:
    """Return what some rules find in files, whatever the project says of them.

    What a rule raises is raised.
    """
    names = frozenset(one.name for one in asked if one.check is not None)
    if not names:
        return []
    found = ask(program, Question(settings={}, advised=frozenset(paths), names=names))
    for error in found.errors:
        raise error
    return found.advised


class _Round:
    """One round of asking; what it remembers is of no use after it."""

    def __init__(self, program: Program, question: Question) -> None:
        self.program = program
        self.question = question
        self.found = Answer()
        self.told: set[tuple[str, str]] = set()
        self.unparsed: dict[bool, list[str]] = {True: [], False: []}
        self.unread: dict[bool, list[str]] = {True: [], False: []}
        self.faults: dict[bool, list[str]] = {True: [], False: []}
        self.excluded = read_excluded(program.conventions)
        self.unused: list[str] = []
        self.misnamed: list[str] = []

    def answer(self, heed: Callable[[], object]) -> Answer:
        for path in sorted({*self.question.gated, *self.question.advised}):
            heed()
            self._file(path)
        found = self.found
        for gated, told in ((True, found.unproven), (False, found.remarks)):
            told.extend(_counted("not parsed, so not checked", self.unparsed[gated]))
            told.extend(_counted(f"not read, so not checked ({UNREAD})", self.unread[gated]))
        found.unproven += _counted("a fault of hdb's own", self.faults[True])
        found.faults += _counted("a fault of hdb's own", self.faults[False])
        found.remarks += _counted("`# hdb: ignore` silences nothing", self.unused)
        found.remarks += self.misnamed
        return found

    def _file(self, path: str) -> None:
        project = self.program.library.project(path)
        asked, gated, ignored = self.question.of(path, project.path if project else ".")
        tests = self.program.library.is_test(path)
        # Of what kind a file is tells its name; it need not be parsed for that.
        concerned = {name for name, one in asked.items() if not tests or "tests" in one.looks_at}
        if not concerned:
            return
        gated &= concerned
        if path not in self.program.library.contents:
            self.unread[bool(gated)].append(path)
            return
        if self._nobody_edits(path):
            self.found.unasked += 1
            return
        try:
            module = self.program.module(path)
        except Exception as error:  # noqa: BLE001 - whatever a file holds, the others are asked
            self.faults[bool(gated)].append(f"{path}: {error!r}")
            self.found.errors.append(error)
            return
        if module is None:
            why = explained(self.program.unread.get(path, "it cannot be read"), project)
            self.unparsed[bool(gated)].append(f"{path} ({why})")
            return
        self.found.files += 1
        self.found.proven += bool(gated)
        self._module(module, asked, gated, ignored)

    def _nobody_edits(self, path: str) -> bool:
        return is_generated(self.program.library.contents[path]) or self.excluded.holds(path)

    def _module(
        self,
        module: Module,
        asked: Mapping[str, Rule],
        gated: frozenset[str],
        ignored: frozenset[str],
    ) -> None:
        silences = Silences(module)
        # What is ignored needs no comment.
        done = set(ignored)
        counted: list[Diagnostic] = []
        advised: list[Diagnostic] = []
        for name, rule in asked.items():
            key = (name, project_of(module))
            known = rule.once and key in self.told
            if not applies(rule, module) or (known and not silences.names(name)):
                continue
            found = self._hits(module, rule, gated=name in gated)
            if found is None:
                continue
            kept = [hit for hit in found if not silences.hold(rule, hit.node)]
            self.told |= {key} if kept else set()
            done.add(name)
            most = 0 if known else 1 if rule.once else None
            each = [diagnostic(module, rule, hit) for hit in kept[:most]]
            if name in gated:
                counted += [replace(one, severity="error", detail=in_full(rule)) for one in each]
            else:
                advised += each
        self.found.gated += sorted(counted, key=order)
        self.found.advised += sorted(advised, key=order)
        if is_addressed(module.content):
            self._comments(module, silences, done)

    def _hits(self, module: Module, rule: Rule, *, gated: bool) -> list[Hit] | None:
        try:
            return list(hits(module, rule))
        except Exception as error:  # noqa: BLE001 - it must not cost what other rules find
            self.faults[gated].append(f"{rule.name} in {module.path}: {error!r}")
            self.found.errors.append(error)
            return None

    def _comments(self, module: Module, silences: Silences, done: set[str]) -> None:
        known = rules()
        for line, names in silences.own.items():
            at = f"{module.path}:{line}"
            if not names:
                self.misnamed.append(f"{at}: write `# hdb: ignore[NAME]`, with a rule's name")
            for name in names:
                if name not in known:
                    self.misnamed.append(f"{at} ignores {_unknown(name, known)}")
                elif known[name].check is None:
                    self.misnamed.append(
                        f"{at}: {name} is left out under [tool.hdb.migrations] ignore"
                    )
        self.unused += [
            f"{module.path}:{line} {name}" for line, name in sorted(silences.unused(done))
        ]


def _unknown(name: str, known: Mapping[str, Rule]) -> str:
    rule = named(name, known)
    if rule is not None:
        return f"{name!r}, which goes by {rule.name!r} under [tool.hdb.migrations]"
    return f"{name!r}, which is no rule{nearest(name, known)}"


def _counted(what: str, places: list[str]) -> Iterator[str]:
    if places:
        more = len(places) - SHOWN
        listed = ", ".join((*places[:SHOWN], *([f"and {more} more"] if more > 0 else [])))
        yield f"{what}: {listed}"
