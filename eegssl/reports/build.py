"""From predictions, scores and the logged history to what the evaluation page shows."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eegssl import __version__
from eegssl.artifacts import MANIFEST, Artifact
from eegssl.corpus.store import Corpus, Recording
from eegssl.io.tables import Predictions
from eegssl.reports.codes import codebook_usage, masked_reconstruction
from eegssl.reports.comparison import per_subject_bars
from eegssl.reports.content import Banner, LineageStep, ReportFigure
from eegssl.reports.curves import (
    probability_histogram,
    roc_and_precision_recall,
    training_curves,
)
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.evaluation import EvaluationContent
from eegssl.reports.scores import AllScores
from eegssl.reports.traces import traces_with_predictions
from eegssl.scoring.threshold import Threshold
from eegssl.tasks.config import TaskConfig
from eegssl.tasks.labels import positive_spans
from eegssl.training.examples import read_examples
from eegssl.training.history import EXAMPLES, HISTORY, METRICS, USAGE, read_rows

_PRETRAINING = ("loss", "accuracy", "accuracy_region", "accuracy_random", "loss_region")
_LEAD_S = 10.0  # of background before an event that is drawn
_WORDS = {
    "recordings": "clean recordings, split by subject",
    "tokens": "codebook and codes",
    "encoder": "pretrained encoder",
    "model": "adapted model with its threshold",
}


def build_evaluation(
    model: Artifact,
    corpus: Corpus,
    recordings: Sequence[Recording],
    predictions: Predictions,
    scores: AllScores,
    task: TaskConfig,
    threshold: Threshold | None,
    traces: int,
    trace_s: float,
) -> EvaluationContent:
    """Gather the content of the evaluation page."""
    facts = model.manifest.facts
    value = threshold.value if threshold else None
    return EvaluationContent(
        title=f"Evaluation: {task.name}",
        task=task.name,
        banners=banners(corpus.synthetic, corpus.within_subject, task.permute_labels, facts),
        counts=_counts(recordings, predictions),
        classes=predictions.classes,
        window_scores=scores.windows,
        subject_scores=scores.per_subject,
        event_scores=scores.events,
        event_note=_event_note(task),
        threshold=threshold,
        lineage=_lineage(model),
        score_figures=_score_figures(predictions, value),
        trace_figures=_trace_figures(corpus, recordings, predictions, task, value, traces, trace_s),
        subject_figures=_subject_figures(scores),
        training_figures=history_figures(model),
        limits=limits(scores),
        version=__version__,
    )


def banners(
    synthetic: bool, within_subject: bool, permuted: bool, facts: dict[str, object]
) -> tuple[Banner, ...]:
    """What must not be missed when a number of this result is quoted."""
    shown = [
        (synthetic, "Synthetic data: these recordings were simulated; nothing here was measured "
         "on a patient."),
        (within_subject, "Within-subject: recordings of one subject are in training and test; "
         "this says nothing of new patients."),
        (permuted, "Labels permuted: a control, whose scores should be at chance."),
        (facts.get("encoder_weights") == "random", "Random encoder: a control; its weights were "
         "not pretrained."),
    ]  # fmt: skip
    return tuple(Banner(text, "warning") for applies, text in shown if applies)


def limits(scores: AllScores) -> tuple[str, ...]:
    """What so few subjects can't show."""
    n = len(scores.per_subject)
    said = [f"{n} test subject(s): with so few, another draw of subjects may score otherwise."]
    if n >= 20:
        said = []
    return (*said, "Scores of windows say little of events; read both.")


def _counts(
    recordings: Sequence[Recording], predictions: Predictions
) -> tuple[tuple[str, str], ...]:
    used = set(predictions.recording)
    seconds = sum(r.duration_s for r in recordings if r.id in used)
    rows = [
        ("Test subjects", str(len(set(predictions.subject)))),
        ("Test recordings", str(len(used))),
        ("Hours", f"{seconds / 3600:.2f}"),
        ("Windows", f"{len(predictions.truth):,}"),
    ]
    for k, name in enumerate(predictions.classes):
        rows.append((f"Windows of {name}", f"{int((predictions.truth == k).sum()):,}"))
    return tuple(rows)


def _event_note(task: TaskConfig) -> str:
    if task.permute_labels:
        return "Events are not scored, since labels were permuted."
    return "" if task.labels == "events" else "This task has labels of recordings, not events."


def _lineage(model: Artifact) -> tuple[LineageStep, ...]:
    steps = []
    for stage in ("tokenize", "pretrain"):
        path = model / f"{HISTORY}/{stage}/{MANIFEST}"
        if path.exists():
            raw = json.loads(path.read_text())
            steps.append(LineageStep(raw["kind"], raw["id"], _WORDS[raw["kind"]]))
    steps.append(LineageStep("model", model.manifest.id, _WORDS["model"]))
    first = [i for kind, i in model.manifest.inputs if kind == "recordings"]
    return (*(LineageStep("recordings", i, _WORDS["recordings"]) for i in first), *steps)


