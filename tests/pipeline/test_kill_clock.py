"""Kills of processes by the clock, of workers and of a benchmark cost no byte either.

One kill of each stage, and a stop of a training, are shown quickly by ``test_kill.py``.
"""

import os
import signal
import time
from pathlib import Path

import killing
import numpy as np
import pytest
from clirun import Pipeline, files_of, manifest_of
from killedruns import (
    Whole,
    check_left,
    check_resumed,
    in_group,
    small_pipeline,
    start,
    uninterrupted,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small(own_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return small_pipeline(tmp_path_factory)


@pytest.fixture(scope="module", params=Pipeline.STAGES)
def whole(
    small: Pipeline, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Whole:
    """Each of the stages, with its figures: as a user runs it."""
    scratch = tmp_path_factory.mktemp("whole")
    return uninterrupted(small, request.param, scratch, drawn=True)


def test_a_kill_by_the_clock_costs_no_byte(whole: Whole, tmp_path: Path) -> None:
    out = tmp_path / "out"
    share = np.random.default_rng([23, len(whole.changes)]).uniform(0.1, 0.9)
    process = start(whole.pipeline.command(whole.stage, out), tmp_path)
    deadline = time.monotonic() + 600
    wanted = 1 + int(share * len(whole.files))
    while process.poll() is None and time.monotonic() < deadline:
        if len(list(out.rglob("*"))) >= wanted:
            break
        time.sleep(0.002)
    process.kill()
    process.wait(600)
    check_left(out, whole.stage)
    check_resumed(whole, out)


def test_sigterm_of_a_real_process_exits_75(small: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [*small.command("pretrain", out), "--set", "training.steps=300"]
    process = start(command, tmp_path)
    deadline = time.monotonic() + 600
    while not (out / "metrics.jsonl").exists() or not (out / "metrics.jsonl").read_text():
        assert process.poll() is None, (tmp_path / "said.txt").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.terminate()
    assert process.wait(600) == 75, (tmp_path / "said.txt").read_text()
    assert not (out / "manifest.json").exists()
    check_left(out, "pretrain")


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_workers_of_a_stopped_preprocess_end_and_disturb_nothing(
    small: Pipeline, tmp_path: Path, by: signal.Signals
) -> None:
    """The signal reaches the command alone: its worker processes have to notice."""
    whole = uninterrupted(small, "preprocess", tmp_path, drawn=True)
    out = tmp_path / "killed"
    command = small.command("preprocess", out)
    command[command.index("--jobs") + 1] = "2"
    process = start(command, tmp_path)
    deadline = time.monotonic() + 600
    while not list(out.glob("signals/*.safetensors")) and time.monotonic() < deadline:
        assert process.poll() is None, (tmp_path / "said.txt").read_text()
        time.sleep(0.002)
    process.send_signal(by)
    process.wait(600)
    try:
        check_left(out, "preprocess")
        check_resumed(whole, out)
        deadline = time.monotonic() + 120
        while in_group(process.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert in_group(process.pid) == []
    finally:
        if in_group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


def test_a_killed_benchmark_keeps_its_cells(small: Pipeline, tmp_path: Path) -> None:
    matrix = tmp_path / "matrix.toml"
    matrix.write_text(
        f'recordings = ["{small.recordings}"]\n'
        f'[encoders.ours]\npath = "{small.encoder}"\n'
        '[tasks.seizure]\ntask = "seizure-detection"\n'
        "[finetune.training]\nsteps = 2\n[evaluate]\ntraces = 0\n"
    )

    def benchmark(out: Path, **how: object) -> killing.Ended:
        command = ["benchmark", str(matrix), "--out", str(out)]
        return killing.run(command, out, tmp_path, **how)  # type: ignore[arg-type]

    total = len(benchmark(tmp_path / "whole").changes)
    out = tmp_path / "killed"
    for share in (0.4, 0.3):  # of what the run before has left to do
        ended = benchmark(out, moment=int(share * total))
        assert ended.code == -signal.SIGKILL
        assert not (out / "manifest.json").exists()
    assert benchmark(out).code == 0
    assert files_of(out) == files_of(tmp_path / "whole")
    assert manifest_of(out)["kind"] == "benchmark"
