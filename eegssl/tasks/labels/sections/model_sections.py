"""What the evaluation page shows of a model: how it was made, and traces with its predictions."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.corpus.store import Corpus
from eegssl.reports.codebook.masked_patches import codebook_usage, masked_reconstruction
from eegssl.reports.content import LineageStep, ReportFigure
from eegssl.reports.curves import training_curves
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.trace_figure import traces_with_predictions
from eegssl.tasks.labels.page import EvaluationContent
from eegssl.tasks.labels.predictions import Predictions, Reference
from eegssl.tasks.labels.scores import one_threshold
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


def with_model(
    page: EvaluationContent,
    model: Artifact,
    corpus: Corpus,
    predictions: Predictions,
    traces: int,
    trace_s: float,
) -> EvaluationContent:
    """The page, and on it the model's lineage, its training, and ``traces`` recordings."""
    return replace(
        page,
        lineage=lineage(model),
        trace_figures=_trace_figures(corpus, predictions, traces, trace_s),
        training_figures=history_figures(model),
    )


def lineage(model: Artifact) -> tuple[LineageStep, ...]:
    """Every artifact on the way to a model, recordings first."""
    steps = []
    for stage in ("tokenize", "pretrain"):
        path = model / f"{HISTORY}/{stage}/{MANIFEST}"
        if path.exists():
            raw = json.loads(path.read_text())
            steps.append(LineageStep(raw["kind"], raw["id"], _WORDS[raw["kind"]]))
    steps.append(LineageStep("model", model.manifest.id, _WORDS["model"]))
    first = [i for kind, i in model.manifest.inputs if kind == "recordings"]
    return (*(LineageStep("recordings", i, _WORDS["recordings"]) for i in first), *steps)


def _trace_figures(
    corpus: Corpus, predictions: Predictions, count: int, seconds: float
) -> tuple[ReportFigure, ...]:
    """The first event of some recordings (their beginning, where there is none).

    With two classes: beneath the traces stands the probability of one of them.
    """
    if len(predictions.classes) != 2:
        return ()
    names = np.array(predictions.recording)
    held = {recording.id: recording for recording in corpus.recordings}
    figures = []
    for reference in _worth_showing(predictions)[:count]:
        recording, spans = held[reference.recording], sorted(reference.spans)
        start_s = max(0.0, spans[0][0] - _LEAD_S) if spans else 0.0
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
            predictions.probabilities[mine, 1],
            spans,
            one_threshold(predictions),
            predictions.classes[1],
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


def _worth_showing(predictions: Predictions) -> list[Reference]:
    """Recordings with events first, one of each subject before a second of any."""
    used, ranked = set(predictions.recording), []
    seen: dict[tuple[bool, str], int] = {}
    for reference in (r for r in predictions.references if r.recording in used):
        key = (not reference.events, reference.subject)
        seen[key] = seen.get(key, 0) + 1
        ranked.append((key[0], seen[key], reference.recording, reference))
    return [entry[-1] for entry in sorted(ranked, key=lambda e: e[:3])]


def history_figures(model: Artifact) -> tuple[ReportFigure, ...]:
    """Training curves of every stage, a masked and predicted window, and codebook usage."""
    folders = [
        ("Tokenizer", model / f"{HISTORY}/tokenize", ("loss", "perplexity", "codes_used")),
        ("Pretraining", model / f"{HISTORY}/pretrain", _PRETRAINING),
        ("Fine-tuning", model.path, ("loss", "error", "auroc", "balanced_accuracy")),
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
