"""Operations of objectives that hide nothing are those that torch counts."""

import pytest
import torch
from objective_grains import drawn_grain, model_of, noise_uv, plan_of
from smallencoders import NAMES, small
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("contrastive", {}),
        ("contrastive", {"views": {"shift_patches": 0, "channel_dropout": 0}}),
        ("cpc", {"ahead": 3}),  # of 4 patches: one cut alone
    ],
)
def test_operations_are_those_that_torch_counts(name: str, settings: dict[str, object]) -> None:
    model, plan = model_of(small(), **{name: settings}), plan_of(NAMES, 4, 4)
    tensors = drawn_grain(model, plan, noise_uv(plan))
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model.together([tensors]) if model.of_whole_batch else model(tensors)
    assert model.flops(plan.shape, 0) == pytest.approx(counter.get_total_flops(), rel=0.03)
