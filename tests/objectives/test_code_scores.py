"""Scores of masked codes: what is added up batch by batch is what all patches at once give."""

import numpy as np
import pytest
import torch

from eegssl.objectives.code_scores import CodeScores

TRAIN = np.array([4, 0, 9, 1, 1, 1, 2])


def made(n=200, n_codes=7):
    g = torch.Generator().manual_seed(3)
    logits = torch.randn(n, n_codes, generator=g)
    truth = torch.randint(n_codes, (n,), generator=g)
    members = torch.rand(n, 3, generator=g).numpy() < np.array([0.5, 0.1, 0.0])
    return logits, truth, members


def test_batches_add_up_and_groups_are_scored_alone():
    logits, truth, members = made()
    found = CodeScores(TRAIN, ["a", "b", "never"])
    for part in (slice(0, 90), slice(90, 200)):
        found.add(logits[part], truth[part], members[part])
    scores = found.numbers("_random")
    right = (logits.argmax(-1) == truth).numpy()
    losses = [-torch.log_softmax(row, 0)[t] for row, t in zip(logits, truth, strict=True)]
    assert scores["loss_random"] == pytest.approx(torch.stack(losses).mean().item(), rel=1e-5)
    for label, inside in [("", slice(None)), ("_a", members[:, 0]), ("_b", members[:, 1])]:
        counts = np.bincount(truth.numpy()[inside])
        assert scores[f"accuracy_random{label}"] == right[inside].mean()
        best = counts.max() / counts.sum()
        assert scores[f"most_frequent_accuracy_random{label}"] == best
    assert not any("never" in name for name in scores)
    assert all(type(value) is float for value in scores.values())


def test_a_constant_guess_scores_what_the_most_frequent_code_does():
    _, truth, members = made()
    commonest = int(truth.bincount().argmax())
    found = CodeScores(TRAIN, ["a", "b", "c"])
    found.add(torch.eye(7)[commonest].expand(len(truth), 7), truth, members)
    scores = found.numbers("_x")
    assert scores["accuracy_x"] == scores["most_frequent_accuracy_x"]
    assert scores["accuracy_x_b"] <= scores["most_frequent_accuracy_x_b"]


def test_frequencies_of_training_are_the_floor_that_is_known_before():
    logits, truth, members = made()
    sums = CodeScores(TRAIN, ["a", "b", "c"])
    sums.add(logits, truth, members)
    scores = sums.numbers("_x")
    share = np.bincount(truth.numpy(), minlength=7) / len(truth)
    assert scores["constant_accuracy_x"] == share[2] <= scores["most_frequent_accuracy_x"]
    smoothed = (TRAIN + 1) / (TRAIN + 1).sum()
    assert scores["unigram_loss_x"] == pytest.approx(-(share * np.log(smoothed)).sum())
