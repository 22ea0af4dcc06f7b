"""Show how a model was made: lineage, training, codebook."""

from collections.abc import Mapping, Sequence

from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.reports.codebook.masked_patches import codebook_usage, masked_reconstruction
from eegssl.reports.curves import training_curves
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.sections import Lineage, ReportFigure, Section, section
from eegssl.training.history import (
    EXAMPLES,
    HISTORY,
    METRICS,
    STAGES,
    USAGE,
    read_rows,
    read_stage,
    read_usage,
)
from eegssl.training.pretraining.examples import read_examples

_PRETRAINING = ("loss", "accuracy", "accuracy_region", "accuracy_random", "loss_region")
_EMBEDDINGS = ("effective_rank", "subject_probe", "label_probe")
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
    names = [f"{HISTORY}/{stage}/{MANIFEST}" for stage in STAGES]
    made += [read_stage(model / name) for name in names if name in model]
    made.append(("model", model.manifest.id))
    return tuple((kind, id_, _WORDS[kind]) for kind, id_ in made)


def history_figures(model: Artifact) -> tuple[ReportFigure, ...]:
    """Training curves of every stage, a masked and predicted window, and codebook usage."""
    logs = [
        ("Tokenizer", f"{HISTORY}/tokenize/{METRICS}", ("loss", "perplexity", "codes_used")),
        ("Pretraining", f"{HISTORY}/pretrain/{METRICS}", _PRETRAINING),
        ("Fine-tuning", METRICS, ("loss", "error", "auroc", "balanced_accuracy")),
    ]
    figures = [
        ReportFigure(
            f"{name}: training",
            "Training (mean since the last row) and validation, by step.",
            f"Training curves of {name}",
            svg_uri(training_curves(read_rows(model / log), panels)),
        )
        for name, log, panels in logs
        if log in model and _measured(read_rows(model / log), panels)
    ]
    return (*figures, *_embeddings(model), *_masked(model), *_usage(model))


def _embeddings(model: Artifact) -> list[ReportFigure]:
    """What the embeddings of validation windows held while the encoder was pretrained."""
    log = f"{HISTORY}/pretrain/{METRICS}"
    rows = read_rows(model / log) if log in model else []
    if not _measured(rows, _EMBEDDINGS):
        return []
    chances = [row["val_subject_chance"] for row in rows if "val_subject_chance" in row]
    guessing = f" (guessing: {chances[-1]:.3f})" if chances else ""
    return [
        ReportFigure(
            "Pretraining: what the embeddings hold",
            "Of validation windows, by step: the directions that embeddings use, the share of "
            f"windows whose subject a linear probe names{guessing}, and the AUROC of seizures in "
            "other subjects (guessing: 0.5). evaluate --probes asks more of the encoder.",
            "Effective rank, subject probe and label probe over steps of pretraining",
            svg_uri(training_curves(rows, _EMBEDDINGS)),
        )
    ]


def _measured(rows: Sequence[Mapping[str, float]], panels: Sequence[str]) -> bool:
    """Whether any row has a value for one of the panels."""
    wanted = {f"{part}_{name}" for name in panels for part in ("train", "val")}
    return any(wanted & set(row) for row in rows)


def _masked(model: Artifact) -> list[ReportFigure]:
    name = f"{HISTORY}/pretrain/{EXAMPLES}"
    if name not in model:
        return []
    e = read_examples(model / name)
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


def _usage(model: Artifact) -> list[ReportFigure]:
    name = f"{HISTORY}/tokenize/{USAGE}"
    if name not in model:
        return []
    return [
        ReportFigure(
            "Codebook usage",
            "How often each code is used on validation subjects, most used first.",
            "Codebook usage by rank",
            svg_uri(codebook_usage(read_usage(model / name)["val"])),
        )
    ]
