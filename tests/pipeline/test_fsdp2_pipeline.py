"""``training.shard=fsdp2`` through the command line: preempted, resumed, and what is refused.

The quick one is ``test_rank_fits.py``.
"""

import json
import signal
import time
from pathlib import Path

import pytest
from clirun import Pipeline, eegssl
from rank_runs import Ended, ended, start_ranks

pytestmark = pytest.mark.slow
PLAN = {
    "training.steps": 24,
    "training.batch_size": 16,
    "sampling.grain": 4,
    "training.checkpoint_every": 2,
    "training.log_every": 4,
    "training.validate_every": 12,
}


def command(tiny: Pipeline, out: Path, shard: str = "fsdp2") -> list[object]:
    plan = PLAN | {"training.shard": shard}
    sets = [word for key, value in plan.items() for word in ("--set", f"{key}={value}")]
    source = [tiny.recordings, "--tokens", tiny.tokens, "--config", tiny.settings]
    return ["pretrain", *source, *sets, "--out", out]


def on_two_ranks(arguments: list[object], *, until: Path | None = None) -> list[Ended]:
    """How two ranks end; with ``until``, rank 1 gets SIGTERM once this path is there."""
    ranks = start_ranks(["-m", "eegssl", *arguments])
    while until and not until.exists() and ranks[1].poll() is None:
        time.sleep(0.01)
    if until:
        ranks[1].send_signal(signal.SIGTERM)
    return ended(ranks, 300)


def test_preempted_and_resumed_to_the_same_bytes(tiny: Pipeline, tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    ends = on_two_ranks(command(tiny, whole))
    assert [end.code for end in ends] == [0, 0], ends
    checkpoint = stopped / "work" / "checkpoint"
    ends = on_two_ranks(command(tiny, stopped), until=checkpoint)
    assert [end.code for end in ends] == [75, 75], ends
    state = json.loads((checkpoint / "manifest.json").read_text())["state"]
    assert 2 <= state["step"] < PLAN["training.steps"]
    assert state["ranks"] == 2
    other, _ = on_two_ranks(command(tiny, stopped, "none"))
    assert other.code == 2
    assert "training.shard" in other.err
    ends = on_two_ranks([*command(tiny, stopped), "--resume", "must"])
    assert [end.code for end in ends] == [0, 0], ends
    for name in ("encoder.safetensors", "head.safetensors", "metrics.jsonl"):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name
    assert not (stopped / "work").exists()
    assert eegssl("check", stopped).code == 0


def test_one_rank_is_refused_before_anything_is_written(tiny: Pipeline, tmp_path: Path) -> None:
    ran = eegssl(*command(tiny, tmp_path / "encoder"))
    assert ran.code == 2
    assert "needs several ranks" in ran.err
    assert not (tmp_path / "encoder" / "work").exists()
