"""Other seeds, masks, tokenizers and several folders go through the pipeline too."""

from pathlib import Path

import numpy as np
import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of, splits_of
from safetensors.numpy import load_file
from tinycorpus import SUBJECTS


@pytest.mark.slow
def test_another_seed_gives_other_weights(tiny: Pipeline, tmp_path: Path) -> None:
    other = Pipeline(tiny.root, tiny.edf, tiny.settings, seed=1)
    weights = {
        "tokenize": "tokenizer.safetensors",
        "pretrain": "encoder.safetensors",
        "finetune": "model.safetensors",
    }
    for stage, name in weights.items():
        done(*other.command(stage, tmp_path / stage))
        one, two = load_file(tiny.out(stage) / name), load_file(tmp_path / stage / name)
        assert one.keys() == two.keys()
        assert any(not np.array_equal(one[key], two[key]) for key in one)
    done(*other.command("preprocess", tmp_path / "preprocess"))
    first, second = tiny.recordings / "splits.tsv", tmp_path / "preprocess" / "splits.tsv"
    assert first.read_text() != second.read_text()


def test_a_tokenizer_is_used_again_as_it_is(tiny: Pipeline, tmp_path: Path) -> None:
    command = tiny.command("tokenize", tmp_path / "tokens")
    unread = ("--set", "sampling.subjects_fraction=0.5")
    made = done(*command, "--tokenizer", tiny.tokens, *unread)
    assert [w for w in made["warnings"] if w.startswith("sampling.* is not read")]
    assert files_of(tmp_path / "tokens" / "codes") == files_of(tiny.tokens / "codes")
    one, two = (f / "tokenizer.safetensors" for f in (tiny.tokens, tmp_path / "tokens"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.slow
def test_what_pretraining_on_other_recordings_saw_is_recorded(
    tiny: Pipeline, tmp_path: Path
) -> None:
    """With a tokenizer from elsewhere, the encoder is still fitted on its own recordings."""
    other = Pipeline(tmp_path, tiny.edf, tiny.settings, seed=3)
    other.make(("preprocess",))
    done(*other.command("tokenize"), "--tokenizer", tiny.tokens)
    other.make(("pretrain",))
    own = splits_of(other)
    assert own["train"] | own["val"] != splits_of(tiny)["train"] | splits_of(tiny)["val"]
    fitted = set(manifest_of(other.encoder)["fitted_on"]["subjects"])
    assert fitted >= own["train"] | own["val"]
    assert fitted >= splits_of(tiny)["train"] | splits_of(tiny)["val"]


@pytest.mark.parametrize("kind", ["block", "region-time", "entropy"])
def test_any_kind_of_mask_trains_and_tells_what_it_hid(
    tiny: Pipeline, tmp_path: Path, kind: str
) -> None:
    command = tiny.command("pretrain", tmp_path / "encoder")
    facts = done(*command, "--set", f"masking.kind={kind}", "--set", "masking.exact=true")["facts"]
    assert facts["masking"] == kind
    assert facts["val"][f"ratio_{kind}"] == pytest.approx(0.5, abs=0.02)
    assert 0 <= facts["val"][f"determined_{kind}"] < 1
    assert facts["val"][f"chance_{kind}"] == 1 / 16


def test_random_masking_is_there_for_comparison(tiny: Pipeline, tmp_path: Path) -> None:
    command = tiny.command("pretrain", tmp_path / "encoder")
    facts = done(*command, "--set", "masking.kind=random")["facts"]
    assert facts["masking"] == "random"
    assert manifest_of(tiny.encoder)["facts"]["masking"] == "region"
    assert facts["val"] != manifest_of(tiny.encoder)["facts"]["val"]


@pytest.mark.slow
def test_several_recordings_folders_are_read_as_one(tiny: Pipeline, tmp_path: Path) -> None:
    halves = []
    for k, places in enumerate((range(4), range(4, SUBJECTS))):
        edf = tmp_path / f"edf{k}"
        edf.mkdir()
        for i in places:
            (edf / f"sub-{i:02d}").symlink_to(tiny.edf / f"sub-{i:02d}")
        done("preprocess", edf, "--out", tmp_path / f"half{k}", "--jobs", 1)
        halves.append(tmp_path / f"half{k}")
    config = ("--config", tiny.settings)
    made = done("tokenize", *halves, "--out", tmp_path / "tokens", *config)
    assert [i["kind"] for i in manifest_of(tmp_path / "tokens")["inputs"]] == ["recordings"] * 2
    assert made["facts"]["patches"]["val"] > 0
    ran = eegssl("tokenize", halves[0], halves[0], "--out", tmp_path / "twice", *config)
    assert ran.code == 4
