"""Choose temperature, threshold and post-processing on validation data."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from eegssl.adaptation.classifier import Classifier
from eegssl.artifacts.context import Context
from eegssl.corpus.labelled import LabelledWindows
from eegssl.errors import InputError
from eegssl.scoring.config import PostprocessConfig, ThresholdCriterion
from eegssl.scoring.events.postprocess import Postprocess, choose_postprocess
from eegssl.scoring.temperature import Temperature, choose_temperature
from eegssl.scoring.threshold import Threshold, choose_threshold
from eegssl.scoring.window_scores import window_scores
from eegssl.tasks.labels.answers import as_predictions
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.scores import event_lines


@dataclass(frozen=True)
class Decided:
    """Temperature and threshold as locked, and the classifier's answers for validation windows.

    ``answers`` are probabilities [n, K] or [n, N, K], of numbers the values [n, 1].
    """

    temperature: Temperature | None
    threshold: Threshold | None
    answers: NDArray[np.float64]


def decide(
    classifier: Classifier,
    logits: torch.Tensor,
    val: LabelledWindows,
    task: TaskConfig,
    choose_by: ThresholdCriterion,
    balanced: bool,
) -> Decided:
    """Choose from the logits of validation windows; the classifier's temperature is set.

    ``balanced``: it was trained as if all classes were equally frequent.
    Partly known windows have no part in it. Numbers need neither.
    """
    if task.target == "number":
        return Decided(None, None, classifier.say(logits).numpy())
    truth = val.truth.astype(np.int64).ravel()
    temperature = choose_temperature(logits.flatten(0, -2).numpy(), truth, balanced=balanced)
    if temperature:
        classifier.temperature = temperature.value
    answers = classifier.say(logits).numpy()
    if len(task.classes) != 2:
        return Decided(temperature, None, answers)
    known = truth >= 0
    positive = answers[..., 1].ravel()[known]
    return Decided(temperature, choose_threshold(truth[known], positive, choose_by), answers)


def validation_scores(
    val: LabelledWindows, answers: NDArray[np.float64], threshold: float | None, task: TaskConfig
) -> dict[str, float | None]:
    """The loss, and the scores by which weights may be chosen, of validation windows or seconds."""
    if task.target == "number":
        error = answers[:, 0] - val.truth
        level = np.ptp(answers) == 0 or np.ptp(val.truth) == 0
        rank = 0.0 if level else float(spearmanr(answers[:, 0], val.truth).statistic)
        return {"loss": float((error**2).mean()), "spearman": rank}
    truth, flat = val.truth.astype(np.int64).ravel(), answers.reshape(-1, answers.shape[-1])
    truth, flat = truth[truth >= 0], flat[truth >= 0]
    scores = window_scores(truth, flat, threshold, task.classes)
    chance = np.clip(flat[np.arange(len(truth)), truth], 1e-12, 1.0)
    loss = float(-np.log(chance).mean())
    return {"loss": loss} | {n: scores[n] for n in ("auroc", "auc_pr", "balanced_accuracy")}


def locked_postprocess(
    val: LabelledWindows,
    probabilities: NDArray[np.float64],
    task: TaskConfig,
    threshold: float | None,
    config: PostprocessConfig,
    context: Context,
) -> Postprocess | None:
    """From windows to detections: chosen on validation recordings, for tasks of events.

    Where these can't tell (too short, no event, labels permuted), the windows' threshold alone.
    """
    if not task.detects or threshold is None:
        return None
    if task.permute_labels:
        return Postprocess(threshold)
    table = as_predictions(val, probabilities, task, None, None, {})
    try:
        return choose_postprocess(event_lines(table), config)
    except InputError as error:
        context.warn(f"post-processing is the threshold of windows alone: {error}")
        return Postprocess(threshold)
