"""Put the facts of an encoder that matter first into words."""

from typing import Any

from eegssl.objectives.config import ObjectiveConfig


def headline(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of an encoder that matter first, in words; all of them are in its manifest."""
    val, seen = facts["val"], facts.get("eeg_seen")
    objective = ObjectiveConfig(terms=tuple(facts.get("objective", ["codes"])))
    suffix = f"_{facts['masking']}" if facts["masking"] else ""
    several = len(objective.terms) > 1
    lines = {}
    if several:
        lines["validation loss"] = f"{val[f'loss{suffix}']:.4g}, the weighted sum"
    for name, each in objective.chosen.items():
        prefix = f"{name}_" if several else ""
        constant = f"{prefix}{each.constant}{suffix}"
        loss = f"{val[f'{prefix}loss{suffix}']:.4g}"
        beside = f"; {each.constant_words} {val[constant]:.4g}" if constant in val else ""
        lines[f"loss of {name}" if several else "validation loss"] = f"{loss}{beside}"
        score, words, nothing = each.shown
        if f"{prefix}{score}{suffix}" in val:
            lines[words] = (
                f"{val[f'{prefix}{score}{suffix}']:.1%}; by a constant "
                f"{val[f'{prefix}{nothing}{suffix}']:.1%}"
            )
    return lines | {
        "best step": facts["best_step"],
        "EEG seen": f"{seen['hours']:.4g} h, {seen['passes']:.3g} passes" if seen else "n/a",
        "weights": f"{facts['n_parameters']:,}",
    }
