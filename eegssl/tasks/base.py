"""Describe what a task asks, and what recordings hold for it."""

from dataclasses import dataclass, field
from typing import Any

from eegssl.errors import EegsslError


@dataclass
class TaskInfo:
    """What was understood, what each split holds, and the problems, worst exit code first."""

    understood: dict[str, Any]
    splits: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[EegsslError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0, or the code of the first problem."""
        return self.problems[0].exit_code if self.problems else 0

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return {
            "task": self.understood,
            "splits": self.splits,
            "missing": [str(problem) for problem in self.problems],
        }
