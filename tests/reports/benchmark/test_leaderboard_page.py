"""The leaderboard ranks by each task's own score and says how systems compare."""

import re

import numpy as np
import pytest
from pageparts import ParsedPage, board

from eegssl.reports.benchmark.comparisons import Comparison
from eegssl.reports.benchmark.leaderboard import ranking_figure
from eegssl.reports.benchmark.leaderboard_row import LeaderboardRow
from eegssl.reports.benchmark.score_columns import ScoreColumn
from eegssl.reports.html import render_page
from eegssl.scoring.statistics.intervals import mean_interval


def test_the_leaderboard_says_how_systems_compare_with_p_and_interval():
    one = Comparison(
        "plain", "all", "sys", "base", "auroc", "subject", 12, 12, 0.1, 0.05, 0.15, 0.01, 0.02, ""
    )
    words = ParsedPage(render_page(board(comparisons=(one,)))).words.replace("\u00a0", " ")
    assert "Compared with base" in words
    for number in ("+0.100", "+0.050 to +0.150", "0.010", "0.020"):
        assert number in words


def test_units_and_numbers_of_labelled_subjects_have_tables_of_their_own():
    numbers = (0.1, 0.05, 0.15, 0.01, 0.02, "")
    compared = [
        Comparison("plain", labels, "sys", "base", metric, unit, 12, 9, *numbers)
        for labels in ("2", "all")
        for metric, unit in (("unit_auroc", "recording"), ("auroc", "subject"))
    ]
    words = ParsedPage(render_page(board(comparisons=compared))).words
    assert words.count("labelled subjects: 2") == 2
    assert words.count("by the score of all recordings together") == 2
    assert words.count("subject by subject") == 2


def test_runs_with_fewer_labels_are_ranked_among_themselves_and_drawn_as_a_curve():
    rows = [
        LeaderboardRow(
            *("t", name, "", False, {"auroc": values}),
            labels_subjects=labels,
            seeds=(0,) * len(values),
            n_draws=2 if labels == "2" else 0,
        )
        for name, labels, values in (
            ("far", "2", (0.5, 0.6)),
            ("near", "2", (0.7, 0.8)),
            ("far", "all", (0.9,)),
            ("near", "all", (0.8,)),
        )
    ]
    page = board("x", rows)
    lines = [[cell.text for cell in line[:3]] for line in page.sections[0].parts[0].rows]
    assert lines == [
        ["1", "2", "near"],
        ["2", "2", "far"],
        ["1", "all", "far"],
        ["2", "all", "near"],
    ]
    html = render_page(page)
    assert "2 draws \u00d7 1 seed" in html
    assert html.count("<strong>") == 2
    assert "AUROC by labelled subjects, t" in html


def test_the_leaderboard_ranks_by_its_first_metric_and_marks_the_best_of_each():
    html = render_page(board("sys"))
    assert re.search(r"<strong>0\.850</strong>", html)
    assert re.search(r"<strong>0\.030</strong>", html)  # the lower calibration error is the better
    body = html[html.index("<tbody>") :]
    assert body.index("0.850") < body.index("0.550")
    assert "1 of 2 seeds" in html


def test_systems_without_a_value_stand_last_and_an_empty_task_has_no_figure():
    rows = (
        LeaderboardRow("t", "none", "", False, {"auroc": (None,)}),
        LeaderboardRow("t", "some", "", False, {"auroc": (0.4,)}),
        LeaderboardRow("empty", "none", "", False, {"auroc": (None,)}),
    )
    html = render_page(board("x", rows))
    assert html.index("some") < html.index("none</td>")
    assert html.count("<figure>") == 1


def test_tasks_are_ranked_each_by_its_own_score_and_small_errors_are_the_better():
    rows = (
        LeaderboardRow("classes", "one", "", False, {"auroc": (0.4,)}),
        LeaderboardRow("numbers", "far", "", False, {"unit_mae": (9.0,)}),
        LeaderboardRow("numbers", "near", "", False, {"unit_mae": (2.0,)}),
    )
    words = ParsedPage(render_page(board("x", rows))).words
    assert "Ranked by AUROC" in words
    assert "Ranked by mean absolute error" in words
    assert words.index("near") < words.index("far")


