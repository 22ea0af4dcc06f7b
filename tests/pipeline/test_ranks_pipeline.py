"""Two ranks through the command line: killed and gone on with, they end in the same bytes."""

import json
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cli_ranks import Fault
from clirun import Pipeline, files_of
from rank_runs import ended, environment_of, start_ranks
from slowparams import slow_except
from trained_ranks import training

TERM, USR1, KILL = signal.SIGTERM, signal.SIGUSR1, signal.SIGKILL
STAGES = ("pretrain", "tokenize")
LOST = "another rank than {} ended"
# faults of ranks -> exit codes, and words that a rank prints
DEATHS: dict[str, tuple[Mapping[int, Fault], tuple[int, int], tuple[str, str]]] = {
    "term of one": ({1: ("signal_after", 6, TERM)}, (75, 75), ("after step 6", "")),
    "usr1 of both": (dict.fromkeys((0, 1), ("signal_after", 3, USR1)), (75, 75), ("step 3", "")),
    "kill of the first": ({0: ("signal_after", 6, KILL)}, (-9, 1), ("", LOST.format(1))),
    "kill of the second": ({1: ("signal_after", 6, KILL)}, (1, -9), (LOST.format(0), "")),
    "kill of both in a checkpoint": (
        dict.fromkeys((0, 1), ("killed_in_checkpoint", 2)),
        (-9, -9),
        ("", ""),
    ),
    "kill of the first in a checkpoint": (
        {0: ("killed_in_checkpoint", 2)},
        (-9, 1),
        ("", LOST.format(1)),
    ),
}


@pytest.fixture(scope="module")
def undisturbed(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The files of each stage by two ranks that nothing disturbs; made when asked for."""

    class Made(dict[str, Any]):
        def __missing__(self, stage: str) -> dict[str, str]:
            out = tmp_path_factory.mktemp("undisturbed") / "out"
            ends = training(tiny, stage, out).end()
            assert [end.code for end in ends] == [0, 0], ends
            assert ends[1].said == ""
            self[stage] = files_of(out)
            return self[stage]

    return Made()


@pytest.mark.parametrize("stage", slow_except(STAGES, "pretrain"))
@pytest.mark.parametrize("death", slow_except(DEATHS, "term of one"))
def test_a_death_of_any_kind_costs_no_byte(
    undisturbed: dict[str, Any], tiny: Pipeline, tmp_path: Path, stage: str, death: str
) -> None:
    faults, codes, words = DEATHS[death]
    ranks = training(tiny, stage, tmp_path / "out")
    ends = ranks.end(faults=faults)
    assert tuple(end.code for end in ends) == codes, ends
    for end, text in zip(ends, words, strict=True):
        assert text in end.said
        assert "Traceback" not in end.said
    assert sum(LOST[:20] in line for end in ends for line in end.said.splitlines()) <= 1
    again = ranks.end("--resume", "must", "--num-workers", 1)
    assert [end.code for end in again] == [0, 0], again
    assert "going on" in again[0].said
    assert again[1].said == ""
    assert files_of(tmp_path / "out") == undisturbed[stage]


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_stopped_twice_with_other_workers_it_ends_in_the_same_bytes(
    undisturbed: dict[str, Any], tiny: Pipeline, tmp_path: Path, stage: str
) -> None:
    ranks = training(tiny, stage, tmp_path / "out")
    for step, n_workers, rank in ((2, 2, 0), (7, 1, 1)):
        fault = {rank: ("signal_after", step, TERM)}
        ends = ranks.end("--num-workers", n_workers, faults=fault)
        assert [end.code for end in ends] == [75, 75], ends
    again = ("--resume", "must", "--num-workers", 1)
    ends = ranks.end(*again, faults=dict.fromkeys((0, 1), ("fresh_workers",)), launcher="torchrun")
    assert [end.code for end in ends] == [0, 0], ends
    assert files_of(tmp_path / "out") == undisturbed[stage]


@pytest.mark.slow
def test_torchrun_is_stopped_and_goes_on_to_the_same_bytes(
    undisturbed: dict[str, Any], tiny: Pipeline, tmp_path: Path
) -> None:
    """Its agent gets SIGTERM, and passes it on; its own answer is 1."""
    out = tmp_path / "out"
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words += ["-m", "eegssl", *training(tiny, "pretrain", out).words, "--out", str(out)]
    (agent,) = start_ranks(words, n_ranks=1, launcher="slurm", extra=_outside())
    while not rows(out) and agent.poll() is None:
        time.sleep(0.01)
    agent.send_signal(TERM)
    (stopped,) = ended([agent])
    if stopped.code:  # else it was done before the signal came
        assert "run the same command" in stopped.err
        (end,) = ended(start_ranks(words, n_ranks=1, launcher="slurm", extra=_outside()))
        assert end.code == 0, end.err
    drawn = {"report.html", "manifest.json"}  # the other run leaves figures blank, and hashes that
    files, others = files_of(out), undisturbed["pretrain"]
    assert files.keys() == others.keys() > drawn
    assert all(files[name] == others[name] for name in files.keys() - drawn)


def _outside() -> dict[str, str]:
    """The variables of Slurm's step emptied: torchrun is started outside of one."""
    slurm = environment_of("slurm", 0, 1, 0)
    return {n: "" for n in slurm if n.startswith(("SLURM_", "MASTER_"))}


def rows(out: Path) -> list[dict[str, Any]]:
    """The log of a training so far."""
    path = out / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
