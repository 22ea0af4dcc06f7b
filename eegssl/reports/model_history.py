"""Show how a model was made: lineage, training, codebook."""

import json
from pathlib import Path

import numpy as np

from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.regular_files import read_text
from eegssl.reports.codebook.masked_patches import codebook_usage, masked_reconstruction
from eegssl.reports.curves import training_curves
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.sections import Lineage, ReportFigure, Section, section
from eegssl.training.examples import read_examples
from eegssl.training.history import EXAMPLES, HISTORY, METRICS, USAGE, read_rows

_PRETRAINING = ("loss", "accuracy", "accuracy_region", "accuracy_random", "loss_region")
_WORDS = {
    "recordings": "clean recordings, split by subject",
    "tokens": "codebook and codes",
    "encoder": "pretrained encoder",
    "model": "adapted model with its threshold",
}


def model_history(model: Artifact) -> Section:
    """Show every artifact on the way to a model, and how each was trained."""
    return section("How the model was made", Lineage(_lineage(model)), *history_figures(model))


def _lineage(model: Artifact) -> tuple[tuple[str, str, str], ...]:
    """Kind, id and words of every artifact on the way to a model, recordings first."""
    made = [("recordings", id_) for kind, id_ in model.manifest.inputs if kind == "recordings"]
    for stage in ("tokenize", "pretrain"):
        path = model / f"{HISTORY}/{stage}/{MANIFEST}"
        if path.exists():
            raw = json.loads(read_text(path))
            made.append((raw["kind"], raw["id"]))
    made.append(("model", model.manifest.id))
    return tuple((kind, id_, _WORDS[kind]) for kind, id_ in made)


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
    return (*figures, *_masked(folders[1][1] / EXAMPLES), *_usage(folders[0][1] / USAGE))


def _masked(path: Path) -> list[ReportFigure]:
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
    counts = np.array(json.loads(read_text(path))["val"])
    return [
        ReportFigure(
            "Codebook usage",
            "How often each code is used on validation subjects, most used first.",
            "Codebook usage by rank",
            svg_uri(codebook_usage(counts)),
        )
    ]