def test_a_system_that_was_not_run_stands_last_with_its_reason_below():
    lost = LeaderboardRow("t", "lost", "", True, {"auroc": ()}, "too few channels")
    rows = (lost, LeaderboardRow("t", "some", "", False, {"auroc": (0.4,)}))
    html = render_page(board("x", rows))
    assert html.index("some") < html.index("lost")
    assert html.count("not run: too few channels") == 1


def drawn_interval(row):
    """The bar of a system in the ranking figure; None where there is none."""
    axes = ranking_figure([row], ScoreColumn("auroc", "AUROC")).axes[0]
    bars = [line for line in axes.lines if line.get_linewidth() == 2.2]
    return np.asarray(bars[0].get_xdata(), float) if bars else None


def test_the_interval_is_over_seeds_and_not_over_draws_that_share_their_test_subjects():
    """Two seeds, five draws each: draws repeat no training, so n is 2 and not 10."""
    by_seed = {0: (0.70, 0.71, 0.72, 0.73, 0.74), 1: (0.76, 0.77, 0.78, 0.79, 0.80)}
    values, seeds = sum(by_seed.values(), ()), (0,) * 5 + (1,) * 5
    row = LeaderboardRow("t", "a", "", False, {"auroc": values}, seeds=seeds, n_draws=5)
    means = mean_interval([0.72, 0.78])
    assert drawn_interval(row) == pytest.approx([means.low, min(means.high, 1.0)])
    caption = board("x", [row]).sections[0].parts[1].caption
    assert "5 draws of labelled subjects \u00d7 2 seeds" in caption
    assert "interval over 2 seeds, of each seed's mean over draws" in caption


def test_draws_of_one_seed_have_no_interval_and_the_caption_says_so():
    row = LeaderboardRow("t", "a", "", False, {"auroc": (0.7, 0.8)}, seeds=(0, 0), n_draws=2)
    assert drawn_interval(row) is None
    caption = board("x", [row]).sections[0].parts[1].caption
    assert "One seed has no interval" in caption
    assert "share test subjects" in caption


def test_without_draws_the_interval_is_over_the_runs_which_are_seeds():
    row = LeaderboardRow("t", "a", "", False, {"auroc": (0.7, None, 0.8)}, seeds=(0, 1, 2))
    means = mean_interval([0.7, 0.8])
    assert drawn_interval(row) == pytest.approx([max(means.low, 0.0), min(means.high, 1.0)])
    caption = board("x", [row]).sections[0].parts[1].caption
    assert "interval over 3 seeds. " in caption
    assert "draw" not in caption
    few = LeaderboardRow("t", "a", "", False, {"auroc": (0.7, 0.8)}, labels_subjects="2")
    caption = board("x", [few]).sections[0].parts[1].caption
    assert "each of which draws its labelled subjects" in caption


def test_the_interval_of_two_far_seeds_stays_within_the_range_of_the_score():
    rows = [LeaderboardRow("t", "a", "", False, {"auroc": (0.2, 0.99)})]
    axes = ranking_figure(rows, ScoreColumn("auroc", "AUROC")).axes[0]
    drawn = np.concatenate([np.asarray(line.get_xdata(), float) for line in axes.lines])
    assert 0 <= drawn.min() <= drawn.max() <= 1
    assert 0 <= axes.get_xlim()[0] < axes.get_xlim()[1] <= 1


def test_a_control_is_neither_ranked_nor_bold():
    scores = ({"auroc": (0.9,)}, {"auroc": (0.6,)})
    rows = tuple(
        LeaderboardRow(task, name, "probe", False, own, is_control=task == "permuted")
        for task in ("seizures", "permuted")
        for name, own in zip(("a", "b"), scores, strict=True)
    )
    true, control = board(rows=rows).sections
    tables = [next(p for p in one.parts if p.kind == "table") for one in (true, control)]
    assert [[row[0].text for row in table.rows] for table in tables] == [["1", "2"], ["–", "–"]]
    assert [[cell.strong for row in t.rows for cell in row].count(True) for t in tables] == [1, 0]
    assert "Ranked by" in tables[0].caption
    assert "not ranked" in tables[1].caption
    assert control.parts[0].words.startswith("A control: labels were permuted")


def test_the_control_of_random_weights_says_so():
    row = LeaderboardRow("t", "random-init", "probe", False, {"auroc": (0.9,)}, random_weights=True)
    (only,) = board(rows=(row,)).sections
    table = next(part for part in only.parts if part.kind == "table")
    assert "control: random weights" in [cell.small for cell in table.rows[0]]
