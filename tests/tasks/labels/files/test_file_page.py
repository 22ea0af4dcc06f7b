"""The page of one file says what was detected, what is missing, and on what it rests."""

from datetime import datetime

import numpy as np
import pytest
from filepredictions import file_prediction
from pageparts import ParsedPage

from eegssl.reports.html import RESEARCH_USE, render_page
from eegssl.tasks.labels.files.file_page import detection_pictures, file_page
from eegssl.tasks.labels.files.probability_figure import probability_figure

RUDE = "<script>alert(1)</script>"


def words(one, *pictures):
    return " ".join(ParsedPage(render_page(file_page(one, *pictures))).words.split())


def test_the_page_tells_times_gaps_missing_channels_and_the_cohort():
    text = words(file_prediction())
    assert "0:10:00 0:10:40 40.0 0.90" in text
    assert "1:06:40 1:07:10 30.0 0.90" in text
    assert "Missing: 2 channels that the model was fitted with (O1, O2)." in text
    assert "EEG in 1 gap: 0:50:00 to 1:00:00." in text
    assert "Any answer for 5 s of EEG" in text
    assert "Fitted on 3 h of 4 subjects." in text
    assert "the mains are 60 Hz" in text
    assert RESEARCH_USE in text
    assert "no medical device" in text


def test_what_the_model_has_seen_is_told_by_the_worst_of_it():
    for seen, told in (
        ((), ""),
        (("subject",), "fitted on other EEG of this person"),
        (("recording", "subject"), "fitted on this recording"),
        (("waveform", "subject"), "under another id"),
        (("statistics",), "chosen on this person"),
    ):
        text = words(file_prediction(about={"seen": seen}))
        assert ("Seen in training" in text) == bool(seen)
        assert told in text


def test_a_start_is_told_where_it_is_known():
    assert "2011-03-02 22:25:01" in words(file_prediction(start=datetime(2011, 3, 2, 22, 15, 1)))
    assert "Startnot told" in words(file_prediction())


def test_nothing_detected_is_said_and_is_no_proof():
    text = words(file_prediction(events=(), segments=((0.0, 1800.0),), missing=()))
    assert "Nothing in 30.0 min of EEG: no proof that there was no seizure." in text
    assert "Highest probability0.10threshold 0.50" in text
    assert "too little EEG for a rate" in text


def test_a_page_loads_nothing_and_escapes_everything():
    about = {"task": RUDE, "fitted_on": RUDE, "warnings": (RUDE,), "model": RUDE}
    one = file_prediction(name=RUDE, channels=(RUDE,), missing=(RUDE,), kind=RUDE, about=about)
    html = render_page(file_page(one))
    assert "<script" not in html
    assert "Content-Security-Policy" in html
    assert html == render_page(file_page(one))


def test_pictures_are_of_the_most_probable_detections_within_their_segment():
    views = []

    def read_uv(first_s, last_s):
        views.append((first_s, last_s))
        return np.zeros((3, round((last_s - first_s) * 100)))

    one = file_prediction(confidence=(0.7, 0.9), events=((600.0, 640.0), (3600.0, 3630.0)))
    (only,) = detection_pictures(one, read_uv, 100.0, 1, 30.0)
    assert only.title == "Detected: 1:00:00 to 1:00:30"
    both = detection_pictures(one, read_uv, 100.0, 5, 30.0)
    assert [p.title[:17] for p in both] == ["Detected: 0:10:00", "Detected: 1:00:00"]
    assert views == [(3600.0, 3630.0), (590.0, 620.0), (3600.0, 3630.0)]
    assert "EEG of what was detected" in words(one, both)


@pytest.mark.parametrize("hours", [0.01, 4.0, 23.9])
def test_every_length_is_drawn(hours):
    one = file_prediction(events=(), segments=((0.0, hours * 3600),))
    assert probability_figure(one).uri == probability_figure(one).uri
