"""Models that keep places apart or read a summary say so, and refuse what lacks them."""

import json
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from resigned import sign_files

TASK = ("--task", "seizure-detection", "--adapt", "probe")


def finetune(tiny: Pipeline, out: Path, *more: object) -> None:
    source = [tiny.recordings, "--encoder", tiny.encoder, *TASK, "--out", out]
    done("finetune", *source, "--config", tiny.settings, *more)


@pytest.mark.parametrize("pooling", ["region", "channels"])
def test_a_probe_that_keeps_places_apart_is_evaluated(
    tiny: Pipeline, tmp_path: Path, pooling: str
) -> None:
    finetune(tiny, tmp_path / "m", "--set", f"adaptation.pooling={pooling}")
    names = json.loads((tmp_path / "m" / "channels.json").read_text())
    assert (len(names) > 1) == (pooling == "channels")
    assert names == sorted(names)
    _refuses_other_channels(tmp_path / "m", names)
    few = ("--set", "traces=0", "--set", "scoring.bootstrap_resamples=100")
    done("evaluate", tmp_path / "m", tiny.recordings, "--out", tmp_path / "e", *few)
    scores = json.loads((tmp_path / "e" / "metrics.json").read_text())
    assert 0 <= scores["windows"]["auroc"] <= 1


def _refuses_other_channels(model: Path, names: list[str]) -> None:
    """Names where none are read, none where some are, none of an electrode, and one twice."""
    others = [[], ["../../x", *names[1:]], [*names, names[-1]]] if names else [["Cz"], ["../../x"]]
    for other in (*others, names):
        (model / "channels.json").write_text(json.dumps(other))
        sign_files(model)
        ran = eegssl("check", model)
        assert ran.code == (0 if other == names else 4), ran.err
        assert ("channels.json was edited or damaged" in ran.err) == (other != names)
        assert "../../x" not in ran.err


def test_channels_that_recordings_lack_are_refused_with_what_to_do(
    tiny: Pipeline, tmp_path: Path
) -> None:
    finetune(tiny, tmp_path / "m", "--set", "adaptation.pooling=channels")
    few = ("--set", "montage.reference=banana", "--set", "look.recordings=0")
    done("preprocess", tiny.edf, "--out", tmp_path / "other", "--config", tiny.settings, *few)
    ran = eegssl("evaluate", tmp_path / "m", tmp_path / "other", "--out", tmp_path / "e")
    assert ran.code != 0
    assert not (tmp_path / "e" / "manifest.json").exists()
    assert "montage" in ran.err
    assert manifest_of(tmp_path / "m")["facts"]["probe"]["converged"] in (True, False)


def test_an_encoder_with_every_switch_is_adapted_by_its_summary_and_evaluated(
    tiny: Pipeline, tmp_path: Path
) -> None:
    switches = ("qk_norm=true", "layer_scale=0.1", "clip_sigma=30", "summary=true")
    sets = [word for switch in switches for word in ("--set", f"encoder.{switch}")]
    done(*tiny.command("pretrain", tmp_path / "encoder"), *sets)
    call = ["finetune", tiny.recordings, "--encoder", tmp_path / "encoder", *TASK[:2]]
    read = ("--adapt", "full", "--set", "adaptation.drop_path=0.1")
    summary = ("--set", "adaptation.pooling=summary", "--set", "training.steps=2")
    done(*call, *read, *summary, "--config", tiny.settings, "--out", tmp_path / "m")
    few = ("--set", "traces=0", "--set", "scoring.bootstrap_resamples=100")
    done("evaluate", tmp_path / "m", tiny.recordings, "--out", tmp_path / "e", *few)
    ran = eegssl(*call[:3], tiny.encoder, *TASK, *summary[:2], "--out", tmp_path / "none")
    assert (ran.code, "encoder.summary" in ran.err) == (2, True), ran.err