def _score_figures(predictions: Predictions, threshold: float | None) -> tuple[ReportFigure, ...]:
    if len(predictions.classes) != 2 or len(np.unique(predictions.truth)) < 2:
        return ()
    truth, p = predictions.truth, predictions.probabilities[:, 1]
    positive = predictions.classes[1]
    return (
        ReportFigure(
            "How well windows are ranked",
            f"Left: sensitivity against the share of false alarms. Right: precision against "
            f"sensitivity. Positive: {positive}. The dot is the locked threshold.",
            "ROC and precision-recall curves",
            svg_uri(roc_and_precision_recall(truth, p, threshold)),
        ),
        ReportFigure(
            "Probabilities",
            "Left: the probabilities that windows of each class were given. Right: whether a "
            "probability means what it says.",
            "Histogram of probabilities and calibration curve",
            svg_uri(probability_histogram(truth, p, threshold, predictions.classes)),
        ),
    )


def _trace_figures(
    corpus: Corpus,
    recordings: Sequence[Recording],
    predictions: Predictions,
    task: TaskConfig,
    threshold: float | None,
    count: int,
    seconds: float,
) -> tuple[ReportFigure, ...]:
    """The first event of some recordings (their beginning, where there is none)."""
    names = np.array(predictions.recording)
    chosen = _worth_showing(recordings, task, set(predictions.recording))[:count]
    figures = []
    for recording in chosen:
        spans = positive_spans(recording.events, task.event_types)
        start_s = max(0.0, spans[0, 0] - _LEAD_S) if len(spans) else 0.0
        first = round(start_s * corpus.sfreq_hz)
        last = min(recording.n_samples, first + round(seconds * corpus.sfreq_hz))
        mine = names == recording.id
        figure = traces_with_predictions(
            corpus.read_uv(recording, first, last),
            recording.channels,
            corpus.sfreq_hz,
            start_s,
            predictions.start_s[mine],
            predictions.duration_s[mine],
            predictions.probabilities[mine, min(1, len(predictions.classes) - 1)],
            [(float(a), float(b)) for a, b in spans],
            threshold,
            predictions.classes[1] if len(predictions.classes) == 2 else task.name,
        )
        figures.append(
            ReportFigure(
                f"Recording {recording.id}, subject {recording.subject}",
                "Traces with the reference shaded; below, the model's probability by window.",
                f"EEG traces of recording {recording.id} with predictions",
                png_uri(figure, dpi=110),
            )
        )
    return tuple(figures)


def _worth_showing(
    recordings: Sequence[Recording], task: TaskConfig, used: set[str]
) -> list[Recording]:
    """Recordings with events first, one of each subject before a second of any."""
    ranked = []
    seen: dict[tuple[bool, str], int] = {}
    for recording in (r for r in recordings if r.id in used):
        without = len(positive_spans(recording.events, task.event_types)) == 0
        key = (without, recording.subject)
        seen[key] = seen.get(key, 0) + 1
        ranked.append((without, seen[key], recording.id, recording))
    return [entry[-1] for entry in sorted(ranked, key=lambda e: e[:3])]


def _subject_figures(scores: AllScores) -> tuple[ReportFigure, ...]:
    subjects = list(scores.per_subject)
    return (
        ReportFigure(
            "Balanced accuracy by subject",
            "Each subject's windows at the locked threshold. Dashed: mean; dotted: chance.",
            "Bars of balanced accuracy by subject",
            svg_uri(
                per_subject_bars(
                    subjects,
                    [scores.per_subject[s]["balanced_accuracy"] for s in subjects],
                    "Balanced accuracy",
                    1.0 / max(2, len(scores.windows["n_per_class"])),
                )
            ),
        ),
    )


def history_figures(model: Artifact) -> tuple[ReportFigure, ...]:
    """Training curves of every stage, a masked and predicted window, and codebook usage."""
    folders = [
        ("Tokenizer", model / f"{HISTORY}/tokenize", ("loss", "perplexity", "codes_used")),
        ("Pretraining", model / f"{HISTORY}/pretrain", _PRETRAINING),
        ("Fine-tuning", model.path, ("loss", "auroc", "balanced_accuracy")),
    ]
    figures = [
        ReportFigure(
            f"{name}: training",
            "Training (mean since the last row) and validation, by step.",
            f"Training curves of {name}",
            svg_uri(training_curves(read_rows(folder / METRICS), panels)),
        )
        for name, folder, panels in folders
        if (folder / METRICS).exists() and read_rows(folder / METRICS)
    ]
    figures += _reconstruction(folders[1][1] / EXAMPLES)
    return (*figures, *_usage(folders[0][1] / USAGE))


def _reconstruction(path: Path) -> list[ReportFigure]:
    if not path.exists():
        return []
    e = read_examples(path)
    shown = [(int(c), int(n)) for c, n in e.shown]
    figure = masked_reconstruction(
        e.true, e.tokenizer, e.predicted, e.freqs_hz, shown, e.mask, e.channels
    )
    return [
        ReportFigure(
            "Masked and reconstructed patches",
            "Hidden patches of a validation window: their spectrum, what their true code decodes "
            "to, and what the code predicted from the visible patches decodes to.",
            "Spectra of masked patches and the map of the mask",
            png_uri(figure),
        )
    ]


def _usage(path: Path) -> list[ReportFigure]:
    if not path.exists():
        return []
    counts = np.array(json.loads(path.read_text())["val"])
    return [
        ReportFigure(
            "Codebook usage",
            "How often each code is used on validation subjects, most used first.",
            "Codebook usage by rank",
            svg_uri(codebook_usage(counts)),
        )
    ]
