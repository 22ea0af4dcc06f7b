"""Several ranks fine-tune an encoder as one does; what trains no encoder is refused in one line.

What two ranks learn is shown quickly by ``test_rank_fits.py``.
"""

import json
from pathlib import Path

import pytest
from clirun import Pipeline, done
from rank_runs import ended, start_ranks
from safetensors.numpy import load_file

pytestmark = pytest.mark.slow
PLAN = {"training.steps": 4, "training.batch_size": 64, "training.log_every": 1}


def command(tiny: Pipeline, out: Path, *more: object) -> list[object]:
    sets = [word for key, value in PLAN.items() for word in ("--set", f"{key}={value}")]
    source = [tiny.recordings, "--encoder", tiny.encoder, "--config", tiny.settings]
    return ["finetune", *source, "--task", "seizure-detection", *sets, "--out", out, *more]


def losses(model: Path) -> list[float]:
    rows = map(json.loads, (model / "metrics.jsonl").read_text().splitlines())
    return [row["train_loss"] for row in rows]


def test_two_ranks_make_the_model_of_one(tiny: Pipeline, tmp_path: Path) -> None:
    done(*command(tiny, tmp_path / "one", "--adapt", "full"))
    more = ("--adapt", "full", "--num-workers", 1)
    first, second = ended(start_ranks(["-m", "eegssl", *command(tiny, tmp_path / "two", *more)]))
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert (second.out, second.err) == ("", "")
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-5)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()


def test_a_frozen_encoder_on_two_ranks_is_refused_by_the_first(
    tiny: Pipeline, tmp_path: Path
) -> None:
    arguments = command(tiny, tmp_path / "model", "--adapt", "attention")
    first, second = ended(start_ranks(["-m", "eegssl", *arguments]))
    assert (first.code, second.code) == (2, 2)
    assert "trains no encoder" in first.err
    assert len(first.err.strip().splitlines()) == 1
    assert (second.out, second.err) == ("", "")
    assert not (tmp_path / "model" / "manifest.json").exists()
