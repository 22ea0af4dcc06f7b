"""A table may be the labels of a detection task, in place of the events of its recordings."""

from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl
from corpora import corpus, recording

from eegssl.config.resolve import read_task
from eegssl.corpus.label_table import Label
from eegssl.corpus.store import open_corpus
from eegssl.errors import InputError
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows
from eegssl.tasks.labels.windows.table_events import NOT_NAMED

TASK: TaskConfig = read_task("seizure-detection", {"table": "labels.tsv", "window_s": 4.0})
OWN = [(0.0, 40.0, "sz")]


def test_rows_are_the_events_and_the_recordings_own_are_not() -> None:
    one, none, other = (recording(k, 40, events=OWN) for k in range(3))
    table = [Label(one.id, "Seizure", 8.0, 8.0), Label(one.id, "sz_foc", 12.0, 400.0)]
    table += [Label(none.id, "bckg")]
    recordings = [one, none, other]
    labelled = labelled_windows(corpus(*recordings), recordings, TASK, table, seed=0)
    assert labelled.truth.tolist() == [0, 0, *[1] * 8, *[0] * 10]
    assert [r.id for r in labelled.windows.recordings] == [one.id, none.id]
    assert labelled.left_out == {NOT_NAMED: 1}
    events = labelled.windows.recordings[0].events
    assert [(e.onset_s, e.duration_s, e.type, e.original) for e in events] == [
        (8, 8, "sz", "Seizure"),
        (12, 28, "sz_foc", ""),
    ]


def test_permuted_labels_are_permuted_once() -> None:
    task = TASK.model_copy(update={"permute_labels": True})
    one = recording(0, 400)
    table = [Label(one.id, "sz", 0.0, 200.0)]
    truth = labelled_windows(corpus(one), [one], task, table, seed=0).truth
    assert sorted(truth.tolist()) == [0] * 50 + [1] * 50
    assert truth.tolist() != [1] * 50 + [0] * 50


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("r-000", "fit", 1.0, 2.0)], "1 of 1 rows.*no type of event; expected sz"),
        ([("r-000", "sz", None, None)], "1 of 1 rows.*no onset_s"),
        ([("r-007", "sz", 1.0, 2.0)], "names none of these 1 recordings"),
    ],
)
def test_rows_that_are_no_events_are_refused(
    rows: list[tuple[str, str, float | None, float | None]], words: str
) -> None:
    one = recording(0, 40)
    with pytest.raises(InputError, match=words) as refused:
        labelled_windows(corpus(one), [one], TASK, [Label(*row) for row in rows], seed=0)
    assert "fit" not in str(refused.value).split("expected")[0].removeprefix("task fit")


def test_a_detector_learns_and_is_scored_by_a_table(tiny: Pipeline, tmp_path: Path) -> None:
    recordings = open_corpus([tiny.recordings]).recordings
    rows = [
        f"{r.id}\t{e.onset_s}\t{e.duration_s}\t{e.type}"
        for r in recordings
        for e in r.events
        if e.type.startswith("sz")
    ]
    calm = [r for r in recordings if not any(e.type.startswith("sz") for e in r.events)]
    rows += [f"{r.id}\tn/a\tn/a\tbckg" for r in calm]
    table = tmp_path / "labels.tsv"
    table.write_text("recording\tonset_s\tduration_s\tlabel\n" + "\n".join(rows) + "\n")
    settings = ("--config", tiny.settings, "--set", f"task.table={table}")
    told = eegssl("info", "--task", "seizure-detection", tiny.recordings, *settings[2:])
    assert "nothing is missing" in told.out
    assert "events of a table" in told.out
    command = ("finetune", tiny.recordings, "--encoder", tiny.root / "encoder")
    model = tmp_path / "model"
    done(*command, "--task", "seizure-detection", "--out", model, *settings)
    by_stored = done("evaluate", model, tiny.recordings, "--out", tmp_path / "ev")["facts"]
    by_table = done(
        *("evaluate", model, tiny.recordings, "--out", tmp_path / "again"),
        *("--set", f"labels={table}"),
    )["facts"]
    assert by_stored["events"] == by_table["events"]
    assert by_stored["windows"]["n_per_class"]["seizure"] > 0
