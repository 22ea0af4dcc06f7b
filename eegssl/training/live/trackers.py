"""Hand rows of a training to TensorBoard, W&B or MLflow.

A tracker is imported when its training begins, and only if it was asked for. What it writes lies
below ``trackers/`` beside the artifact; none uses a network unless the user's own variables say so.
"""

import importlib
import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.manifest import TRACKERS
from eegssl.errors import ConfigError

_PROJECT = "eegssl"


@dataclass(frozen=True)
class TrackedRun:
    """One training, as trackers know it: the same before and after a resumption."""

    folder: Path
    kind: str
    config: Mapping[str, Any]
    """Settings as they stand in the artifact: nothing private is among them."""
    plan_id: str

    @property
    def name(self) -> str:
        """A name that tells nothing of the folder, which may name people."""
        return f"{self.kind}-{self.plan_id[:8]}"


class Tracker(Protocol):
    """Receiver of the rows of a training."""

    name: str
    errors: tuple[type[Exception], ...]
    """Errors of the library beside those of the system."""

    def log(self, row: Mapping[str, float]) -> None:
        """Take a row, whose ``step`` says when it was."""

    def close(self) -> None:
        """Write what is not written yet."""


@dataclass
class TensorBoard(Tracker):
    """Event files for ``tensorboard --logdir``."""

    run: TrackedRun
    name: str = "tensorboard"
    errors: tuple[type[Exception], ...] = ()
    _writer: Any = field(default=None, repr=False)

    def log(self, row: Mapping[str, float]) -> None:
        """Write a scalar for each number; rows of steps that are taken again are replaced."""
        step = int(row["step"])
        if self._writer is None:
            library = importlib.import_module("torch.utils.tensorboard")
            folder = self.run.folder / TRACKERS / self.name
            self._writer = library.SummaryWriter(str(folder), purge_step=step)
        for name, value in row.items():
            if name != "step":
                self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()


@dataclass
class WeightsAndBiases(Tracker):
    """A run of Weights & Biases, offline unless ``WANDB_MODE`` says otherwise."""

    run: TrackedRun
    name: str = "wandb"
    errors: tuple[type[Exception], ...] = ()
    _run: Any = field(default=None, repr=False)

    def log(self, row: Mapping[str, float]) -> None:
        """Log a row at its step. The machine, its user, the command and code are not sent."""
        if self._run is None:
            self._run = self._begin()
        self._run.log({n: v for n, v in row.items() if n != "step"}, step=int(row["step"]))

    def close(self) -> None:
        """Finish the run."""
        if self._run is not None:
            self._run.finish()

    def _begin(self) -> Any:
        wandb = importlib.import_module("wandb")
        self.errors = (wandb.errors.Error,)
        folder = self.run.folder / TRACKERS / self.name
        folder.mkdir(parents=True, exist_ok=True)
        mode = os.environ.get("WANDB_MODE", "offline")
        quiet = {"console": "off", "silent": True, "symlink": False, "disable_code": True}
        quiet |= {"disable_git": True, "x_disable_meta": True, "x_disable_stats": True}
        return wandb.init(
            project=os.environ.get("WANDB_PROJECT", _PROJECT),
            dir=str(folder),
            name=self.run.name,
            id=self.run.plan_id,
            resume=None if mode == "offline" else "allow",
            mode=mode,
            config=dict(self.run.config),
            settings=wandb.Settings(**quiet),
        )


@dataclass
class MLflow(Tracker):
    """A run of MLflow, in files unless ``MLFLOW_TRACKING_URI`` says otherwise."""

    run: TrackedRun
    name: str = "mlflow"
    errors: tuple[type[Exception], ...] = ()
    _client: Any = field(default=None, repr=False)
    _run_id: str = ""

    def log(self, row: Mapping[str, float]) -> None:
        """Log a row at its step, to the run of the same plan if there is one."""
        if self._client is None:
            self._begin()
        for name, value in row.items():
            if name != "step":
                self._client.log_metric(self._run_id, name, value, step=int(row["step"]))

    def close(self) -> None:
        """Mark the run as finished."""
        if self._client is not None:
            self._client.set_terminated(self._run_id)

    def _begin(self) -> None:
        mlflow = importlib.import_module("mlflow")
        self.errors = (mlflow.exceptions.MlflowException,)
        folder = self.run.folder.absolute() / TRACKERS / self.name
        own = os.environ.get("MLFLOW_TRACKING_URI")
        if own is None:
            folder.mkdir(parents=True, exist_ok=True)
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # MLflow 3 asks for it
        client = mlflow.MlflowClient(own or folder.as_uri())
        known = client.get_experiment_by_name(_PROJECT)
        experiment = known.experiment_id if known else client.create_experiment(_PROJECT)
        wanted = f"tags.eegssl_plan = '{self.run.plan_id}'"
        runs = client.search_runs([experiment], wanted, max_results=1)
        if runs:
            self._run_id = runs[0].info.run_id
        else:
            tags = {"eegssl_plan": self.run.plan_id}
            run = client.create_run(experiment, tags=tags, run_name=self.run.name)
            self._run_id = run.info.run_id
            for name, value in _leaves(self.run.config):
                client.log_param(self._run_id, name, value)
        self._client = client


TRACKER_KINDS: dict[str, Callable[[TrackedRun], Tracker]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
    "mlflow": MLflow,
}
"""Name, of the package and of its extra too -> the tracker."""


def require_trackers(names: Sequence[str]) -> tuple[str, ...]:
    """The names of trackers, each once. Raises ConfigError for one unknown or not installed."""
    for name in names:
        if name not in TRACKER_KINDS:
            known = ", ".join(TRACKER_KINDS)
            raise ConfigError(f"--tracker: there is no {name!r}; expected one of {known}")
        if importlib.util.find_spec(name) is None:
            raise ConfigError(
                f"--tracker {name}: the package {name} is not installed; "
                f"install it by `pip install 'eegssl[{name}]'`, or leave --tracker out"
            )
    return tuple(dict.fromkeys(names))


def trackers_of(
    names: Sequence[str],
    folder: Path,
    kind: str,
    config: Mapping[str, Any],
    plan: Mapping[str, Any],
) -> list[Tracker]:
    """The trackers of these names for a training; nothing is imported or written before a row."""
    run = TrackedRun(folder, kind, config, hash_json(dict(plan)))
    return [TRACKER_KINDS[name](run) for name in names]


def _leaves(config: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Settings by dotted key."""
    leaves: list[tuple[str, Any]] = []
    for name, value in config.items():
        if isinstance(value, Mapping):
            leaves += _leaves(value, f"{prefix}{name}.")
        else:
            leaves.append((f"{prefix}{name}", value))
    return leaves
