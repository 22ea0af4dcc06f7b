"""Trackers are imported when asked for, write beside the artifact, and reach no network."""

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from eegssl.errors import ConfigError
from eegssl.training.live import trackers
from eegssl.training.live.trackers import TRACKER_KINDS, require_trackers, trackers_of

PLAN = {"kind": "encoder", "config": {"training": {"steps": 3}}, "seed": 0}
ROWS = [{"step": 20, "train_loss": 2.0}, {"step": 40, "train_loss": 1.0}]


def start(name: str, folder: Path) -> trackers.Tracker:
    (tracker,) = trackers_of([name], folder, "encoder", PLAN["config"], PLAN)
    return tracker


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="'comet'; expected one of tensorboard, wandb, mlflow"):
        require_trackers(["comet"])


@pytest.mark.parametrize("name", TRACKER_KINDS)
def test_a_missing_package_is_told_with_its_extra(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda module: None)
    with pytest.raises(ConfigError, match=rf"pip install 'eegssl\[{name}\]'"):
        require_trackers([name])


def test_nothing_is_imported_or_written_before_the_first_row(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from eegssl.training.live.trackers import trackers_of\n"
        f"made = trackers_of(['tensorboard', 'wandb', 'mlflow'], Path({str(tmp_path)!r}), 'e', "
        "{}, {})\n[tracker.close() for tracker in made]\n"
        "print({'torch', 'tensorboard', 'wandb', 'mlflow'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
    assert list(tmp_path.iterdir()) == []


def fake(monkeypatch: pytest.MonkeyPatch, name: str, **parts: Any) -> None:
    """Put a module of this name in the place of the library."""
    module = types.ModuleType(name)
    vars(module).update(parts)
    monkeypatch.setitem(sys.modules, name, module)


def test_tensorboard_gets_a_scalar_a_number_and_forgets_steps_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Any, ...]] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            calls.append(("open", Path(folder).relative_to(tmp_path).as_posix(), purge_step))

        def add_scalar(self, *scalar: Any) -> None:
            calls.append(scalar)

        def flush(self) -> None:
            pass

        def close(self) -> None:
            calls.append(("close",))

    fake(monkeypatch, "torch.utils.tensorboard", SummaryWriter=Writer)
    tracker = start("tensorboard", tmp_path)
    for row in ROWS:
        tracker.log(row)
    tracker.close()
    assert calls == [
        ("open", "trackers/tensorboard", 20),
        ("train_loss", 2.0, 20),
        ("train_loss", 1.0, 40),
        ("close",),
    ]


@pytest.mark.parametrize("mode", [None, "online"])
def test_weights_and_biases_is_offline_and_told_no_names_unless_the_user_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str | None
) -> None:
    begun: dict[str, Any] = {}
    logged: list[tuple[Any, int]] = []
    run = types.SimpleNamespace(
        log=lambda row, step: logged.append((row, step)), finish=lambda: logged.append(("end", 0))
    )

    def init(**how: Any) -> Any:
        begun.update(how)
        return run

    errors = types.SimpleNamespace(Error=LookupError)
    fake(monkeypatch, "wandb", init=init, Settings=dict, errors=errors)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    if mode:
        monkeypatch.setenv("WANDB_MODE", mode)
    tracker = start("wandb", tmp_path / "jane-doe")
    for row in ROWS:
        tracker.log(row)
    tracker.close()
    assert begun["mode"] == (mode or "offline")
    assert begun["resume"] == ("allow" if mode else None)
    assert begun["id"] == start("wandb", tmp_path / "other").run.plan_id
    assert "jane" not in str({**begun, "dir": ""})
    assert begun["settings"]["x_disable_meta"]
    assert not begun["settings"]["symlink"]
    assert logged == [({"train_loss": 2.0}, 20), ({"train_loss": 1.0}, 40), ("end", 0)]
    assert tracker.errors == (LookupError,)


def test_mlflow_writes_files_and_goes_on_with_the_run_of_the_same_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[tuple[str, str]] = []
    logged: list[tuple[Any, ...]] = []

    class Client:
        def __init__(self, address: str) -> None:
            assert address == (tmp_path / "trackers" / "mlflow").as_uri()

        def get_experiment_by_name(self, name: str) -> None:
            return None

        def create_experiment(self, name: str) -> str:
            return name

        def search_runs(self, experiments: list[str], wanted: str, max_results: int) -> list[Any]:
            ids = [run for tag, run in stored if wanted == f"tags.eegssl_plan = '{tag}'"]
            return [run_of(id_) for id_ in ids]

        def create_run(self, experiment: str, tags: dict[str, str], run_name: str) -> Any:
            stored.append((tags["eegssl_plan"], f"run-{len(stored)}"))
            return run_of(stored[-1][1])

        def log_param(self, run: str, name: str, value: Any) -> None:
            logged.append((run, name, value))

        def log_metric(self, run: str, name: str, value: float, step: int) -> None:
            logged.append((run, name, value, step))

        def set_terminated(self, run: str) -> None:
            logged.append((run, "end"))

    def run_of(id_: str) -> Any:
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id=id_))

    errors = types.SimpleNamespace(MlflowException=LookupError)
    fake(monkeypatch, "mlflow", MlflowClient=Client, exceptions=errors)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    for row in ROWS:
        tracker = start("mlflow", tmp_path)
        tracker.log(row)
        tracker.close()
    assert logged == [
        ("run-0", "training.steps", 3),
        ("run-0", "train_loss", 2.0, 20),
        ("run-0", "end"),
        ("run-0", "train_loss", 1.0, 40),
        ("run-0", "end"),
    ]
