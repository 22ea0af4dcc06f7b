"""Each task of a benchmark is shown and ranked by the scores that mean something for it."""

import pytest

from eegssl.reports.benchmark.results import (
    columns,
    leaderboard,
    leaderboard_rows,
    not_run_row,
    result_row,
)
from eegssl.reports.benchmark.score_columns import (
    ScoreColumn,
    of_subjects,
    subject_means,
    with_subject_means,
)
from eegssl.tasks.labels.label_columns import LabelScores

WINDOWS = {"n": 9, "auroc": 0.7, "auc_pr": 0.6, "balanced_accuracy": 0.6}
NUMBERS = {"n": 9, "mae": 2.0, "rmse": 3.0, "r2": 0.1, "spearman": None}
EVENTS = {"sensitivity": 0.5, "precision": None, "f1": 0.4, "fp_per_day": 2.0}
UNITS = {"levels": {"type": {"n": 4, "auroc": 0.9, "balanced_accuracy": 0.8, "macro_f1": 0.7}}}
TASKS = {
    "detection": {"windows": WINDOWS, "units": None, "events": EVENTS},
    "types": {"windows": WINDOWS, "units": UNITS, "events": None},
    "age": {"windows": NUMBERS, "units": None, "events": None},
}


LABELS = LabelScores()


def shown():
    """Task -> the scores on its page."""
    filled = {
        task: {n for row in rows() if row["task"] == task for n, v in row.items() if v is not None}
        for task in TASKS
    }
    return {task: LABELS.shown(names) for task, names in filled.items()}


def page():
    """The leaderboard."""
    return leaderboard(rows(), [], shown(), LABELS.words, synthetic=False, within_subject=False)


def rows():
    """A row a task, and a baseline that was not run on any."""
    found = []
    for task, facts in TASKS.items():
        named = {
            "task": task,
            "encoder": "majority",
            "adaptation": "baseline",
            "seed": None,
            "labels_subjects": "all",
            "draw": None,
            "pretraining_seeds": "",
        }
        found.append(named | not_run_row("it can't", LABELS.columns))
        facts = facts | {"subjects": ["a"], "leaks": []}
        named = {
            "task": task,
            "encoder": "e",
            "adaptation": "probe",
            "seed": 0,
            "labels_subjects": "all",
            "draw": None,
            "pretraining_seeds": "",
        }
        found.append(named | result_row([facts], [LABELS.scores(facts)["model"]], []))
    return found


@pytest.mark.parametrize(
    ("task", "first", "last"),
    [
        ("detection", "auroc", "event_f1"),
        ("types", "unit_auroc", "balanced_accuracy"),
        ("age", "unit_spearman", "unit_r2"),
    ],
)
def test_a_task_is_ranked_by_its_own_score(task, first, last):
    names = tuple(column.name for column in shown()[task])
    assert (names[0], names[-1]) == (first, last)
    assert {tuple(row.scores) for row in leaderboard_rows(rows(), shown()) if row.task == task} == {
        names
    }


def test_a_terminal_shows_the_scores_of_every_task_once():
    names = columns(shown(), rows())
    assert len(set(names)) == len(names)
    assert {"auroc", "event_f1", "unit_macro_f1", "unit_mae", "unit_rmse"} <= set(names)


def test_a_row_that_was_not_run_has_the_columns_of_the_others_and_no_count_on_the_page():
    assert len({tuple(row) for row in rows()}) == 1
    content = page()
    assert ("Test windows, over folds", "9") in content.counts
    assert ("Seeds", "1") in content.counts


def test_a_mean_over_subjects_counts_each_once_that_has_the_score():
    folds = [
        {"a": {"auroc": 0.5, "mae": 1.0}, "b": {"auroc": None, "mae": 2.0}},
        {"a": {"auroc": 0.7, "mae": None}, "c": {"auroc": 1.0, "mae": 6.0}},
    ]
    assert subject_means(folds) == {
        "auroc_subject_mean": pytest.approx((0.6 + 1.0) / 2),
        "auroc_subjects": 2,
        "mae_subject_mean": pytest.approx((1.0 + 2.0 + 6.0) / 3),
        "mae_subjects": 3,
    }
    assert subject_means([]) == {}
    nobody = subject_means([{"a": {"auroc": None}}])
    assert nobody == {"auroc_subject_mean": None, "auroc_subjects": 0}


def test_a_mean_over_subjects_stands_beside_the_pooled_score_where_it_has_a_value():
    pooled = (ScoreColumn("auroc", "AUROC"), ScoreColumn("auc_pr", "AUC-PR"))
    shown = with_subject_means(pooled, {"auroc", "auroc_subject_mean", "auc_pr"})
    assert [one.words for one in shown] == ["AUROC", "AUROC, mean over subjects", "AUC-PR"]


def test_the_page_says_of_how_many_subjects_a_mean_is():
    facts = TASKS["detection"] | {"subjects": ["a", "b"], "leaks": []}
    subjects = {"a": {"auroc": 0.25}, "b": {"auroc": None}}
    named = {
        "task": "t",
        "encoder": "e",
        "adaptation": "probe",
        "seed": 0,
        "labels_subjects": "all",
        "draw": None,
        "pretraining_seeds": "",
    }
    row = named | result_row([facts], [LABELS.scores(facts)["model"]], [subjects])
    auroc = next(column for column in LABELS.columns if column.name == "auroc")
    columns = (auroc, of_subjects(auroc))
    page = leaderboard([row], [], {"t": columns}, columns, synthetic=False, within_subject=False)
    cell = page.sections[0].parts[0].rows[0][4]
    assert (cell.text, cell.small) == ("0.250", "one seed; 1 subject")
