"""Warn readers before they quote a number."""

from collections.abc import Mapping
from typing import Any

from eegssl.reports.cells import counted
from eegssl.reports.sections import Banner, Bullets, Section

_FEW = 20
SYNTHETIC = (
    "Synthetic data: these recordings were simulated; nothing here was measured on a patient."
)


def banners(about: Mapping[str, Any]) -> tuple[Banner, ...]:
    """Warn of controls, leaks and synthetic data.

    Reads ``synthetic``, ``within_subject``, ``permuted``, ``leaks`` and ``encoder_weights``.
    """
    shown = [
        (about.get("synthetic"), SYNTHETIC),
        (about.get("within_subject"), "Within-subject: recordings of one subject are in training "
         "and test; the scores say nothing about new patients."),
        (about.get("permuted"), "Labels permuted: a control, whose scores should be at chance."),
        (about.get("leaks"), "Leak: something upstream was fitted on data that is scored here, "
         "and was allowed to be; the scores say nothing about other data."),
        (about.get("encoder_weights") == "random", "Random encoder: a control; its weights were "
         "not pretrained."),
    ]  # fmt: skip
    return tuple(Banner(text, "warning") for applies, text in shown if applies)


def few_subjects(n: int) -> tuple[str, ...]:
    """Warn of few test subjects; nothing where they are many."""
    if n >= _FEW:
        return ()
    many = counted(n, "test subject")
    return (f"{many}: with so few, another choice of subjects may give other scores.",)


def limits(of: str, *sentences: str) -> Section:
    """List the limits of an ``evaluation``, benchmark or cohort as a section."""
    return Section(f"What this {of} can't show", (Bullets(sentences),) if sentences else ())
