"""The loss asks for what a label says, and for nothing that it leaves open."""

import pytest
import torch
from torch.nn import functional as F

from eegssl.tasks.labels.learning.label_loss import label_loss as loss

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3], [-3.0, 1.0, 4.0]])
TRUTH = torch.tensor([0, 2, 1])


def test_known_classes_cost_their_cross_entropy() -> None:
    wanted = F.cross_entropy(LOGITS, TRUTH)
    torch.testing.assert_close(loss(LOGITS, TRUTH, None, "classes"), wanted)
    sure = F.one_hot(TRUTH, 3).bool()
    torch.testing.assert_close(loss(LOGITS, TRUTH, sure, "classes"), wanted)


def test_a_partly_known_class_costs_the_probability_of_all_that_it_may_be() -> None:
    possible = torch.tensor([[False, True, True], [True, False, False], [True, True, False]])
    p = LOGITS.softmax(dim=-1)
    wanted = -torch.log((p * possible).sum(dim=-1)).mean()
    torch.testing.assert_close(loss(LOGITS, -torch.ones(3).long(), possible, "classes"), wanted)


def test_what_may_be_anything_teaches_nothing() -> None:
    logits = LOGITS.clone().requires_grad_()
    sure = F.one_hot(TRUTH, 3).bool()
    sure[1] = True
    found = loss(logits, TRUTH, sure, "classes")
    torch.testing.assert_close(found, F.cross_entropy(LOGITS[[0, 2]], TRUTH[[0, 2]]))
    found.backward()
    assert logits.grad is not None
    assert not logits.grad[1].any()
    nothing = loss(logits, TRUTH, torch.ones(3, 3, dtype=torch.bool), "classes")
    assert nothing == 0
    nothing.backward()


def test_seconds_without_a_label_have_no_part() -> None:
    logits = torch.stack([LOGITS, LOGITS.flip(0)])
    truth = torch.tensor([[0, -1, 1], [-1, -1, -1]])
    wanted = F.cross_entropy(LOGITS[[0, 2]], torch.tensor([0, 1]))
    torch.testing.assert_close(loss(logits, truth, None, "classes"), wanted)


def test_class_weights_are_those_of_cross_entropy() -> None:
    weights = torch.tensor([0.5, 2.0, 1.0])
    wanted = F.cross_entropy(LOGITS, TRUTH, weights)
    torch.testing.assert_close(loss(LOGITS, TRUTH, None, "classes", weights), wanted)


def test_numbers_cost_their_squared_error() -> None:
    got = loss(torch.tensor([[1.0], [2.0]]), torch.tensor([0.0, 4.0]), None, "number")
    assert got == pytest.approx(2.5)
