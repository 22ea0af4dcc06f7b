"""Figures show what they are given, always in the same bytes, and load nothing."""

import base64
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest

from eegssl.reports.codebook.masked_patches import (
    codebook_perplexity,
    codebook_usage,
    masked_reconstruction,
)
from eegssl.reports.curves import probability_histogram, roc_and_precision_recall, training_curves
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.score_forest import ForestRow, score_forest, subject_rows
from eegssl.reports.trace_figure import (
    DetectedLine,
    clock,
    display_scale_uv,
    traces_with_predictions,
)

RUDE = "<script>alert(1)</script> $\\frac{1}$ & \x07"


def _traces(signal_uv=None, names=("Fp1", "F7", RUDE), threshold=0.5, **changed):
    rng = np.random.default_rng(0)
    signal_uv = rng.normal(0, 20, (3, 2000)) if signal_uv is None else signal_uv
    arguments = {
        "start_s": 100.0,
        "window_start_s": np.array([100.0, 105.0]),
        "window_duration_s": np.array([5.0, 5.0]),
        "probability": np.array([0.1, 0.9]),
        "truth_spans": [(104.0, 109.0), (500.0, 600.0)],
        "event_name": RUDE,
    }
    arguments.update(changed)
    return traces_with_predictions(signal_uv, names, 200.0, threshold=threshold, **arguments)


def _spectra():
    rng = np.random.default_rng(0)
    mask = np.zeros((2, 8), dtype=bool)
    mask[1] = True
    spectra = [rng.normal(size=(2, 70)) for _ in range(3)]
    return masked_reconstruction(*spectra, np.arange(1, 71), [(1, 0), (1, 7)], mask, ("Fp1", RUDE))


def _binary(n=300):
    rng = np.random.default_rng(0)
    truth = (rng.random(n) < 0.3).astype(int)
    return truth, np.clip(0.4 * truth + 0.6 * rng.random(n), 0, 1)


def _rows():
    return [{"step": s, "train_loss": 5 - s, "val_loss": 5.5 - s, "lr": 0.1} for s in range(4)]


DETECTED = DetectedLine(
    np.array([100.0, 103.0, 110.0]), np.array([0.3, 0.7]), 0.6, [(103.0, 110.0), (300.0, 310.0)]
)


