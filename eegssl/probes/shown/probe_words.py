"""Say in plain sentences what probes measured, from their document alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from eegssl.probes.embedded import ENCODER, POWER, RANDOM
from eegssl.probes.probed_signals import COMMON, OWN
from eegssl.probes.region_measures import LESS, OTHERS, REGION
from eegssl.reports.cells import counted

Scores = Mapping[str, Any]

NAMES = {ENCODER: "this encoder", RANDOM: "random weights", POWER: "band power"}
_FEW_SUBJECTS = 10


def concerns(scores: Scores) -> Iterator[str]:
    """List what a reader of the numbers has to know, each with the way on."""
    about = scores["about"]
    if about["n_subjects"] < _FEW_SUBJECTS:
        yield (
            f"{counted(about['n_subjects'], 'subject')} only: there are no intervals below "
            f"{_FEW_SUBJECTS}; ask of more (--set split=all, or other recordings)"
        )
    if about["n_montages"] > 1:
        yield (
            f"the windows are of {about['n_montages']} montages: a probe may tell subjects apart "
            "by their channels. To rule it out, preprocess all to one (montage.reference=banana)"
        )
    if stopped := sorted(set(_unconverged(scores["probes"]))):
        yield f"probes of {', '.join(stopped)} were stopped before they converged"


def _unconverged(probes: Scores) -> Iterator[str]:
    for probe, own in probes.items():
        if isinstance(own, Mapping) and any(
            isinstance(one, Mapping) and "converged" in one.get("note", "") for one in own.values()
        ):
            yield probe.replace("_", " ")


def of_subjects(own: Scores) -> str:
    """The sentence on the subject probe."""
    one = own[ENCODER]
    if one["value"] is None:
        return f"Subjects can't be told apart here: {one['reason']}."
    return (
        f"A linear probe of the embeddings names the right one of {one['n_subjects']} subjects for "
        f"{_percent(one['value'])} of the windows that it has not learned from; guessing would for "
        f"{_percent(one['chance'])}. {_beside(own)} {_who(own)}"
    )


def _who(own: Scores) -> str:
    if own[ENCODER]["value"] < 2 * own[ENCODER]["chance"]:
        return "The embeddings hold little of who is recorded."
    gains = [own[f"{ENCODER} less {other}"]["interval"]["low"] for other in (RANDOM, POWER)]
    if all(low is not None and low > 0 for low in gains):
        more = "and more of it than either"
    elif None in gains:
        more = "and whether more of it than these can't be said of so few subjects"
    else:
        more = "and not surely more of it than what needs no pretraining"
    return (
        f"The embeddings hold who is recorded, {more}. A task whose labels go with subjects can be "
        "solved by knowing them."
    )


def of_files(own: Scores, other: Scores) -> str:
    """The sentences on the recordings of one subject."""
    one = own[ENCODER]
    if one["value"] is None:
        return (
            f"Whether embeddings drift from recording to recording can't be asked: {one['reason']}."
        )
    words = (
        f"Within one subject the probe names the right recording for {_percent(one['value'])} of "
        f"the windows ({counted(one['n_subjects'], 'subject')}; guessing: "
        f"{_percent(one['chance'])}). {_beside(own)}"
    )
    same, across = other["same"][ENCODER], other["other"][ENCODER]
    if same["value"] is None:
        return words
    return (
        f"{words} A probe that has learned subjects from one recording of each names them for "
        f"{_percent(same['value'])} of the windows in the same recording, and for "
        f"{_percent(across['value'])} in others (guessing: {_percent(same['chance'])}). What is "
        "lost belongs to the recording, not to the subject: electrodes, state, day."
    )


def of_labels(own: Scores) -> str:
    """The sentence on the label probe."""
    one = own[ENCODER]
    if one["value"] is None:
        return f"Seizures can't be asked for here: {one['reason']}."
    return (
        f"In subjects that it has not learned from, the probe ranks windows in seizures above "
        f"others with an AUROC of {one['value']:.3f} (mean over "
        f"{counted(one['n_subjects'], 'subject')}; guessing: 0.5). {_beside(own, 3)}"
    )


def of_bands(own: Scores) -> str:
    """The sentence on band power."""
    values = {band: one[ENCODER]["value"] for band, one in own.items()}
    if None in values.values():
        reason = next(iter(own.values()))[ENCODER]["reason"]
        return f"Band power can't be asked for here: {reason}."
    listed = ", ".join(f"{band} {value:.2f}" for band, value in values.items())
    worst = min(values, key=lambda band: values[band])
    return (
        f"From the embeddings of subjects that it has not learned from, ridge regression gives the "
        f"log power of a window with R² of {listed}. 1 is all of it, 0 what the mean gives; "
        f"{worst} is kept worst."
    )


def of_person(what: str, own: Scores, score: str, chance: str) -> str:
    """The sentence on age or sex."""
    one = own[ENCODER]
    if one["value"] is None:
        return f"{what} can't be asked for here: {one['reason']}."
    low = one["interval"]["low"]
    sure = low is not None and low > one["chance"]
    verdict = "" if sure else " The interval does not lie above chance: none of it is shown."
    return (
        f"{what} of {one['n_subjects']} subjects from their mean embeddings: {score} "
        f"{one['value']:.2f} ({chance} is chance). {_beside(own, 2)}{verdict}"
    )


def of_aperiodic(before: Scores, own: Scores) -> str:
    """The sentence on 1/f taken out."""
    first = before["subjects"][ENCODER]["value"]
    if first is None:
        return "Without a subject probe there is nothing to compare."
    common, alone = (own[name]["subjects"][ENCODER]["value"] for name in (COMMON, OWN))
    change = own["change"]["subjects"][ENCODER]
    low, high = change["interval"]["low"], change["interval"]["high"]
    verdict = (
        f"So {-100 * change['value']:.0f} points of it rest on what is each window's own in 1/f"
    )
    if high is None:
        verdict += "; of so few subjects there is no interval."
    elif high < 0:
        verdict += f" ({-100 * high:.0f} to {-100 * low:.0f})."
    else:
        verdict = "That any of it rests on what is each window's own in 1/f is not shown."
    return (
        f"The subject probe names {_percent(first)} of the windows as recorded, "
        f"{_percent(common)} where all lose the same 1/f line, and {_percent(alone)} where each "
        f"channel of each window loses its own. {verdict}"
    )


def of_regions(own: Scores) -> str:
    """The sentence on regions left out, beside as many other channels."""
    moved = {r: o["moved"] for r, o in own.items() if o["moved"][LESS]["value"] is not None}
    if not moved:
        return "No region can be left out: no recording has channels in one and as many elsewhere."
    most = max(moved, key=lambda r: moved[r][LESS]["value"])
    words = (
        f"Without {most} an embedding moves by {_percent(moved[most][REGION]['value'])} of the "
        f"distance between two windows, without as many other channels by "
        f"{_percent(moved[most][OTHERS]['value'])}: of all regions it moves most beyond others. "
    )
    words += f"Moved farther than by others, with an interval above 0: {_sure(moved, 1)}."
    labels = {r: o["labels"] for r, o in own.items() if o["labels"][LESS]["value"] is not None}
    if labels:
        worst = min(labels, key=lambda r: labels[r][LESS]["value"])
        words += (
            f" The label probe loses most beyond others without {worst}: its AUROC changes by "
            f"{labels[worst][REGION]['value']:+.3f}, without as many others by "
            f"{labels[worst][OTHERS]['value']:+.3f}. Loses more, with an interval below 0: "
            f"{_sure(labels, -1)}."
        )
    return words


def _sure(own: Scores, sign: int) -> str:
    """Regions whose difference from others has an interval on one side of 0."""
    ends = {r: one[LESS]["interval"]["low" if sign > 0 else "high"] for r, one in own.items()}
    if all(end is None for end in ends.values()):
        return "not known, of so few subjects"
    return ", ".join(r for r, end in ends.items() if end is not None and sign * end > 0) or "none"


def of_layers(own: Scores) -> str:
    """The sentence on the similarity of layers."""
    matrix, beside = own["similarity"], own["beside_random"]
    depth = len(matrix) - 1
    ends, same = matrix[0][depth], beside[depth]
    if ends is None or same is None:
        return "A layer sees all windows alike, so that it can't be compared."
    return (
        f"The first and the last of {depth + 1} layers see these windows alike by {ends:.2f} (1: "
        f"up to a rotation the same, 0: unrelated); the last layer and that of random weights by "
        f"{same:.2f}."
    )


def _beside(own: Scores, digits: int = 0) -> str:
    """What else gives, in a sentence."""
    values = {
        NAMES[name]: one["value"]
        for name, one in own.items()
        if name in NAMES and name != ENCODER and one["value"] is not None
    }
    shown = {name: f"{v:.{digits}f}" if digits else _percent(v) for name, v in values.items()}
    words = ", ".join(f"{name} {value}" for name, value in shown.items())
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
