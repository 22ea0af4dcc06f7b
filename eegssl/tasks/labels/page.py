"""Build the page of an evaluation of labels."""

from collections.abc import Sequence

from eegssl.reports.cautions import banners, few_subjects, limits
from eegssl.reports.cells import counted, number_text
from eegssl.reports.glossary import HOW_TO_READ, HOW_TO_READ_EVENTS, READING
from eegssl.reports.model_history import model_history
from eegssl.reports.sections import (
    Banner,
    Glossary,
    Page,
    Section,
    Text,
    Tile,
    inserted,
    section,
)
from eegssl.scoring.hierarchy import TYPE
from eegssl.scoring.threshold import Threshold
from eegssl.scoring.window_scores import Scores
from eegssl.tasks.jobs import Trial
from eegssl.tasks.labels.measures.detected import Detections
from eegssl.tasks.labels.measures.event_report import EventReport
from eegssl.tasks.labels.measures.unit_scores import UnitScores
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import NO_LABELS, AllScores, none_labelled, rule_of, rules_of
from eegssl.tasks.labels.sections.detection_tables import detection_section, detection_tiles
from eegssl.tasks.labels.sections.event_pictures import event_pictures
from eegssl.tasks.labels.sections.event_section import (
    event_counts,
    event_note,
    event_section,
    event_tiles,
    reach_words,
)
from eegssl.tasks.labels.sections.event_tables import (
    subgroup_table,
)
from eegssl.tasks.labels.sections.label_figures import (
    ranking_figures,
    subject_figures,
    trace_figures,
)
from eegssl.tasks.labels.sections.rule_words import postprocess_words, rules_words
from eegssl.tasks.labels.sections.score_tables import score_table, subject_table, unit_tables

_WINDOWS = "How well windows are classified"
_SUBJECTS = "Subject by subject"
_EEG, _EEG_UNSCORED = "EEG of what was missed and detected", "EEG of what was detected"
_FIXED = "What was fixed before the test"
_UNIT_TILES = (("balanced_accuracy", "Balanced accuracy"), ("macro_f1", "Macro F1"))
_NUMBER_TILES = (("mae", "Mean absolute error"), ("spearman", "Spearman's ρ"))
_EVENTS_ALONE = "Scores of windows say little about events; read both."
_CHOSEN_ELSEWHERE = (
    "These tables don't say how their system was made: whether it saw these subjects, or its "
    "threshold was chosen on them, is not known here."
)


def page_of(predictions: Predictions, scores: AllScores) -> Page:
    """The page of predictions and their scores; nothing but these two is needed."""
    about, events, units = predictions.about, scores.events, scores.units
    detected = detection_section(scores.detections, with_files=True)
    if none_labelled(predictions):
        return _unscored_page(predictions, scores, detected)
    task, title = about["task"], f"Evaluation: {about['task']}"
    lead = f"Scores of a model for the task {task} on its test recordings."
    if "folds" in about:
        title = f"Cross-validation: {task}, {about['folds']} folds"
        lead = f"Scores of {about['folds']} models for the task {task}, each on its own test fold."
    return Page(
        kicker="Evaluation",
        title=title,
        lead=lead,
        banners=banners(about),
        tiles=(*(_unit_tiles(units) if units else _window_tiles(scores)), *event_tiles(events)),
        counts=_counts(predictions, scores.detections),
        sections=(
            event_section(events, event_note(about), reach_words(predictions)),
            detected,
            *_score_sections(predictions, scores),
            _fixed_section(predictions, scores.windows),
            section(READING, Glossary(HOW_TO_READ)),
            limits("evaluation", *few_subjects(len(scores.per_subject)), _EVENTS_ALONE),
        ),
    )


def _unscored_page(predictions: Predictions, scores: AllScores, detected: Section) -> Page:
    """The page of recordings without labels: what was detected, and no score."""
    about, detections = predictions.about, scores.detections
    reason = Banner(f"{NO_LABELS.capitalize()}. This page shows what was detected.", "warning")
    return Page(
        kicker="Detections",
        title=f"Detections: {about['task']}",
        lead=f"What a model for the task {about['task']} detected in recordings without labels.",
        banners=(reason, *banners(about)),
        tiles=detection_tiles(detections) if detections else (),
        counts=_counts(predictions),
        sections=(
            detected,
            _fixed_section(predictions, scores.windows),
            limits("evaluation", f"{NO_LABELS.capitalize()}: neither how many events were missed "
                   "nor how many detections are false can be told."),
        ),
    )  # fmt: skip


def events_page(
    events: EventReport, detections: Detections, title: str, faults: Sequence[str] = ()
) -> Page:
    """The page of detections alone, without probabilities or windows; ``faults`` of their files."""
    n_subjects = events.szcore.n_subjects
    return Page(
        kicker="Evaluation",
        title=title,
        lead="Detections of another system, scored against a reference.",
        banners=tuple(Banner(words, "warning") for words in faults),
        tiles=event_tiles(events),
        counts=(
            ("Subjects", str(n_subjects)),
            ("Recordings", str(events.szcore.n_recordings)),
            ("Hours", f"{detections.duration_s / 3600:,.2f}"),
            *event_counts(detections),
        ),
        sections=(
            event_section(events, ""),
            detection_section(detections, with_files=False),
            section(READING, Glossary(HOW_TO_READ_EVENTS)),
            limits("evaluation", *few_subjects(n_subjects), _CHOSEN_ELSEWHERE),
        ),
    )


