"""Score a tree of SzCORE event tables against a reference tree."""

from collections import Counter
from pathlib import Path

from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.context import Context, Result
from eegssl.config.stages import EvaluateConfig
from eegssl.io.private.private_key import make_key, private_folder
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.io.tables.event_trees import Missing, read_tree, recording_of
from eegssl.io.tables.tsv import format_tsv
from eegssl.reports.cautions import with_warnings
from eegssl.reports.html import render_page
from eegssl.scoring.events.event_scores import RecordingEvents
from eegssl.tasks.base import OF_RUN, REPORT, SCORES
from eegssl.tasks.labels.measures.detected import Detections, detected_by_others
from eegssl.tasks.labels.measures.event_report import event_report
from eegssl.tasks.labels.measures.stored_scores import FAULTS, FAULTS_CELLS, TREES_CONTRACT
from eegssl.tasks.labels.page import events_page
from eegssl.tasks.labels.scores import tree_facts
from eegssl.tasks.settings_read import require_read

_FAULT_WORDS = {
    "missing": "missing, counted as no detections",
    "unreadable": "unreadable, counted as no detections",
    "wrong-length": "of a recording of another length, counted as no detections",
    "no-reference": "without a reference, not scored",
}


def run(
    config: EvaluateConfig,
    hypothesis: Path,
    reference: Path,
    context: Context,
    *,
    missing: Missing = "error",
    show_names: bool = False,
) -> Result:
    """Make an evaluation artifact from two trees of SzCORE event tables; no model is run.

    With ``missing="count"`` a table of the hypothesis that is missing or can't be read counts as
    no detections; a warning says so.
    """
    require_read(config, ("scoring",), OF_RUN, "of event tables", "event tables")
    if not context.dry_run:
        for warning in make_key(private_folder()):
            context.progress.warn(warning)
    people = Pseudonyms()

    def id_of(table: str) -> str:
        return people.recording(recording_of(table))

    try:
        pairs, faults = read_tree(reference, hypothesis, missing, str if show_names else id_of)
    finally:
        if not context.dry_run:
            for warning in people.save():
                context.progress.warn(warning)
    lists = [
        RecordingEvents(
            people.subject(one.subject),
            people.recording(one.recording),
            one.duration_s,
            one.reference,
            one.hypothesis,
        )
        for one in pairs
    ]
    rows = [[id_of(fault.file), fault.kind, fault.reason] for fault in faults]
    concerns = [
        f"{n} table(s) of the hypothesis: {_FAULT_WORDS[kind]} ({FAULTS} lists them)"
        for kind, n in sorted(Counter(fault.kind for fault in faults).items())
    ]
    for concern in concerns:
        context.warn(concern)
    inputs = [("event-tables", hash_json([[vars(one) for one in lists], rows]))]
    writer = context.begin(TREES_CONTRACT, config, inputs, names=(SCORES, REPORT, FAULTS))
    if isinstance(writer, Result):
        return writer
    events = event_report(lists, config.scoring, context.seed)
    if events.szcore.left_out:
        context.warn(events.szcore.left_out)
    writer.write(FAULTS, format_tsv(list(FAULTS_CELLS), rows))
    shortest_s = config.scoring.shortest_event_recording_s
    detections = Detections(detected_by_others(lists), shortest_s)
    scores = {"events": events.as_dict(), "detections": detections.as_dict()}
    writer.write_json(SCORES, scores)
    page = events_page(events, detections, "Evaluation: event tables", concerns)
    writer.write(REPORT, render_page(with_warnings(page, context.warnings)))
    return context.finish(writer, tree_facts(events, detections) | {"faults": len(rows)})
