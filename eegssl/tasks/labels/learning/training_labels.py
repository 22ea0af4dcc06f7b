"""Hold the labels that a model is fitted to, and count them."""

from dataclasses import asdict, dataclass
from typing import Any

from eegssl.corpus.label_table import LabelTable
from eegssl.corpus.labelled import LabelledWindows
from eegssl.tasks.jobs import Inputs, Job
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.model import TrainedModel


@dataclass(frozen=True)
class TrainingLabels:
    """The labelled windows of training and validation, and the table that they are from."""

    table: LabelTable
    train: LabelledWindows
    val: LabelledWindows
    n_labelled: int
    """Training subjects with labels, of whom all or a few are used."""

    @property
    def inputs(self) -> Inputs:
        """The labels table, where there is one."""
        return self.table.inputs


def model_facts(job: Job[TaskConfig], data: TrainingLabels, model: TrainedModel) -> dict[str, Any]:
    """Facts of a model for its manifest, without those of its training."""
    locked = {
        "temperature": model.temperature,
        "threshold": model.threshold,
        "postprocess": model.postprocess,
    }
    chosen_on = sorted({r.id for r in data.val.windows.recordings})
    task, train, val = job.task, data.train, data.val
    used, of = _n_subjects(train), data.n_labelled
    return {
        "classes": list(task.classes),
        "window_s": task.window_s,
        "windows": {"train": _counts(train, task), "val": _counts(val, task)},
        "subjects": {"train": used, "val": _n_subjects(val)},
        "labels_fraction": job.config.labels_fraction,
        "labels_subjects": {"used": used, "of": of, "share": round(used / of, 4)},
        "n_parameters": sum(p.numel() for p in model.classifier.parameters()),
        **{name: asdict(one) if one else None for name, one in locked.items()},
        "statistics": {name: chosen_on for name, one in locked.items() if one is not None},
        "labels_permuted": task.permute_labels,
    }


def _counts(labelled: LabelledWindows, task: TaskConfig) -> dict[str, int]:
    if task.target == "number":
        return {"labelled": len(labelled)}
    return dict(zip(task.classes, labelled.counts(len(task.classes)).tolist(), strict=True))


def _n_subjects(labelled: LabelledWindows) -> int:
    return len({r.subject for r in labelled.windows.recordings})
