"""Tell in words how windows become detections."""

from collections.abc import Sequence

from eegssl.reports.cells import counted
from eegssl.scoring.events.postprocess import Postprocess


def rules_words(rules: Sequence[Postprocess]) -> str:
    """Words for the rules of several folds' models."""
    lowest, highest = (f([rule.threshold for rule in rules], default=0.0) for f in (min, max))
    return (
        "Detections: the model of each fold has a rule of its own, with thresholds from "
        f"{lowest:.4f} to {highest:.4f}, fixed before its recordings were tested."
    )


def postprocess_words(rule: Postprocess) -> str:
    """From windows to detections, in words, and where the rule came from."""
    steps = [f"moving mean over {rule.smooth} windows"] if rule.smooth > 1 else []
    steps.append(f"probability at least {rule.threshold:.4f}")
    if rule.merge_gap_s:
        steps.append(f"detections closer than {rule.merge_gap_s:g} s joined")
    if rule.min_duration_s:
        steps.append(f"those shorter than {rule.min_duration_s:g} s dropped")
    words = f"Detections: {', '.join(steps)}."
    if rule.score is None:
        return (
            f"{words} This was not chosen on validation recordings: the threshold of windows is "
            "used as it is."
        )
    return (
        f"{words} This was chosen to maximise {rule.criterion.replace('_', ' ')} of "
        f"{counted(rule.n_subjects, 'validation subject')} "
        f"({counted(rule.n_recordings, 'recording')}), where it reached {rule.score:.3f}; it was "
        "not changed since."
    )
