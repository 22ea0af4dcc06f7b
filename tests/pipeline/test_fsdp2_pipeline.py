"""``training.shard=fsdp2`` through the command line: preempted, resumed, and what is refused.

The quick one is ``test_rank_fits.py``.
"""

import json
import signal
from pathlib import Path

import pytest
from cli_ranks import RankRun
from clirun import Pipeline, eegssl

pytestmark = pytest.mark.slow
PLAN = {
    "training.steps": 24,
    "training.batch_size": 16,
    "sampling.grain": 4,
    "training.checkpoint_every": 2,
    "training.log_every": 4,
    "training.validate_every": 12,
}


def ranks(tiny: Pipeline, out: Path, shard: str = "fsdp2") -> RankRun:
    plan = PLAN | {"training.shard": shard}
    sets = [word for key, value in plan.items() for word in ("--set", f"{key}={value}")]
    source = [tiny.recordings, "--tokens", tiny.tokens, "--config", tiny.settings]
    return RankRun(("pretrain", *map(str, source), *sets), out)


def test_preempted_and_resumed_to_the_same_bytes(tiny: Pipeline, tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    ends = ranks(tiny, whole).end()
    assert [end.code for end in ends] == [0, 0], ends
    checkpoint = stopped / "work" / "checkpoint"
    ends = ranks(tiny, stopped).end(faults={1: ("signal_after", 7, signal.SIGTERM)})
    assert [end.code for end in ends] == [75, 75], ends
    state = json.loads((checkpoint / "manifest.json").read_text())["state"]
    assert (state["step"], state["ranks"]) == (7, 2)
    other, _ = ranks(tiny, stopped, "none").end()
    assert other.code == 2
    assert "training.shard" in other.said
    ends = ranks(tiny, stopped).end("--resume", "must")
    assert [end.code for end in ends] == [0, 0], ends
    for name in ("encoder.safetensors", "head.safetensors", "metrics.jsonl"):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name
    assert not (stopped / "work").exists()
    assert eegssl("check", stopped).code == 0


def test_one_rank_is_refused_before_anything_is_written(tiny: Pipeline, tmp_path: Path) -> None:
    run = ranks(tiny, tmp_path / "encoder")
    ran = eegssl(*run.words, "--out", run.out)
    assert ran.code == 2
    assert "needs several ranks" in ran.err
    assert not (tmp_path / "encoder" / "work").exists()
