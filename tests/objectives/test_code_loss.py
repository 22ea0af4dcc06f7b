"""The loss of codes, block by block, against torch's cross-entropy on all logits at once."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from eegssl.objectives import code_loss as module
from eegssl.objectives.code_loss import code_loss


def example(n_rows=11, n_codes=7, dtype=torch.float64):
    torch.manual_seed(n_rows)
    head = nn.Linear(5, n_codes, dtype=dtype)
    rows = torch.randn(n_rows, 5, dtype=dtype, requires_grad=True)
    return rows, head, torch.randint(n_codes, (n_rows,))


def reference(rows, head, truth):
    logits = head(rows)
    best = logits.topk(min(5, logits.shape[-1]), dim=-1).indices
    return F.cross_entropy(logits, truth, reduction="sum"), best


def gradients(loss, rows, head):
    return torch.autograd.grad(3 * loss, (rows, head.weight, head.bias))


@pytest.mark.parametrize("block", [1, 4, 11, 256])
@pytest.mark.parametrize("n_codes", [3, 7])
def test_loss_guesses_and_gradients_are_those_of_torch(monkeypatch, block, n_codes):
    monkeypatch.setitem(module._BLOCK, "cpu", block)
    rows, head, truth = example(n_codes=n_codes)
    loss, best = code_loss(rows, head, truth)
    wanted, guesses = reference(rows, head, truth)
    torch.testing.assert_close(loss, wanted)
    assert best.tolist() == guesses.tolist()
    for ours, theirs in zip(
        gradients(loss, rows, head), gradients(wanted, rows, head), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_without_gradients_the_loss_is_the_same():
    rows, head, truth = example()
    with torch.no_grad():
        alone = code_loss(rows, head, truth)
    for ours, theirs in zip(alone, code_loss(rows, head, truth), strict=True):
        assert torch.equal(ours, theirs)
    assert not alone[0].requires_grad


def test_no_rows_give_no_loss_and_no_gradient():
    rows, head, truth = example(n_rows=0)
    loss, best = code_loss(rows, head, truth)
    assert loss.item() == 0
    assert best.shape == (0, 5)
    assert not any(gradient.any() for gradient in gradients(loss, rows, head))


def test_bfloat16_keeps_the_loss_in_float32_and_gradients_near_their_reference():
    rows, head, truth = example(n_rows=300, n_codes=64, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        loss, _ = code_loss(rows, head, truth)
    assert loss.dtype == torch.float32
    wanted, _ = reference(rows, head, truth)
    torch.testing.assert_close(loss, wanted, rtol=1e-2, atol=0)
    for ours, theirs in zip(
        gradients(loss, rows, head), gradients(wanted, rows, head), strict=True
    ):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() < 0.02 * theirs.norm()
