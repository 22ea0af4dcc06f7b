"""What a step of the objective is said to cost is what torch counts."""

import pytest
import torch
from objective_grains import codes_model, grain
from smallencoders import given, small
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from eegssl.encoder import epilepsyfm


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("changes", [{}, {"summary": True}, {"temporal": False}], ids=str)
def test_operations_of_a_forward_pass_are_those_that_torch_counts(
    symmetric: bool, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a GPU, which embeds hidden patches too."""
    monkeypatch.setattr(epilepsyfm, "_COUNTING", ())
    model = codes_model(small(**changes), 64, symmetric=symmetric)
    signal_uv, placed, mask = given(batch=3)
    codes = torch.zeros(mask.shape, dtype=torch.int64)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(grain(signal_uv, *placed, mask, codes))
    n_windows, n_channels, n_patches = mask.shape
    flops = model.flops((n_windows, n_channels, n_patches), int(mask.sum()))
    assert flops == pytest.approx(counter.get_total_flops(), rel=0.03)