FIGURES = {
    "traces": _traces,
    "detections": lambda: _traces(detected=DETECTED),
    "training": lambda: training_curves(_rows(), ("loss", "lr")),
    "masked": _spectra,
    "codebook": lambda: codebook_usage(np.array([5, 0, 100, 1])),
    "roc": lambda: roc_and_precision_recall(*_binary(), 0.5),
    "histogram": lambda: probability_histogram(*_binary(), 0.5, ("background", RUDE)),
    "subjects": lambda: score_forest(
        subject_rows(["a", RUDE], [0.7, None]), RUDE, chance=0.5, whole=True, mean=True
    ),
    "benchmark": lambda: score_forest(
        [
            ForestRow(RUDE, 0.65, (0.5, 2.0), (0.6, 0.7)),
            ForestRow("b", 0.5, chance=(0.4, 0.6), is_baseline=True),
        ],
        RUDE,
        chance=0.5,
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_the_same_bytes_each_time_whatever_the_users_matplotlib_settings(name):
    first = svg_uri(FIGURES[name]())
    with matplotlib.rc_context({"axes.grid": True, "font.size": 20, "svg.fonttype": "none"}):
        assert svg_uri(FIGURES[name]()) == first


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_xml_that_runs_and_loads_nothing(name):
    svg = base64.b64decode(svg_uri(FIGURES[name]()).split(",")[1])
    tags, links = set(), []
    for element in ET.fromstring(svg).iter():
        tags.add(element.tag.rpartition("}")[2])
        links += [v for k, v in element.attrib.items() if k.rpartition("}")[2] in ("href", "src")]
    assert "script" not in tags
    assert "foreignObject" not in tags
    assert all(link.startswith(("#", "data:image/png")) for link in links)
    assert b"<dc:date>" not in svg


def test_a_png_says_nothing_of_when_and_by_what_it_was_made():
    uri = png_uri(_traces())
    assert uri == png_uri(_traces())
    assert b"Software" not in base64.b64decode(uri.split(",")[1])


def test_negative_potentials_go_up():
    signal_uv = np.zeros((1, 2000))
    signal_uv[0, 1000] = -100.0
    signal_uv[0, ::2] += 1.0
    traces = _traces(signal_uv, ("Cz",)).axes[1]
    line = max(traces.lines, key=lambda candidate: len(candidate.get_xdata()))
    heights = traces.transData.transform(np.c_[line.get_xdata(), line.get_ydata()])[:, 1]
    assert np.argmax(heights) == 1000


def test_channels_stand_in_their_order_from_the_top_at_their_times():
    traces = _traces(names=("A", "B", "C")).axes[1]
    assert [label.get_text() for label in traces.get_yticklabels()] == ["A", "B", "C"]
    pixels = traces.transData.transform([(0, row) for row in range(3)])[:, 1]
    assert pixels[0] > pixels[1] > pixels[2]
    longest = max(traces.lines, key=lambda candidate: len(candidate.get_xdata()))
    assert longest.get_xdata()[0] == 100.0
    assert traces.get_xlim() == (100.0, 110.0)


def test_only_windows_at_or_above_the_threshold_look_like_alarms():
    bars = _traces(probability=np.array([0.49, 0.5])).axes[0].patches
    widths = [bar for bar in bars if bar.get_width() == 5.0 and bar.get_y() == 0]
    low, high = [bar for bar in widths if bar.get_height() in (0.49, 0.5)]
    assert low.get_facecolor() != high.get_facecolor()


def test_a_gap_a_flat_and_a_lost_channel_can_be_drawn():
    signal_uv = np.random.default_rng(0).normal(0, 20, (3, 2000))
    signal_uv[0, 500:700], signal_uv[1], signal_uv[2] = np.nan, 0.0, np.nan
    assert png_uri(_traces(signal_uv)).startswith("data:image/png;base64,")
    assert display_scale_uv(np.full((1, 10), np.nan)) > 0


def test_one_artefact_channel_does_not_flatten_the_others():
    signal_uv = np.random.default_rng(0).normal(0, 20, (5, 2000))
    quiet = display_scale_uv(signal_uv)
    signal_uv[0] *= 1000
    assert display_scale_uv(signal_uv) == quiet


def test_names_that_do_not_fit_the_signal_are_refused():
    with pytest.raises(ValueError, match="2 names"):
        _traces(names=("A", "B"))


def test_the_clock_reads_as_a_clock():
    assert clock(61, 100) == "1:01"
    assert clock(3661, 4000) == "1:01:01"
    assert clock(-5, 100) == "-0:05"


def test_what_is_scored_is_drawn_as_bars_with_the_threshold_of_their_rule():
    figure = _traces(detected=DETECTED)
    strip = figure.axes[0]
    spans = [patch.get_extents().transformed(strip.transData.inverted()) for patch in strip.patches]
    bars = [box for box in spans if box.x0 == pytest.approx(103) and box.x1 == pytest.approx(110)]
    assert len(bars) == 2
    assert 0.6 in [line.get_ydata()[0] for line in strip.lines]
    assert 0.5 not in [line.get_ydata()[0] for line in strip.lines]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[1:] == ["detected", "smoothed", "each window", "threshold 0.600"]


def test_a_picture_of_few_colours_is_smaller_and_the_same_each_time():
    large, small = (png_uri(_traces(), colours=n) for n in (0, 128))
    assert len(small) < 0.6 * len(large)
    assert small == png_uri(_traces(), colours=128)
    assert base64.b64decode(small.partition(",")[2]).startswith(b"\x89PNG")


def test_training_and_validation_share_a_panel_and_what_is_no_number_has_none():
    rows = [*_rows(), {"step": 4, "val_accuracy": 0.5, "note": "x", "z": None}]
    figure = training_curves(rows, ("loss", "accuracy", "lr", "note", "z"))
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["loss", "accuracy", "lr"]
    assert len(figure.axes[0].lines) == 2


def test_losses_of_another_size_have_a_panel_each():
    rows = [{"step": s, "train_loss": 1 - s / 9, "val_loss": 90.0 - s} for s in range(5)]
    figure = training_curves(rows, ("loss",))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["train loss", "val loss"]
    assert all(len(ax.lines) == 1 for ax in figure.axes)


def test_wanted_curves_are_drawn_in_the_wanted_order_and_nothing_to_draw_is_an_error():
    figure = training_curves(_rows(), ("lr", "loss", "absent"))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["lr", "loss"]
    with pytest.raises(ValueError, match="nothing to draw"):
        training_curves([{"step": 1}], ("loss",))


def test_perplexity_is_the_number_of_codes_used_alike():
    assert codebook_perplexity(np.full(64, 7)) == pytest.approx(64)
    assert codebook_perplexity(np.array([9, 0, 0])) == pytest.approx(1)
    with pytest.raises(ValueError, match="no code was used"):
        codebook_usage(np.zeros(4, int))


def test_what_can_not_be_drawn_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="one class only"):
        roc_and_precision_recall(np.zeros(4, int), np.linspace(0, 1, 4), None)
    with pytest.raises(ValueError, match="no row to draw of AUROC"):
        score_forest([], "AUROC")
    with pytest.raises(ValueError, match="1 subjects and 0 scores"):
        subject_rows(["a"], [])


def test_subjects_stand_best_first_with_their_scores_and_those_without_last():
    rows = subject_rows(["a", "b", "c"], [0.25, None, 0.75])
    assert [row.name for row in rows] == ["c   0.750", "a   0.250", "b   n/a"]
    figure = score_forest(rows, "AUROC", chance=0.4, whole=True, mean=True)
    assert figure.axes[0].get_xlim() == (0, 1)
    lines = {tuple(line.get_xdata()) for line in figure.axes[0].lines}
    assert {(0.75,), (0.25,), (0.4, 0.4), (0.5, 0.5)} <= lines


def test_a_night_of_windows_draws_those_in_view_alone():
    start_s = np.arange(0.0, 86_400.0, 5.0)
    probability = np.full(len(start_s), 0.1)
    probability[[20, 21]] = 0.1, 0.9  # at 100 s and 105 s
    night = {
        "window_start_s": start_s,
        "window_duration_s": np.full(len(start_s), 5.0),
        "probability": probability,
    }
    figure = _traces(**night)
    assert len(figure.axes[0].patches) < 10
    assert png_uri(figure) == png_uri(_traces(**{name: v[18:24] for name, v in night.items()}))
