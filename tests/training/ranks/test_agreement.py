"""Ranks agree, and one that fails or dies ends the others, long before gloo's own time limit."""

from dataclasses import replace
from pathlib import Path

import agreeing_ranks
import pytest
import torch
from agreeing_ranks import CASES
from rank_runs import LAUNCHERS, ended, start_ranks
from slowparams import slow_except

from eegssl.errors import ConfigError, EegsslError, OtherRankFailed
from eegssl.training.ranks import process_group
from eegssl.training.ranks.agreement import on_first, require_same
from eegssl.training.ranks.rank_place import ALONE

SCRIPT = Path(agreeing_ranks.__file__)
FAILED = "OtherRankFailed {0}: rank 0 ended with exit code {0}"
DIFFERENT = (
    "ArtifactError 4: the ranks differ from rank 0 in {}; expected the same on all: start them by "
    "one command, with the same folders and the same eegssl on every node"
)
# the line of each case on rank 0, and on the others
LINES = {
    "first": ("made", "None"),
    "refused": ("ArtifactError 4: the folder is damaged", FAILED.format(4)),
    "bug": ("KeyError 1: 'missing'", FAILED.format(1)),
    "same": ("None", "None"),
    "other_data": (DIFFERENT.format("data (on rank 2)"), FAILED.format(4)),
    "other_names": (DIFFERENT.format("what they compare (on rank 1)"), FAILED.format(4)),
}


def test_one_rank_runs_at_once() -> None:
    assert on_first(ALONE, lambda: "made") == "made"
    require_same(ALONE, {"data": "a1"})


@pytest.mark.parametrize("rank", [0, 1])
def test_ranks_on_other_devices_end_alike(rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One node has a GPU, the other none, and `auto` takes what there is."""
    monkeypatch.setattr(process_group.distributed, "barrier", lambda: None)
    place, kinds = replace(ALONE, rank=rank, n_ranks=2), ["cuda", "cpu"]
    with pytest.raises(EegsslError) as caught:
        process_group._of_all(kinds, place, torch.device(kinds[rank]))
    assert caught.value.exit_code == 2
    assert isinstance(caught.value, (ConfigError, OtherRankFailed)[rank])
    if not rank:
        assert "rank 0 trains on cuda, rank 1 on cpu" in str(caught.value)
    own = process_group._of_all(["cpu", "cpu"], place, torch.device("cpu"))
    assert own == torch.device("cpu")


@pytest.mark.parametrize("launcher", slow_except(LAUNCHERS, "slurm"))
def test_three_ranks_agree_or_end_together(launcher: str) -> None:
    assert {*LINES, "leaves_late"} == set(CASES)
    ends = ended(start_ranks([SCRIPT, *CASES], n_ranks=3, launcher=launcher))
    done_s, left_s = [], []
    for rank, one in enumerate(ends):
        assert one.code == 0, one.err
        lines = dict(line.split(" ", 1) for line in one.out.splitlines())
        done_s.append(float(lines.pop("leaves_late")))
        left_s.append(float(lines.pop("left")))
        assert lines == {case: both[rank > 0] for case, both in LINES.items()}
    assert min(left_s) >= max(done_s)


@pytest.mark.parametrize(
    ("case", "dead", "code"),
    [
        ("dies", 1, 137),
        pytest.param("dies_first", 0, 137, marks=pytest.mark.slow),
        pytest.param("fails_alone", 1, 2, marks=pytest.mark.slow),
    ],
)
def test_a_rank_that_ends_ends_the_other(case: str, dead: int, code: int) -> None:
    ends = ended(start_ranks([SCRIPT, case]))
    left = ends[1 - dead]
    assert ends[dead].code == code
    assert left.code == 1
    assert "OtherRankLost: another rank than" in left.err
    assert "\n" not in left.err


@pytest.mark.slow
def test_an_error_that_no_other_rank_caused_stays_what_it_is() -> None:
    for one in ended(start_ranks([SCRIPT, "own_bug"])):
        assert one.code == 1
        assert "RuntimeError: shapes differ" in one.err
