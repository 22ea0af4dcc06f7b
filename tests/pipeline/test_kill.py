"""SIGKILL of any stage at any moment leaves no artifact or a resumable one; then the same bytes.

Moments are counted in changes to the output folder (``killing``): some drawn by a seed, and the
last ones, between which the manifest appears. Kills by the clock are in ``test_kill_clock.py``.
"""

import multiprocessing
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clirun import Pipeline, files_of
from killedruns import Whole, check_left, check_resumed, small_pipeline, uninterrupted
from slowparams import slow_except

DRAWN, LAST = 2, 4
TRAINED = ("tokenize", "pretrain", "finetune")


@pytest.fixture(scope="module")
def small(own_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return small_pipeline(tmp_path_factory)


@pytest.fixture(
    scope="module", params=slow_except(Pipeline.STAGES, "tokenize", "pretrain", "evaluate")
)
def whole(
    small: Pipeline, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Whole:
    """Each of the stages."""
    return uninterrupted(small, request.param, tmp_path_factory.mktemp("whole"))


def test_moments_are_seen(whole: Whole) -> None:
    """Else the kills below would hit nothing."""
    names = [change.split()[-1] for change in whole.changes]
    assert len(names) > 10
    assert any("manifest.json" in name for name in names[-6:])


@pytest.mark.parametrize("k", slow_except(range(DRAWN + LAST), 0))
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


@pytest.mark.slow
def test_sigint_exits_130_and_resumes_to_the_same_bytes(whole: Whole, tmp_path: Path) -> None:
    out = tmp_path / "stopped"
    moment = int(0.6 * len(whole.changes))
    ended = whole.run(out, moment=moment, by=signal.SIGINT)
    assert ended.code == 130, ended.said
    assert "Traceback" not in ended.said
    check_left(out, whole.stage)
    check_resumed(whole, out)


@pytest.mark.parametrize("stage", slow_except(TRAINED, "pretrain"))
def test_sigterm_while_training_exits_75_and_resumes_to_the_same_bytes(
    small: Pipeline, tmp_path: Path, stage: str
) -> None:
    whole = uninterrupted(small, stage, tmp_path)
    rows = [k for k, change in enumerate(whole.changes) if change == "open metrics.jsonl"]
    out = tmp_path / "stopped"
    ended = whole.run(out, moment=rows[0], by=signal.SIGTERM)
    assert ended.code == 75, ended.said
    assert "run the same command" in ended.said
    check_left(out, stage)
    assert list(out.rglob("*.safetensors"))  # a checkpoint
    again = whole.run(out)
    assert again.code == 0
    assert "going on" in again.said
    assert files_of(out) == whole.files


def test_the_server_of_processes_is_there() -> None:
    """Killing needs fork and /proc; where they are missing these tests have to be told so."""
    assert "forkserver" in multiprocessing.get_all_start_methods()
    assert Path("/proc/self/stat").exists()
