"""A pretraining that begins with the weights of another, and refuses those of another kind."""

from pathlib import Path

import numpy as np
import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from safetensors.numpy import load_file


def pretrain(tiny: Pipeline, out: Path, *more: object, tokens: Path | None = None) -> dict:
    source = [tiny.recordings, "--tokens", tokens or tiny.tokens, "--config", tiny.settings]
    return done("pretrain", *source, "--out", out, "--set", "training.steps=2", *more)


@pytest.fixture(scope="module")
def begun(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    """An encoder that began with the weights of ``tiny.encoder``, at hardly any learning rate."""
    out = tmp_path_factory.mktemp("init") / "encoder"
    more = ("--init-from", tiny.encoder, "--set", "training.lr=1e-12", "--seed", 5)
    return pretrain(tiny, out, *more), out


def test_it_begins_with_these_weights_and_the_head_of_the_same_codes(
    tiny: Pipeline, begun: tuple[dict, Path]
) -> None:
    for name in ("encoder", "head"):
        before = load_file(tiny.encoder / f"{name}.safetensors")
        after = load_file(begun[1] / f"{name}.safetensors")
        assert before.keys() == after.keys()
        for key, weights in before.items():
            np.testing.assert_allclose(after[key], weights, atol=1e-6, err_msg=key)


def test_its_manifest_names_where_it_began(tiny: Pipeline, begun: tuple[dict, Path]) -> None:
    manifest, origin = manifest_of(begun[1]), manifest_of(tiny.encoder)
    assert manifest["facts"]["init_from"] == origin["id"]
    assert {"kind": "encoder", "id": origin["id"]} in manifest["inputs"]
    subjects = set(manifest["fitted_on"]["subjects"])
    assert subjects >= set(origin["fitted_on"]["subjects"])


def test_another_architecture_is_refused_by_name(tiny: Pipeline, tmp_path: Path) -> None:
    source = [tiny.recordings, "--tokens", tiny.tokens, "--config", tiny.settings]
    more = ["--init-from", tiny.encoder, "--set", "encoder.layers=3", "--out", tmp_path / "e"]
    ran = eegssl("pretrain", *source, *more)
    text = ran.err
    assert ran.code == 4
    assert "encoder.layers is 3 here and" in text
    assert "leave --init-from out" in text
    assert not (tmp_path / "e" / "manifest.json").exists()


def test_other_codes_get_a_head_of_their_own(tiny: Pipeline, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    source = [tiny.recordings, "--config", tiny.settings, "--seed", 9]
    done("tokenize", *source, "--set", "training.steps=2", "--out", tokens)
    more = ("--init-from", tiny.encoder, "--set", "training.lr=1e-12")
    pretrain(tiny, tmp_path / "e", *more, tokens=tokens)
    before, after = (
        load_file(folder / "encoder.safetensors") for folder in (tiny.encoder, tmp_path / "e")
    )
    assert all(np.allclose(after[key], weights, atol=1e-6) for key, weights in before.items())
    head = load_file(tmp_path / "e" / "head.safetensors")["codes.head.weight"]
    assert not np.allclose(head, load_file(tiny.encoder / "head.safetensors")["codes.head.weight"])
