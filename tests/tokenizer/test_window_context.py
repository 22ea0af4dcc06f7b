"""With a context a patch is coded within its window: its neighbours and its place matter."""

import pytest
import torch
from pydantic import ValidationError
from smallencoders import given
from torch import Tensor

from eegssl.errors import InputError
from eegssl.tokenizer import tokenizer as model_module
from eegssl.tokenizer.code_quality import measure_codes
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer

CONFIG = TokenizerConfig(n_codes=32, width=16, code_dim=8, context_layers=2)


@pytest.fixture(scope="module")
def windows() -> tuple[Tensor, ...]:
    signal_uv, geometry, _ = given(batch=6, patches=4)
    return signal_uv, *geometry


@pytest.fixture(scope="module")
def started(windows: tuple[Tensor, ...]) -> Tokenizer:
    tokenizer = build_tokenizer(CONFIG, 0)
    tokenizer.start_codebook_on([windows], seed=0)
    return tokenizer.eval()


def test_the_code_of_a_patch_depends_on_its_window(started, windows):
    signal_uv, *geometry = windows
    codes = started.encode(*windows)
    assert codes.shape == (6, 5, 4)
    changed = signal_uv.clone()
    changed[:, 3:] = 0
    assert not torch.equal(started.encode(changed, *geometry)[:, :3], codes[:, :3])
    alone = build_tokenizer(CONFIG.model_copy(update={"context_layers": 0}), 0).eval()
    alone.start_codebook(signal_uv, seed=0)
    assert torch.equal(alone.encode(changed)[:, :3], alone.encode(signal_uv)[:, :3])


def test_the_code_of_a_patch_depends_on_the_place_of_its_channel(started, windows):
    signal_uv, positions, located, regions = windows
    moved = started.encode(signal_uv, -positions, located, regions.flip(1))
    assert not torch.equal(moved, started.encode(*windows))


def test_windows_do_not_depend_on_each_other_nor_on_how_they_are_batched(
    started, windows, monkeypatch
):
    codes = started.encode(*windows)
    assert torch.equal(started.encode(*(part[2:3] for part in windows)), codes[2:3])
    monkeypatch.setattr(model_module, "_PATCHES_AT_ONCE", 45)  # two windows
    assert torch.equal(started.encode(*windows), codes)


def test_gradient_reaches_every_weight_that_these_channels_use(windows):
    tokenizer = build_tokenizer(CONFIG, 0)
    tokenizer.start_codebook_on([windows], seed=0)
    tokenizer(*windows).loss.backward()
    for name, parameter in tokenizer.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_without_geometry_it_is_refused_with_what_is_missing(started, windows):
    with pytest.raises(InputError, match=r"context_layers.*positions, located and regions"):
        started.encode(windows[0])


def test_the_quality_of_codes_in_context_is_measured(started, windows):
    quality = measure_codes(started, [windows], [windows], seed=0)
    assert quality.n_patches == 6 * 5 * 4
    assert 0 <= quality.keep_shifted <= 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"quantizer": "random-projection"}, "learned quantizer"),
        ({"width": 18}, "multiple of context_heads"),
    ],
)
def test_settings_that_do_not_fit_a_context_are_refused(settings, told):
    with pytest.raises(ValidationError, match=told):
        TokenizerConfig(context_layers=1, **settings)
