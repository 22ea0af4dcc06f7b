"""Hold what a fine-tuning and an evaluation of a task are about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import torch

from eegssl.artifacts.context import Context
from eegssl.artifacts.json_parts import OpenPart
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.threads import Threads
from eegssl.config.settings import Settings
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.audits.leaks import Leak
from eegssl.corpus.store import Corpus, Recording
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder
from eegssl.errors import EegsslError
from eegssl.tasks.table_spec import View
from eegssl.tasks.trained_for import ENCODER
from eegssl.training.fitting.devices import choose_device
from eegssl.training.fitting.loop import Rows
from eegssl.training.ranks.together import RunOptions
from eegssl.training.weights import load_weights

MODEL = "model"
"""The artifact that `finetune` makes, and what its weights are called."""
TASK = "task.json"
"""The settings of the task that a model was made for."""

CLEANING = "cleaning.json"
"""How the recordings were cleaned that a model was fitted on."""

MODEL_FILES = (f"{MODEL}.json", f"{MODEL}.safetensors", TASK, CLEANING)
"""Files of every model."""

Inputs = Sequence[tuple[str, str]]
"""Kind and id of what an artifact is made from, as its manifest records them."""


class ScoredFacts(OpenPart):
    """Facts of every artifact with scores."""

    warnings: tuple[str, ...]
    threads: Threads = ()
    """Empty where nothing was trained, or an earlier version did not say them."""


class BenchmarkedFacts(ScoredFacts):
    """Facts of artifacts whose scores may stand in a benchmark, where it reads them."""

    subjects: tuple[str, ...]
    leaks: tuple[str, ...]
    within_subject: bool


class HasInputs(Protocol):
    """Data of a task that were made from more than recordings and an encoder or model."""

    @property
    def inputs(self) -> Inputs:
        """Kinds and ids that a manifest records of them."""


class HasDict(Protocol):
    """Scores of a table."""

    def as_dict(self) -> dict[str, Any]:
        """All of them as plain values."""


Task = TypeVar("Task", bound=Settings)
Data = TypeVar("Data", bound=HasInputs)
Test = TypeVar("Test", bound=HasInputs)
Table = TypeVar("Table", bound=View)
Scores = TypeVar("Scores", bound=HasDict)


@dataclass(frozen=True)
class Job(Generic[Task]):
    """A fine-tuning: the settings, recordings, a task and a pretrained encoder."""

    config: FinetuneConfig
    corpus: Corpus
    task: Task
    pretrained: Artifact
    encoder: EncoderConfig
    context: Context
    on_row: Rows | None = None
    """Gets the rows of the training that decides the model."""
    options: RunOptions = field(default_factory=RunOptions)

    @property
    def weights(self) -> str:
        """``pretrained`` or ``random``: the weights that the encoder starts with."""
        scratch = self.config.adaptation.kind == "scratch"
        return "random" if scratch else self.config.encoder_weights

    @property
    def seen(self) -> Artifact | None:
        """The pretrained encoder, where its weights are used."""
        return self.pretrained if self.weights == "pretrained" else None

    @property
    def device(self) -> torch.device:
        """The device to train on."""
        return choose_device(self.config.training.device)

    def build_encoder(self) -> Encoder:
        """The encoder with the weights that it starts with."""
        encoder = build_encoder(self.encoder, self.context.seed)
        if self.weights == "pretrained":
            load_weights(encoder, self.pretrained.path, ENCODER)
        return encoder


@dataclass(frozen=True)
class Trial:
    """An evaluation: a model, and recordings of a corpus; ``leaks`` were allowed."""

    config: EvaluateConfig
    model: Artifact
    corpus: Corpus
    recordings: Sequence[Recording]
    leaks: tuple[Leak, ...]
    context: Context

    def about(self, *more: str) -> dict[str, Any]:
        """Facts of the model for a table: these, ``more`` of them, and the leaks."""
        names = ("task", "adaptation", "encoder_weights", *more)
        facts = {name: self.model.manifest.facts[name] for name in names}
        return facts | {"leaks": [leak.in_words() for leak in self.leaks]}


@dataclass(frozen=True)
class Fitted(Generic[Table]):
    """Facts of a fitted model, and the recordings it saw; or predictions at once."""

    facts: dict[str, Any] = field(default_factory=dict)
    recordings: Sequence[Recording] = ()
    table: Table | None = None
    """Of people left out, where a kind is scored as it is fitted; then there is no model."""


@dataclass
class TaskInfo:
    """A task as understood, the contents of each split, and problems, worst exit code first."""

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
