"""SIGKILL of any stage at any moment leaves no artifact or a resumable one; then the same bytes.

Moments are counted in changes to the output folder (``killing``): some drawn by a seed, and the
last ones, between which the manifest appears. A few kills more come by the clock, into the middle
of a computation or of a file.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import killing
import numpy as np
import pytest
from clirun import Pipeline, eegssl, files_of, manifest_of

from eegssl.artifacts.reading import load

DRAWN, LAST = 2, 4
KINDS = {
    "preprocess": "recordings",
    "tokenize": "tokens",
    "pretrain": "encoder",
    "finetune": "model",
    "evaluate": "evaluation",
}
TRAINED = ("tokenize", "pretrain", "finetune")


@dataclass(frozen=True)
class Whole:
    """A stage run without interruption: its files, and all that it changed on the way."""

    pipeline: Pipeline
    stage: str
    files: dict[str, str]
    changes: tuple[str, ...]

    def run(self, out: Path, *more: str, **how: object) -> killing.Ended:
        """The same stage into ``out``."""
        command = [*self.pipeline.command(self.stage, out), *more]
        return killing.run(command, out, out.parent, **how)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=Pipeline.STAGES)
def whole(
    tiny: Pipeline, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Whole:
    """Each of the stages."""
    return uninterrupted(tiny, request.param, tmp_path_factory.mktemp("whole"))


def uninterrupted(tiny: Pipeline, stage: str, scratch: Path) -> Whole:
    empty = Whole(tiny, stage, {}, ())
    ended = empty.run(scratch / "out")
    assert ended.code == 0, ended.said
    return replace(empty, files=files_of(scratch / "out"), changes=ended.changes)


def check_left(out: Path, stage: str) -> None:
    """What a kill left: nothing, something unfinished that says so, or a complete artifact."""
    if (out / "manifest.json").exists():
        load(out, KINDS[stage])
        return
    told = eegssl("info", out)
    assert told.code == 4
    if out.exists() and any(p for p in out.rglob("*") if not p.name.endswith(".partial")):
        assert "unfinished" in told.err, told.err


def check_resumed(whole: Whole, out: Path) -> None:
    """The same command again ends in the bytes of the uninterrupted run."""
    ended = whole.run(out)
    assert ended.code == 0, ended.said
    assert files_of(out) == whole.files


def test_moments_are_seen(whole: Whole) -> None:
    """Else the kills below would hit nothing."""
    names = [change.split()[-1] for change in whole.changes]
    assert len(names) > 10
    assert any("manifest.json" in name for name in names[-6:])


@pytest.mark.slow
@pytest.mark.parametrize("k", range(DRAWN + LAST))
def test_a_kill_at_any_moment_costs_no_byte(whole: Whole, tmp_path: Path, k: int) -> None:
    total = len(whole.changes)
    rng = np.random.default_rng([20, total])
    drawn = rng.choice(total - LAST, DRAWN, replace=False)
    moment = int(drawn[k]) if k < DRAWN else total - 1 - (k - DRAWN)
    out = tmp_path / "out"
    ended = whole.run(out, moment=moment)
    assert ended.code == -signal.SIGKILL, f"{whole.changes[moment]}: {ended.said}"
    check_left(out, whole.stage)
    check_resumed(whole, out)


@pytest.mark.slow
def test_kill_after_kill_costs_no_byte(whole: Whole, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rng = np.random.default_rng([21, len(whole.changes)])
    for moment in sorted(rng.integers(2, len(whole.changes) // 2, 3)):
        ended = whole.run(out, moment=int(moment))
        assert ended.code in (-signal.SIGKILL, 0)
        check_left(out, whole.stage)
    check_resumed(whole, out)


@pytest.mark.slow
def test_a_kill_while_an_old_artifact_is_replaced_never_mixes_the_two(
    whole: Whole, tmp_path: Path
) -> None:
    """Whichever of the two settings the user then asks for."""
    out, more = tmp_path / "out", ("--overwrite",)
    other = replace(whole, pipeline=replace(whole.pipeline, seed=9))
    assert other.run(out).code == 0
    aside = files_of(out)
    changes = whole.run(out, *more).changes
    assert files_of(out) == whole.files
    rng = np.random.default_rng([22, len(changes)])
    for moment in (2, 2 * int(rng.integers(2, 6)) + 1):  # while the old one stands, and after
        assert other.run(out, *more).code == 0
        assert files_of(out) == aside
        ended = whole.run(out, *more, moment=moment)
        assert ended.code == -signal.SIGKILL
        check_left(out, whole.stage)
        wanted = whole if moment % 2 else other
        ended = wanted.run(out, *more)
        assert ended.code == 0, ended.said
        assert files_of(out) == (whole.files if wanted is whole else aside)


def test_sigint_exits_130_and_resumes_to_the_same_bytes(whole: Whole, tmp_path: Path) -> None:
    out = tmp_path / "stopped"
    moment = int(0.6 * len(whole.changes))
    ended = whole.run(out, moment=moment, by=signal.SIGINT)
    assert ended.code == 130, ended.said
    assert "Traceback" not in ended.said
    check_left(out, whole.stage)
    check_resumed(whole, out)


@pytest.mark.slow
def test_a_kill_by_the_clock_costs_no_byte(whole: Whole, tmp_path: Path) -> None:
    out = tmp_path / "out"
    share = np.random.default_rng([23, len(whole.changes)]).uniform(0.1, 0.9)
    process = start(whole.pipeline.command(whole.stage, out), tmp_path)
    deadline = time.monotonic() + 60
    wanted = 1 + int(share * len(whole.files))
    while process.poll() is None and time.monotonic() < deadline:
        if len(list(out.rglob("*"))) >= wanted:
            break
        time.sleep(0.002)
    process.kill()
    process.wait(60)
    check_left(out, whole.stage)
    check_resumed(whole, out)


def start(command: list[str], scratch: Path) -> subprocess.Popen[bytes]:
    """The command line as a user starts it, in a process group of its own."""
    with (scratch / "said.txt").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "eegssl", *command],
            stdout=said,
            stderr=said,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )


@pytest.mark.parametrize("stage", TRAINED)
def test_sigterm_while_training_exits_75_and_resumes_to_the_same_bytes(
    tiny: Pipeline, tmp_path: Path, stage: str
) -> None:
    whole = uninterrupted(tiny, stage, tmp_path)
    rows = [k for k, change in enumerate(whole.changes) if change == "open metrics.jsonl"]
    out = tmp_path / "stopped"
    ended = whole.run(out, moment=rows[3], by=signal.SIGTERM)
    assert ended.code == 75, ended.said
    assert "run the same command" in ended.said
    check_left(out, stage)
    assert list(out.rglob("*.safetensors"))  # a checkpoint
    again = whole.run(out)
    assert again.code == 0
    assert "going on" in again.said
    assert files_of(out) == whole.files


def test_sigterm_of_a_real_process_exits_75(tiny: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [*tiny.command("pretrain", out), "--set", "training.steps=300"]
    process = start(command, tmp_path)
    deadline = time.monotonic() + 120
    while not (out / "metrics.jsonl").exists() or not (out / "metrics.jsonl").read_text():
        assert process.poll() is None, (tmp_path / "said.txt").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.terminate()
    assert process.wait(60) == 75, (tmp_path / "said.txt").read_text()
    assert not (out / "manifest.json").exists()
    check_left(out, "pretrain")


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_workers_of_a_stopped_preprocess_end_and_disturb_nothing(
    tiny: Pipeline, tmp_path: Path, by: signal.Signals
) -> None:
    """The signal reaches the command alone: its worker processes have to notice."""
    whole = uninterrupted(tiny, "preprocess", tmp_path)
    out = tmp_path / "killed"
    command = tiny.command("preprocess", out)
    command[command.index("--jobs") + 1] = "2"
    process = start(command, tmp_path)
    deadline = time.monotonic() + 60
    while not list(out.glob("signals/*.safetensors")) and time.monotonic() < deadline:
        assert process.poll() is None, (tmp_path / "said.txt").read_text()
        time.sleep(0.002)
    process.send_signal(by)
    process.wait(60)
    try:
        check_left(out, "preprocess")
        check_resumed(whole, out)
        deadline = time.monotonic() + 10
        while in_group(process.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert in_group(process.pid) == []
    finally:
        if in_group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


def in_group(group: int) -> list[int]:
    """Living processes of a process group that this test started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, owner = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(owner) == group and state != "Z":
            found.append(int(entry.name))
    return found


def test_a_killed_benchmark_keeps_its_cells(tiny: Pipeline, tmp_path: Path) -> None:
    matrix = tmp_path / "matrix.toml"
    matrix.write_text(
        f'recordings = ["{tiny.recordings}"]\n'
        f'[encoders.ours]\npath = "{tiny.encoder}"\n'
        '[tasks.seizure]\ntask = "seizure-detection"\n'
        "[finetune.training]\nsteps = 4\n[evaluate]\ntraces = 0\n"
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


def test_the_server_of_processes_is_there() -> None:
    """Killing needs fork and /proc; where they are missing these tests have to be told so."""
    assert "forkserver" in multiprocessing.get_all_start_methods()
    assert Path("/proc/self/stat").exists()