def with_model(page: Page, trial: Trial, predictions: Predictions, scores: AllScores) -> Page:
    """The page, and on it the model's lineage, its training, and pictures of the EEG."""
    how = (trial.config.traces, trial.config.trace_s)
    if scores.detections is None:
        figures = trace_figures(trial.corpus, predictions, *how)
        drawn = section("EEG with the model's probabilities", *figures)
    else:
        pictures = event_pictures(trial.corpus, predictions, scores.detections, *how)
        rule = rule_of(predictions)
        drawn = section(
            _EEG if scores.events else _EEG_UNSCORED,
            *pictures,
            Text(f"Blue bars are what is scored. {postprocess_words(rule)}", small=True)
            if rule
            else None,
        )
    page = inserted(page, drawn, (_WINDOWS, _SUBJECTS, _FIXED, READING))
    return inserted(page, model_history(trial.model), (READING,))


def without_model(page: Page, scores: AllScores) -> Page:
    """The page, and on it the reason why no EEG of what was detected is drawn."""
    if scores.detections is None:
        return page
    words = "None is drawn: this page is made from predictions alone, without recordings."
    drawn = section(_EEG if scores.events else _EEG_UNSCORED, Text(words))
    return inserted(page, drawn, (_WINDOWS, _SUBJECTS, _FIXED, READING))


def _counts(
    predictions: Predictions, detections: Detections | None = None
) -> tuple[tuple[str, str], ...]:
    used = set(predictions.recording)
    rows_are = "Seconds" if predictions.about.get("unit") == "second" else "Windows"
    seconds = sum(r.duration_s for r in predictions.references if r.recording in used)
    folds = predictions.about.get("folds")
    counts = (
        *((("Folds", str(folds)),) if folds else ()),
        ("Test subjects", str(len(set(predictions.subject)))),
        ("Test recordings", str(len(used))),
        ("Hours", f"{seconds / 3600:.2f}"),
        (rows_are, f"{len(predictions.truth):,}"),
    )
    if none_labelled(predictions):
        return counts
    return (
        *counts,
        *(
            (f"{rows_are} of {name}", f"{int((predictions.truth == k).sum()):,}")
            for k, name in enumerate(predictions.classes)
        ),
        *(event_counts(detections) if detections else ()),
    )


def _window_tiles(scores: AllScores) -> tuple[Tile, ...]:
    """The window scores that a reader looks for first; numbers have none."""
    windows = scores.windows
    if "auroc" not in windows:
        return ()
    metrics = [("auroc", "AUROC"), ("balanced_accuracy", "Balanced accuracy")]
    if scores.events is None:
        metrics += [("sensitivity", "Sensitivity"), ("specificity", "Specificity")]
    basis = f"{windows['n']:,} windows"
    return tuple((name, number_text(windows[metric]), basis) for metric, name in metrics)


def _unit_tiles(units: UnitScores) -> tuple[Tile, ...]:
    """The scores of events, recordings or patients that a reader looks for first."""
    tiles: list[Tile] = []
    for name, level in units.levels.items():
        if level.scores is None:
            continue
        at_level = "" if name == TYPE else f", {name}"
        basis = counted(level.scores["n"], units.name) + at_level
        shown = _UNIT_TILES if level.classes else _NUMBER_TILES
        tiles += [(words, number_text(level.scores[key]), basis) for key, words in shown]
    return tuple(tiles)


def _score_sections(predictions: Predictions, scores: AllScores) -> tuple[Section, ...]:
    """Units, windows (or their numbers), subgroups and subjects."""
    units, windows, subjects = scores.units, scores.windows, scores.per_subject
    of_classes, classes = "auroc" in windows, predictions.classes
    title, of_windows = "Windows and their numbers", "Numbers"
    if of_classes:
        title, of_windows = _WINDOWS, "Window scores"
    by_subject = section(_SUBJECTS)
    if of_classes and subjects:
        events = scores.events.szcore if scores.events else None
        positive = classes[1] if len(classes) == 2 else None
        figures = subject_figures(scores, predictions.about)
        by_subject = section(_SUBJECTS, subject_table(subjects, events, positive), *figures)
    return (
        section(f"{units.name.capitalize()}s, each as a whole", *unit_tables(units))
        if units
        else section(""),
        section(
            title,
            score_table(of_windows, windows, scores.intervals, subjects),
            *(ranking_figures(predictions) if of_classes else ()),
        ),
        section(
            "Scores by subgroup",
            subgroup_table(scores.subgroups) if scores.subgroups else None,
        ),
        by_subject,
    )


def _fixed_section(predictions: Predictions, windows: Scores) -> Section:
    """Say on what the threshold and the rule of detections were chosen."""
    chosen, rules = predictions.about["threshold"], rules_of(predictions)
    threshold = Threshold(**chosen) if chosen else None
    rule = rule_of(predictions)
    detected = postprocess_words(rule) if rule else rules_words(list(rules.values()))
    return section(
        _FIXED,
        Text(_threshold_words(threshold, predictions.classes, windows))
        if "auroc" in windows
        else None,
        Text(detected) if rules else None,
    )


def _threshold_words(threshold: Threshold | None, classes: tuple[str, ...], windows: Scores) -> str:
    if threshold is None or threshold.score is None:
        return f"Windows: decided by {windows.get('decision', 'n/a')}."
    criterion = threshold.criterion.replace("_", " ")
    return (
        f"Windows: the threshold is {threshold.value:.4f}; a window counts as {classes[1]} if its "
        f"probability is at least this. It was chosen to maximise {criterion} on "
        f"{threshold.n_windows:,} validation windows ({threshold.n_positive:,} of them "
        f"{classes[1]}), where it reached {threshold.score:.3f}; it was not changed since."
    )
