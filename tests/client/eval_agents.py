"""Scripted agents for the cases of `evals/`: a good one each, and careless ones that fail them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.client.stand_in import Request, StandIn, ToolUse, Turn

VERIFY = ToolUse("mcp__plugin_hdb_hdb__verify")
CONVENTIONS = ToolUse("mcp__plugin_hdb_hdb__conventions")
JUDGED = "You are grading the output of a coding agent"
"""How the client begins what it asks the model that judges for a grader of type `llm`."""


@dataclass(frozen=True, slots=True)
class Agent:
    """What an agent does in a case, and whether a judge would like its answer."""

    turns: tuple[Turn, ...]
    convincing: bool


class EvalModel(StandIn):
    """The agent of one run, and the judge of its answer.

    The turn is told by the conversation's length, since every run of a case starts again. What a
    Stop hook sends back is answered with the last turn once more.
    """

    def __init__(self, agent: Agent) -> None:
        """Take the agent that is judged."""
        super().__init__(())
        self._agent = agent

    def answer(self, request: Request) -> str | ToolUse:
        """Play the agent's turn; a request of the judge's gets its verdict."""
        super().answer(request)
        if not request.tools:
            return "PASS" if self._agent.convincing and JUDGED in request.text else "FAIL"
        spoken = [one for one in request.body["messages"] if one["role"] == "assistant"]
        turn = self._agent.turns[min(len(spoken), len(self._agent.turns) - 1)]
        return turn(request) if callable(turn) else turn


def good(*turns: Turn | Sequence[Turn]) -> Agent:
    """Return an agent that works as the skills tell it."""
    return Agent(tuple(_flat(turns)), convincing=True)


def careless(*turns: Turn | Sequence[Turn]) -> Agent:
    """Return an agent that does not."""
    return Agent(tuple(_flat(turns)), convincing=False)


def write(path: str, text: str) -> ToolUse:
    """Create a file."""
    return ToolUse("Write", {"file_path": path, "content": text})


def change(path: str, *replacements: tuple[str, str]) -> list[Turn]:
    """Read a file, without which the client refuses to edit it, and replace texts in it."""
    edits = (
        ToolUse("Edit", {"file_path": path, "old_string": old, "new_string": new})
        for old, new in replacements
    )
    return [ToolUse("Read", {"file_path": path}), *edits]


def skill(name: str) -> ToolUse:
    """Load a skill of the plugin's."""
    return ToolUse("Skill", {"skill": f"hdb:{name}"})


def targets(*names: str) -> ToolUse:
    """Verify these files or tests only."""
    return ToolUse(VERIFY.name, {"targets": list(names)})


def _flat(turns: Sequence[Turn | Sequence[Turn]]) -> Iterator[Turn]:
    for turn in turns:
        if isinstance(turn, Sequence) and not isinstance(turn, str):
            yield from turn
        else:
            yield turn
