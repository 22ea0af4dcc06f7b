"""What a step of latent prediction is said to cost is what torch and a pencil count."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from objective_grains import drawn, exact_grain, model_of
from smallencoders import small
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.objectives.latents.latent_predictor import LatentPredictor

FORMS = ("ema", "none")


@contextmanager
def counting() -> Iterator[FlopCounterMode]:
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        yield counter


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("changes", [{}, {"summary": True}, {"temporal": False}], ids=str)
def test_a_forward_pass_is_what_torch_counts(form: str, changes: dict[str, object]) -> None:
    made, tensors = model_of(small(**changes), latent={"teacher": form}), exact_grain()
    tensors |= drawn(made, tensors)
    with torch.no_grad(), counting() as counter:
        made.together([tensors]) if made.of_whole_batch else made(tensors)
    flops = made.flops(tuple(tensors["mask"].shape), int(tensors["mask"].sum()))
    assert flops == pytest.approx(counter.get_total_flops(), rel=2e-3)


@pytest.mark.parametrize("form", FORMS)
def test_of_a_step_a_teacher_has_no_backward_pass(form: str) -> None:
    """Of an encoder in which the samples' own gradient, which nobody needs, is little."""
    config = EncoderConfig(layers=4, width=128, heads=4, ffn=512, spectral="off")
    made, tensors = model_of(build_encoder(config, 0), latent={"teacher": form}), exact_grain()
    tensors |= drawn(made, tensors)
    with counting() as counter:
        output = made.together([tensors]) if made.of_whole_batch else made(tensors)
        output["loss"].backward()
    flops = made.step_flops(tuple(tensors["mask"].shape), int(tensors["mask"].sum()))
    assert flops == pytest.approx(counter.get_total_flops(), rel=0.01)


def test_the_predictor_is_what_a_pencil_counts() -> None:
    """Width 16, of 8 within; 2 channels of 3 patches, 4 of them hidden, so that 2 are seen."""
    predictor = LatentPredictor(EncoderConfig(layers=1, width=16, heads=2, ffn=32), layers=1)
    into, out = (2 + 1) * 16 * 8, 4 * 8 * 16  # seen patches and the mask token; hidden ones
    of_places = predictor.queries.position.project.in_features
    attention = 6 * 8 * 24 + 2 * (6 * 6 * 8) + 4 * 8 * 8  # of the row; out of hidden ones alone
    feed = 4 * 2 * 8 * 16
    products = into + out + 2 * of_places * 8 + attention + feed
    assert predictor.flops(channels=2, n_visible=2, n_hidden=4) == 2 * products
