"""What every stage is given beside its configuration, and what it gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from eegssl.artifacts.manifest import FittedOn, plan_of
from eegssl.artifacts.output_state import survey
from eegssl.artifacts.writer import Draft, begin
from eegssl.config.settings import Settings, public_values
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Corpus
from eegssl.errors import EegsslError
from eegssl.tasks.config import TaskConfig


class Progress(Protocol):
    """Where a stage says what it does; the command line shows it."""

    def say(self, text: str) -> None:
        """One line of news."""

    def warn(self, text: str) -> None:
        """Something that the user should act on."""

    def track(self, label: str, total: int) -> Callable[[int], None]:
        """A bar: call the result with the number done."""


class Silent:
    """Progress that is shown nowhere."""

    def say(self, text: str) -> None:
        """Say nothing."""

    def warn(self, text: str) -> None:
        """Warn nobody."""

    def track(self, label: str, total: int) -> Callable[[int], None]:
        """A bar that nobody sees."""
        return lambda done: None


@dataclass(frozen=True)
class Result:
    """What a stage made: ``state`` is made, resumed, already made, or (dry run) would …."""

    out: Path
    kind: str
    state: str
    facts: dict[str, Any]
    config: dict[str, Any]
    id: str | None = None
    """The artifact's id; None where nothing was made (dry run) or no artifact is (synth)."""
    warnings: tuple[str, ...] = ()
    beside: dict[str, Any] = field(default_factory=dict)
    """What else the document of ``--json`` shows."""


@dataclass
class Run:
    """One run of a stage: where it writes, from which seed, whom it tells."""

    out: Path
    seed: int = 0
    overwrite: bool = False
    dry_run: bool = False
    progress: Progress = field(default_factory=Silent)
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Tell the user, and keep it for the result."""
        self.warnings.append(text)
        self.progress.warn(text)

    def begin(
        self,
        kind: str,
        config: Settings,
        inputs: Sequence[tuple[str, str]],
        *,
        update: bool = False,
    ) -> "Draft | Result":
        """A draft to fill; or the result, when it stood already or this is a dry run.

        With ``update`` an artifact of other settings is made anew around the parts in it.
        """
        values = public_values(config)
        if self.dry_run:
            plan = plan_of(kind, values, self.seed, inputs)
            state = survey(self.out, kind, plan, overwrite=self.overwrite, update=update)
            words = {"made": "already made", "resume": "would go on", "overwrite": "would replace"}
            return Result(self.out, kind, words.get(state, "would make"), {}, values)
        draft = begin(
            self.out,
            kind,
            config=values,
            seed=self.seed,
            inputs=inputs,
            overwrite=self.overwrite,
            update=update,
        )
        if draft.made:
            self.progress.say(f"{self.out}: already made from the same inputs and settings")
            return Result(self.out, kind, "already made", draft.made.facts, values, draft.made.id)
        if draft.resumed:
            self.progress.say(f"{self.out}: unfinished; going on with it")
        return draft

    def finish(
        self,
        draft: Draft,
        facts: dict[str, Any],
        fitted_on: FittedOn | None = None,
        bulk: Mapping[str, str] | None = None,
    ) -> Result:
        """Finish the draft; its warnings are part of the artifact."""
        manifest = draft.finish(facts | {"warnings": self.warnings}, fitted_on, bulk).manifest
        state = "resumed" if draft.resumed else "made"
        return Result(
            self.out,
            draft.kind,
            state,
            manifest.facts,
            draft.config,
            manifest.id,
            tuple(self.warnings),
        )


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


def warn_left_out(labelled: LabelledWindows, split: str, run: Run) -> None:
    """Warn of what is labelled and not among the windows, by reason."""
    for why, n in sorted(labelled.left_out.items()):
        run.warn(f"split {split}: {n} {why} are left out")


def warn_unlabelled(corpus: Corpus, task: TaskConfig, run: Run) -> None:
    """Warn when a task takes labels from events and a folder has none at all."""
    if not task.detects:
        return
    for artifact in corpus.artifacts:
        if not artifact.manifest.facts["events"]:
            run.warn(
                f"recordings {artifact.manifest.id[:12]}… have no events at all: every window "
                f"of them counts as "
                f"{task.classes[0]}, which is wrong where nobody looked for events"
            )
