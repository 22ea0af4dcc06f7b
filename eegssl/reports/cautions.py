"""Warn readers before they quote a number."""

from collections.abc import Mapping, Sequence
from typing import Any

from eegssl.reports.cells import counted
from eegssl.reports.sections import Banner, Bullets, Page, Section, Text, inserted

_FEW = 20
_WARNINGS = 20
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


def with_warnings(page: Page, warnings: Sequence[str]) -> Page:
    """The page, and last on it what the terminal warned of and it does not say yet."""
    texts = [one.text for one in page.banners]
    texts += [p.words for one in page.sections for p in one.parts if isinstance(p, Text)]
    new = [words for words in dict.fromkeys(warnings) if not any(words in text for text in texts)]
    shown = [f"{words[:1].upper()}{words[1:]}." for words in new]
    if len(shown) > _WARNINGS:
        more = f"{len(shown) - _WARNINGS:,} more warnings are in manifest.json."
        shown = [*shown[:_WARNINGS], more]
    parts = (Bullets(tuple(shown)),) if shown else ()
    return inserted(page, Section("What this run warned of", parts), ())
