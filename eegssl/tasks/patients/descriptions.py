"""Describe a task of patients, and how it is analysed."""

from typing import Any

from eegssl.adaptation.config import AdaptationConfig
from eegssl.tasks.patients.analysis import n_permutations
from eegssl.tasks.patients.config import PatientTaskConfig


def understood(task: PatientTaskConfig) -> dict[str, Any]:
    """Describe a task as it was understood, as rows."""
    outcome, analysis = task.outcome, task.analysis
    rows: dict[str, Any] = {
        "name": task.name,
        "kind": task.kind,
        "which means": "each patient has an outcome and counts once; windows are pooled first",
        "design": task.design,
        "good outcome": definition(task),
        "columns of the outcome": [
            outcome.label,
            outcome.free_months_column,
            outcome.before_column,
            outcome.after_column,
        ],
        "column of the follow-up": outcome.follow_up_column,
        "clinical columns": list(analysis.clinical),
        "window_s": task.window_s,
        "pooling": analysis.pooling,
    }
    if task.design == "paired":
        rows["sessions before and after"] = list(task.sessions)
    else:
        rows["session"] = task.session or "whichever it is, of patients who have one"
    rows["sessions are known from"] = "a table" if task.sessions_table else "ses-… in names"
    return rows


def definition(task: PatientTaskConfig) -> str:
    """Define a good outcome in words."""
    outcome = task.outcome
    words = (
        f"seizure-free for {outcome.free_months:g} months, or {outcome.fewer:.0%} fewer seizures"
    )
    if outcome.least_follow_up_months:
        words += f", of patients followed for {outcome.least_follow_up_months:g} months or more"
    return words


_POOLED = {
    "mean": "the mean over its channels and seconds",
    "max": "the maximum over its channels of the means over its seconds",
    "mean_max": "the mean and the maximum over its channels of the means over its seconds",
    "region": "the means over the channels and seconds of each brain region",
    "channels": "the means over the seconds of each channel",
    "summary": "its summary token",
}
"""Pooling -> what a window is, in words."""


def methods(
    task: PatientTaskConfig, adaptation: AdaptationConfig, encoder_weights: str
) -> list[tuple[str, str]]:
    """List the methods as (what, how)."""
    analysis, pooling = task.analysis, adaptation.pooling
    rows = [
        ("Good outcome", definition(task)),
        ("Clinical data", ", ".join(analysis.clinical)),
        (
            "Windows",
            f"{task.window_s:g} s, at most {task.most_windows} of a recording, pooled to the "
            f"patient by {analysis.pooling}",
        ),
        (
            "Encoder",
            f"frozen, {encoder_weights} weights, {_layer(adaptation.layer)}; a window is "
            f"{_POOLED[pooling]}",
        ),
        (
            "Models",
            f"ridge logistic regression, its strength chosen in {analysis.inner_folds} inner "
            f"folds; {analysis.outer_folds} outer folds of patients, dealt {analysis.repeats} "
            f"times; {n_permutations(analysis)} permutations of the outcome through all of it",
        ),
    ]
    if task.design == "paired":
        rows.insert(2, ("Band power", "after treatment less before"))
    if task.session is not None:
        rows.insert(2, ("Recordings", "those of one session, which task.session names"))
    return rows


def _layer(layer: str | int) -> str:
    """The layer that is read, in words."""
    if layer == 0:
        return "read below its first block"
    return "its last layer" if layer == "last" else f"read after block {layer}"
