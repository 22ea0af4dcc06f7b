"""Outcomes of patients: what `finetune`, `evaluate` and `info --task` do for such tasks."""

from collections.abc import Sequence
from pathlib import Path

from eegssl.artifacts import Artifact
from eegssl.config import EvaluateConfig, FinetuneConfig
from eegssl.corpus.leaks import Leak
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError
from eegssl.patients.config import PatientTaskConfig
from eegssl.stages.run import Result, Run, TaskInfo


def finetune(
    config: FinetuneConfig, corpus: Corpus, encoder: Path, task: PatientTaskConfig, run: Run
) -> Result:
    """Not yet."""
    raise ConfigError(f"tasks of kind {task.kind} can't be fine-tuned yet")


def evaluate(
    config: EvaluateConfig,
    model: Artifact,
    corpus: Corpus,
    recordings: Sequence[Recording],
    leaks: Sequence[Leak],
    run: Run,
) -> Result:
    """Not yet."""
    raise ConfigError("tasks of this kind can't be evaluated yet")


def explain(task: PatientTaskConfig, corpus: Corpus | None) -> TaskInfo:
    """What the task asks."""
    return TaskInfo({"name": task.name, "kind": task.kind})
