"""What goes wrong on one rank is told once, by name, and reaches no weight."""

import json
import math
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_ranks import RankRun
from clirun import Pipeline, files_of, manifest_of
from safetensors.numpy import load_file
from trained_ranks import training

WORKERS = ("--num-workers", 2)


@pytest.fixture
def ranks(tiny: Pipeline, tmp_path: Path) -> RankRun:
    """A pretraining of two ranks."""
    return training(tiny, "pretrain", tmp_path / "out")


@pytest.fixture(scope="module")
def stopped(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two ranks left that were stopped after their sixth step; read only."""
    out = tmp_path_factory.mktemp("stopped") / "out"
    ends = training(tiny, "pretrain", out).end(faults={1: ("signal_after", 6, signal.SIGTERM)})
    assert [end.code for end in ends] == [75, 75], ends
    return out


def rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_a_nan_on_one_rank_is_skipped_by_both_and_too_many_stop_the_run(
    ranks: RankRun, tmp_path: Path
) -> None:
    """Its loss is finite, its gradient is not."""
    faults = {0: ("keep_weights", str(tmp_path)), 1: ("poison", 3, 6, 7)}
    ends = ranks.end("--set", "training.max_bad_steps=2", faults=faults)
    assert [end.code for end in ends] == [2, 2], ends
    assert ends[1].said == ""
    lines = [line for line in ends[0].said.splitlines() if "not finite" in line]
    assert ["step 3" in lines[0], "step 6" in lines[1], len(lines)] == [True, True, 3]
    assert all("(recordings r-" in line for line in lines)
    assert lines[2].startswith("error: training diverged")
    assert [row["skipped"] for row in rows(ranks.out)] == [0, 0, 0, 1, 1, 1, 2]
    assert ["train_loss" in row for row in rows(ranks.out)] == [
        *(True, True, True, False, True, True, False)
    ]
    after = {k: np.load(tmp_path / f"rank0-step{k}.npy") for k in range(1, 8)}
    assert np.array_equal(after[4], after[3])
    assert np.array_equal(after[7], after[6])
    assert not np.array_equal(after[5], after[4])
    for path in (ranks.out / "work").glob("*.safetensors"):
        for tensor in load_file(path).values():
            assert np.isfinite(tensor).all()


def test_a_score_that_is_not_finite_ends_both_ranks_alike(ranks: RankRun) -> None:
    """The first rank alone validates, and alone says it."""
    first, second = ranks.end(faults={0: ("nan_score",)})
    assert (first.code, second.code, second.said) == (2, 2, "")
    (line,) = (line for line in first.said.splitlines() if "not finite" in line)
    assert line.startswith("error: training diverged: a weight or score is not finite at step ")


@pytest.mark.slow
def test_both_ranks_keep_the_same_weights(ranks: RankRun, tmp_path: Path) -> None:
    kept: list[dict[str, str]] = []
    for k, fault in enumerate(("keep_weights", "keep_poisoned_weights")):
        folder = tmp_path / fault
        folder.mkdir()
        out = RankRun(ranks.words, tmp_path / f"out{k}")
        ends = out.end(faults={0: ("keep_weights", str(folder)), 1: (fault, str(folder))})
        assert [end.code for end in ends] == [0, 0], ends
        hashes = files_of(folder)
        for step in range(1, 13):
            assert hashes[f"rank0-step{step}.npy"] == hashes[f"rank1-step{step}.npy"]
        kept.append(hashes)
    assert kept[0]["rank0-step2.npy"] == kept[1]["rank0-step2.npy"]
    assert kept[0]["rank0-step12.npy"] != kept[1]["rank0-step12.npy"]


@pytest.mark.slow
def test_a_full_disk_stops_both_ranks_and_leaves_the_last_checkpoint(
    ranks: RankRun, tmp_path: Path
) -> None:
    every = ("--set", "training.checkpoint_every=3")
    first, second = ranks.end(*every, faults={0: ("full_disk", 3)})
    assert (first.code, second.code) == (2, 1)
    assert "needed" in first.said
    assert "another rank than 1 ended" in second.said
    again = ranks.end(*every, "--resume", "must")
    assert [end.code for end in again] == [0, 0], again
    whole = RankRun(ranks.words, tmp_path / "whole")
    assert [end.code for end in whole.end(*every)] == [0, 0]
    assert files_of(ranks.out) == files_of(whole.out)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_killed_in_a_sharded_write_costs_nothing_but_time(
    ranks: RankRun, tmp_path: Path, rank: int
) -> None:
    sets = ("training.shard=fsdp2", "training.checkpoint_every=3", "training.keep_every=6")
    more = tuple(word for each in sets for word in ("--set", each))
    ends = ranks.end(*more, faults={rank: ("killed_in_shards", 2)})
    assert (ends[rank].code, ends[1 - rank].code) == (-signal.SIGKILL, 1), ends
    again = ranks.end(*more, "--resume", "must", faults={0: ("signal_after", 7, signal.SIGTERM)})
    assert [end.code for end in again] == [75, 75], again
    kept = ranks.out / "work" / "kept" / "step-000000006"
    assert len(list(kept.glob("*.safetensors"))) == 2
    assert [end.code for end in ranks.end(*more, "--resume", "must")] == [0, 0]
    whole = RankRun(ranks.words, tmp_path / "whole")
    assert [end.code for end in whole.end(*more)] == [0, 0]
    assert files_of(ranks.out) == files_of(whole.out)


@pytest.mark.slow
def test_a_hung_worker_is_named_with_what_it_reads(ranks: RankRun) -> None:
    ends = ranks.end(*WORKERS, faults={1: ("hung_worker", 5)})
    assert [end.code for end in ends] == [1, 2], ends
    assert "data worker 1 of 2, which reads step 4 of r-" in ends[1].said
    assert "gave nothing for 5 s" in ends[1].said


@pytest.mark.slow
def test_a_killed_worker_is_told(ranks: RankRun) -> None:
    ends = ranks.end(*WORKERS, faults={0: ("killed_worker",)})
    assert [end.code for end in ends] == [2, 1], ends
    assert "a data worker died (killed by signal: Killed): perhaps memory" in ends[0].said


@pytest.mark.slow
def test_another_number_of_ranks_is_told_and_ends_the_same_to_rounding(
    stopped: Path, ranks: RankRun, tmp_path: Path
) -> None:
    shutil.copytree(stopped, ranks.out)
    (end,) = ranks.end("--resume", "must", n_ranks=1)
    assert end.code == 0, end.said
    assert "begun with 2 rank(s) and goes on with 1" in end.said
    assert manifest_of(ranks.out)["facts"]["ranks"] == [2, 1]
    whole = RankRun(ranks.words, tmp_path / "whole")
    assert [one.code for one in whole.end()] == [0, 0]
    for row, other in zip(rows(ranks.out), rows(whole.out), strict=True):
        assert math.isclose(row["train_loss"], other["train_loss"], rel_tol=1e-4)


@pytest.mark.slow
def test_resume_never_begins_anew(stopped: Path, ranks: RankRun, tmp_path: Path) -> None:
    shutil.copytree(stopped, ranks.out)
    ends = ranks.end("--resume", "never", extra={"OMP_NUM_THREADS": "1"})
    assert [end.code for end in ends] == [0, 0], ends
    whole = RankRun(ranks.words, tmp_path / "whole")
    assert [one.code for one in whole.end()] == [0, 0]
    assert files_of(ranks.out) == files_of(whole.out)
