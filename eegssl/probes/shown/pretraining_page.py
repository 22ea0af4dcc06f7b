"""Build the page of a pretraining of log, facts and probes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eegssl.objectives.config import ObjectiveConfig
from eegssl.probes.shown.probes_page import LIMITS, counts_of, sections_of, tiles_of
from eegssl.reports.cautions import banners, limits
from eegssl.reports.curves import training_curves
from eegssl.reports.embed import svg_uri
from eegssl.reports.live.progress_figure import progress_figure
from eegssl.reports.sections import Counts, Page, ReportFigure, Section, Text, section
from eegssl.training.live.health_concerns import COLLAPSED_RANK
from eegssl.training.pretraining.encoder_headline import headline

Facts = Mapping[str, Any]
Rows = Sequence[dict[str, Any]]


def page_of_pretraining(facts: Facts, rows: Rows, scores: Mapping[str, Any] | None) -> Page:
    """The page of an encoder with these facts and rows of its log; without probes if there are no
    ``scores``."""
    about = {"synthetic": facts["synthetic"], "within_subject": facts["within_subject"]}
    return Page(
        kicker="Pretraining",
        title="How the encoder was trained",
        lead="Its curves, what its embeddings were like meanwhile, and what it knows in the end",
        banners=banners(about | (scores["about"] if scores else {})),
        tiles=tiles_of(scores["probes"]) if scores else (),
        counts=tuple((name, str(value)) for name, value in headline(dict(facts)).items()),
        sections=(
            section("Training", _settings(facts), _curves(rows), _terms(facts, rows)),
            section("Embeddings while it was trained", Text(_of_embeddings(rows))),
            *_probes(scores),
            limits("report", *LIMITS),
        ),
    )


def _settings(facts: Facts) -> Counts:
    """What was trained, and how."""
    masks = f"{facts['masking']} masks" if facts["masking"] else "nothing is hidden"
    return Counts(
        (
            ("Objective", ", ".join(facts["objective"])),
            ("Hidden", masks),
            ("Training windows", f"{facts['windows']['train']:,} of {facts['window_s']:g} s"),
            ("Validation windows", f"{facts['windows']['val']:,}"),
            ("Precision", facts["precision"]),
        )
    )


def _curves(rows: Rows) -> ReportFigure:
    return ReportFigure(
        "By step",
        "Training (mean since the last row) and validation subjects; there under each kind of "
        "mask, that of training among them.",
        "Curves of loss, accuracy, effective rank, probes, gradient and learning rate",
        svg_uri(progress_figure(rows, ())),
    )


def _terms(facts: Facts, rows: Rows) -> ReportFigure | None:
    """Each term of the objective, in training and under the same masks in validation."""
    suffix = f"_{facts['masking']}" if facts["masking"] else ""
    same = [{_without(key, suffix): value for key, value in row.items()} for row in rows]
    wanted = [name for name in dict.fromkeys(_names(facts, same)) if _varies(name, same)]
    if not wanted:
        return None
    return ReportFigure(
        "Terms of the objective",
        "What the loss is made of and what goes with it, in training and, under the masks of "
        "training, on validation subjects.",
        "Curves of the terms of the objective",
        svg_uri(training_curves(same, wanted)),
    )


def _without(key: str, suffix: str) -> str:
    """The name of a score under the masks of training, without them."""
    return key.removesuffix(suffix) if key.startswith("val_") else key


def _names(facts: Facts, rows: Rows) -> Iterator[str]:
    """Names of terms: what training logs, and what validation tells of each objective."""
    yield from sorted(k.removeprefix("train_") for row in rows for k in row if "train_" in k)
    chosen = ObjectiveConfig(terms=tuple(facts["objective"])).chosen
    for name, each in chosen.items():
        prefix = f"{name}_" if len(chosen) > 1 else ""
        yield from (f"{prefix}{each.shown[0]}", f"{prefix}spread")


def _varies(name: str, rows: Rows) -> bool:
    """Whether it is drawn: it is no constant, and not the loss, which has its own picture."""
    values = {row[key] for row in rows for key in (f"train_{name}", f"val_{name}") if key in row}
    return name != "loss" and len(values - {None}) > 1


def _of_embeddings(rows: Rows) -> str:
    """What validation said of embeddings, at first and at last."""
    courses = {
        name: [row[f"val_{name}"] for row in rows if row.get(f"val_{name}") is not None]
        for name in ("effective_rank", "subject_probe", "subject_chance", "label_probe")
    }
    ranks, people, chances, labels = courses.values()
    if not ranks:
        return "Nothing was measured of them."
    words = [
        f"At the last validation they used {ranks[-1]:.1f} directions (effective rank; "
        f"{ranks[0]:.1f} at the first); below {COLLAPSED_RANK:g} they count as collapsed."
    ]
    if people:
        words.append(
            f"A quick linear probe named the subject of {people[-1]:.0%} of validation windows "
            f"({people[0]:.0%} at the first, guessing {chances[-1]:.1%})."
        )
    if labels:
        words.append(
            f"One for seizures in other subjects had an AUROC of {labels[-1]:.2f} "
            f"({labels[0]:.2f}; guessing 0.5)."
        )
    return " ".join(words)


def _probes(scores: Mapping[str, Any] | None) -> tuple[Section, ...]:
    """What the encoder knows, or that nobody asked."""
    if scores is None:
        words = "Not asked here; eegssl evaluate ENCODER RECORDINGS --probes asks."
        return (section("What it knows", Text(words)),)
    about = Text(
        "Asked of validation subjects after the last step: no weight was trained on them, and the "
        "step that is kept was chosen by their loss. These are few windows; eegssl evaluate "
        "ENCODER RECORDINGS --probes asks of more, and of others."
    )
    return (
        section("What it knows", about, Counts(counts_of(scores["about"]))),
        *sections_of(scores["probes"]),
    )
