"""What `finetune`, `evaluate` and `info --task` do for tasks that are not about labels, by kind.

Each kind is a file beside this one with the functions of `Kind`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.audits.leaks import Leak
from eegssl.corpus.store import Corpus, Recording
from eegssl.tasks.base import TaskInfo
from eegssl.tasks.forecast import forecast_kind as forecast_tasks
from eegssl.tasks.patients import patients_kind as patient_tasks
from eegssl.tasks.phase import phase_kind as phase_tasks


class Kind(Protocol):
    """What a file of a kind of task has."""

    def finetune(
        self, config: FinetuneConfig, corpus: Corpus, encoder: Path, task: Any, context: Context
    ) -> Result:
        """Make what `finetune` makes of recordings, an encoder and a resolved task."""

    def evaluate(
        self,
        config: EvaluateConfig,
        model: Artifact,
        corpus: Corpus,
        recordings: Sequence[Recording],
        leaks: Sequence[Leak],
        context: Context,
    ) -> Result:
        """Score a model on ``recordings`` of ``corpus``; ``leaks`` were found and allowed."""

    def rescore(self, config: EvaluateConfig, path: Path, context: Context) -> Result:
        """Score a table of predictions again; no model is run."""

    def explain(self, task: Any, corpus: Corpus | None) -> TaskInfo:
        """Say what the task asks, and, of recordings, what they hold for it and what they lack."""


class Pooled(Protocol):
    """What a file has whose folds can be pooled."""

    def pool(
        self,
        writer: ArtifactWriter,
        tables: Sequence[Path],
        config: EvaluateConfig,
        context: Context,
    ) -> dict[str, Any]:
        """Write the predictions of several folds as one, their scores and a report; the facts."""


KINDS: dict[str, Kind] = {
    "forecast": forecast_tasks,
    "phase": phase_tasks,
    "patients": patient_tasks,
}
"""The kinds of task by name; `labels` is what finetune and evaluate do themselves."""

POOLED: dict[str, Pooled] = {"forecast": forecast_tasks, "phase": phase_tasks}
"""Those that `finetune --folds` runs fold by fold; patients are dealt by their own analysis."""
