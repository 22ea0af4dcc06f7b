"""What ranks can't do is told in one line of rank 0, at once, with exit code 2 or 4."""

import shutil
import signal
from pathlib import Path

import pytest
import torch
from cli_ranks import RankRun
from clirun import Pipeline, done, files_of
from trained_ranks import training

TERM = signal.SIGTERM
# further words of a training that was stopped -> exit code and words of its line
REFUSED: dict[str, tuple[tuple[object, ...], int, tuple[str, ...]]] = {
    "rate": (("--set", "training.lr=0.5"), 2, ("training.lr", "--overwrite")),
    "architecture": (("--set", "encoder.width=24"), 2, ("encoder.width 16 -> 24",)),
    "seed": (("--seed", 9), 2, ("seed 0 -> 9",)),
}


@pytest.fixture
def ranks(tiny: Pipeline, tmp_path: Path) -> RankRun:
    """A pretraining of two ranks."""
    return training(tiny, "pretrain", tmp_path / "out")


def refused(ranks: RankRun, *more: object, code: int, n_ranks: int = 2, **how: object) -> str:
    """The one line of rank 0; the other ranks say nothing, and nothing is changed."""
    before = files_of(ranks.out)
    first, *others = ranks.end(*more, n_ranks=n_ranks, **how)  # type: ignore[arg-type]
    assert first.code == code, first.said
    assert [(other.code, other.said) for other in others] == [(code, "")] * (n_ranks - 1)
    assert files_of(ranks.out) == before
    (line,) = first.said.splitlines()
    assert line.startswith("error: ")
    return line


def test_three_ranks_cannot_share_four_grains(ranks: RankRun) -> None:
    line = refused(ranks, code=2, n_ranks=3)
    assert "3 ranks can't share a batch of 8 windows in 4 grain(s)" in line
    assert "training.batch_size" in line


def test_must_without_a_checkpoint(ranks: RankRun) -> None:
    line = refused(ranks, "--resume", "must", code=4)
    assert f"--resume must, and there is no checkpoint in {ranks.out / 'work'}" in line


def test_ranks_with_settings_of_their_own(ranks: RankRun) -> None:
    own = {1: [*ranks.words, "--set", "training.lr=0.5"]}
    assert "the ranks differ from rank 0 in settings (on rank 1)" in refused(
        ranks, code=4, words=own
    )


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there(ranks: RankRun) -> None:
    line = refused(ranks, "--device", "cuda", code=2)
    assert "training.device is cuda, but torch finds no such device" in line


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_one_rank_lacks(ranks: RankRun) -> None:
    """The rank that lacks it says so, at once; the other waits for nothing."""
    words = {1: [*ranks.words, "--device", "cuda"]}
    first, second = ranks.end(words=words)
    assert (first.code, first.said, second.code) == (2, "", 2)
    assert second.said.startswith("rank 1: error: training.device is cuda, but torch finds no")


@pytest.mark.slow
def test_ranks_with_other_recordings(tiny: Pipeline, tmp_path: Path) -> None:
    other = tmp_path / "other"
    done("preprocess", tiny.edf, "--out", other, "--seed", 9, "--jobs", 1)
    ranks = training(tiny, "tokenize", tmp_path / "out")
    words = [str(other) if word == str(tiny.recordings) else word for word in ranks.words]
    line = refused(ranks, code=4, words={1: words})
    assert "inputs (on rank 1); which recordings are trained on (on rank 1)" in line


@pytest.mark.slow
def test_a_folder_that_one_rank_does_not_have(tiny: Pipeline, tmp_path: Path) -> None:
    """The rank that lacks it says so itself."""
    ranks = training(tiny, "tokenize", tmp_path / "out")
    words = ["nowhere" if word == str(tiny.recordings) else word for word in ranks.words]
    first, second = ranks.end(words={1: words})
    assert (first.code, first.said) == (4, "")
    assert second.code == 4
    assert second.said.startswith("rank 1: error: ")


@pytest.mark.slow
@pytest.mark.parametrize("how", REFUSED)
def test_a_stopped_training_is_gone_on_with_by_the_same_settings(
    stopped: Path, ranks: RankRun, how: str
) -> None:
    shutil.copytree(stopped, ranks.out)
    more, code, words = REFUSED[how]
    line = refused(ranks, "--resume", "must", *more, code=code)
    assert all(word in line for word in words), line


@pytest.fixture(scope="module")
def stopped(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two ranks left that were stopped after their sixth step; read only."""
    out = tmp_path_factory.mktemp("stopped") / "out"
    ends = training(tiny, "pretrain", out).end(faults={1: ("signal_after", 6, TERM)})
    assert [end.code for end in ends] == [75, 75], ends
    return out


@pytest.mark.slow
def test_bfloat16_works_on_a_processor_without_its_instructions(ranks: RankRun) -> None:
    ends = ranks.end("--set", "training.precision=bfloat16", "--set", "training.steps=2")
    assert [end.code for end in ends] == [0, 0], ends


@pytest.mark.slow
def test_other_codes_are_refused_by_name(tiny: Pipeline, stopped: Path, ranks: RankRun) -> None:
    other = ranks.out.with_name("other")
    words = tiny.command("tokenize", other)
    done(*words, "--set", "tokenizer.n_codes=8", "--set", "training.steps=2")
    shutil.copytree(stopped, ranks.out)
    own = [str(other) if word == str(tiny.tokens) else word for word in ranks.words]
    line = refused(ranks, "--resume", "must", code=2, words=dict.fromkeys((0, 1), own))
    assert "made with other settings or inputs (inputs" in line
