"""How far a training is stands in its files, whoever runs it and wherever."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from clirun import Pipeline, stamps_of
from livefolders import ROWS, SPEEDS, running

from eegssl.artifacts.locks.draft_lock import LOCK
from eegssl.artifacts.manifest import PLAN, SPEED
from eegssl.errors import ArtifactError
from eegssl.training.history import METRICS
from eegssl.training.live.running_state import running_state


def test_a_running_training_tells_steps_rate_and_its_last_numbers(tmp_path: Path) -> None:
    folder = running(tmp_path / "e")
    before = stamps_of(folder)
    written = max((folder / name).stat().st_mtime for name in (METRICS, SPEED))
    state = running_state(folder, now_s=written + 7)
    assert (state.kind, state.state, state.step, state.steps) == ("encoder", "running", 60, 100)
    assert state.seconds_left == pytest.approx(40 * 0.5)
    assert state.row_age_s == pytest.approx(7)
    assert f"process {os.getpid()} " in state.process
    assert state.losses == [3.0, 2.0, 1.5]
    document = json.loads(json.dumps(state.as_document()))
    assert document["metrics"]["val_loss_region"] == 2.5
    assert document["metrics"]["train_loss"] == 1.5
    assert document["speed"]["ranks"] == 2
    assert stamps_of(folder) == before


def gone_pid() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_process_that_is_gone_has_stopped(tmp_path: Path) -> None:
    assert running_state(running(tmp_path / "a", pid=gone_pid())).state == "stopped"
    assert running_state(running(tmp_path / "b", boot="another start")).state == "stopped"
    folder = running(tmp_path / "c")
    (folder / LOCK).unlink()
    state = running_state(folder)
    assert (state.state, state.process) == ("stopped", "")


def test_a_process_of_another_machine_is_not_judged(tmp_path: Path) -> None:
    state = running_state(running(tmp_path / "e", host="gpu\x1b[31m17"))
    assert state.state == "unknown"
    assert "gpu [31m17" in state.process


def test_before_the_first_row_nothing_is_known_but_the_plan(tmp_path: Path) -> None:
    state = running_state(running(tmp_path / "e", rows=(), speeds=()))
    assert (state.step, state.steps, state.row_age_s, state.seconds_left) == (0, 100, None, None)


def test_a_row_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    folder = running(tmp_path / "e")
    with (folder / METRICS).open("a") as stream:
        stream.write('{"step": 80, "train_')
    assert running_state(folder).step == 60


@pytest.mark.parametrize("stage", ["tokens", "encoder", "model"])
def test_a_finished_training_is_told_as_finished(tiny: Pipeline, stage: str) -> None:
    state = running_state(getattr(tiny, stage))
    assert (state.state, state.kind) == ("finished", stage)
    assert state.seconds_left is None


def test_what_trains_nothing_is_refused_with_a_way_on(tiny: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="holds recordings, of which nothing is trained"):
        running_state(tiny.recordings)
    with pytest.raises(ArtifactError, match="there is no folder"):
        running_state(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArtifactError, match="no eegssl artifact"):
        running_state(tmp_path / "empty")


def test_of_a_benchmark_the_cell_that_is_trained_is_named(tmp_path: Path) -> None:
    folder = running(tmp_path / "b", kind="benchmark")
    cell = running(folder / "cells" / "x" / "seed0" / "model", kind="model")
    with pytest.raises(ArtifactError, match=f"eegssl watch {cell}"):
        running_state(folder)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (PLAN, "[1]"),
        (PLAN, '{"kind": "encoder", "config": {"training": {"steps": "many"}}}'),
        (METRICS, '{"step": 20, "train_loss": "low"}\n'),
        (SPEED, '{"step": 1e400}\n'),
    ],
)
def test_damage_names_the_file(tmp_path: Path, name: str, text: str) -> None:
    folder = running(tmp_path / "e", rows=ROWS, speeds=SPEEDS)
    (folder / name).write_text(text)
    with pytest.raises(ArtifactError, match=name):
        running_state(folder)


def test_a_link_in_the_place_of_a_log_is_not_followed(tmp_path: Path) -> None:
    folder = running(tmp_path / "e")
    (tmp_path / "secret").write_text('{"step": 1, "secret": 7}\n')
    (folder / SPEED).unlink()
    (folder / SPEED).symlink_to(tmp_path / "secret")
    with pytest.raises(ArtifactError, match="is a link"):
        running_state(folder)
