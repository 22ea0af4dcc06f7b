"""What `finetune`, `evaluate` and `info --task` do for tasks that are not about labels, by kind.

Each kind is a file beside this one with the functions of `Kind`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from eegssl.artifacts import Artifact
from eegssl.config import EvaluateConfig, FinetuneConfig
from eegssl.corpus.leaks import Leak
from eegssl.corpus.store import Corpus, Recording
from eegssl.stages import forecast_tasks, patient_tasks, phase_tasks
from eegssl.stages.run import Result, Run, TaskInfo


class Kind(Protocol):
    """What a file of a kind of task has."""

    def finetune(
        self, config: FinetuneConfig, corpus: Corpus, encoder: Path, task: Any, run: Run
    ) -> Result:
        """Make what `finetune` makes of recordings, an encoder and a resolved task."""

    def evaluate(
        self,
        config: EvaluateConfig,
        model: Artifact,
        corpus: Corpus,
        recordings: Sequence[Recording],
        leaks: Sequence[Leak],
        run: Run,
    ) -> Result:
        """Score a model on ``recordings`` of ``corpus``; ``leaks`` were found and allowed."""

    def explain(self, task: Any, corpus: Corpus | None) -> TaskInfo:
        """Say what the task asks, and, of recordings, what they hold for it and what they lack."""


KINDS: dict[str, Kind] = {
    "forecast": forecast_tasks,
    "phase": phase_tasks,
    "patients": patient_tasks,
}
"""The kinds of task by name; `labels` is what finetune and evaluate do themselves."""
