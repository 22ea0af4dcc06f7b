"""Pages are self-contained, escape every text, give the same bytes, and say why a number is n/a."""

import re
from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pytest
from pageparts import ParsedPage, board

from eegssl.reports.cautions import limits, with_warnings
from eegssl.reports.cells import Footnotes, number_cell
from eegssl.reports.embed import svg_uri
from eegssl.reports.html import render_page
from eegssl.reports.score_forest import ForestRow, score_forest
from eegssl.reports.sections import (
    Banner,
    Bullets,
    Cell,
    Column,
    Counts,
    Glossary,
    Lineage,
    Page,
    ReportFigure,
    Table,
    Text,
    inserted,
    section,
)
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.event_scorers import SCORERS
from eegssl.scoring.events.event_scores import RecordingEvents
from eegssl.scoring.events.postprocess import Postprocess, Probabilities
from eegssl.scoring.statistics.uncertainty import window_intervals
from eegssl.scoring.threshold import choose_threshold
from eegssl.scoring.window_scores import METRICS, per_subject, window_scores
from eegssl.tasks.labels.measures.event_report import event_report
from eegssl.tasks.labels.page import page_of
from eegssl.tasks.labels.predictions import Predictions, Reference
from eegssl.tasks.labels.scores import AllScores

RUDE = "<script>alert('x')</script>\"><img src=http://evil.example/a.png onerror=x>"


SCORING = ScoringConfig(bootstrap_resamples=100)


RULE = Postprocess(0.5, smooth=3, merge_gap_s=30, min_duration_s=10)


def _lines(text):
    """The windows of the recording that is long enough, one probability in ten high."""
    start_s = np.arange(0, 3600, 4.0)
    p = np.where(np.arange(900) % 10 == 0, 0.8, 0.1)
    reference = [(100, 200)]
    return [
        Probabilities(f"{text}-1", f"{text}-r1", 3600.0, start_s, start_s * 0 + 4, p, reference)
    ]


def _scored(text="plain", event=True):
    """Predictions of two subjects with their scores, every name of them ``text``."""
    rng = np.random.default_rng(0)
    subjects = np.repeat([f"{text}-1", f"{text}-2"], 100)
    truth = np.r_[rng.random(100) < 0.3, np.zeros(100, bool)].astype(int)
    p = np.clip(0.4 * truth + 0.6 * rng.random(200), 0, 1)
    both, classes = np.stack([1 - p, p], axis=1), ("background", text)
    recordings = [
        RecordingEvents(f"{text}-1", f"{text}-r1", 3600.0, [(100, 200)], [(110, 150)]),
        RecordingEvents(f"{text}-2", f"{text}-r2", 60.0, [], []),
    ]
    about = {
        "task": text,
        "labels": "events" if event else "table",
        "permuted": False,
        "threshold": asdict(choose_threshold(truth, p)),
        "postprocess": asdict(RULE),
        "synthetic": True,
        "within_subject": False,
        "leaks": [],
    }
    predictions = Predictions(
        subject=subjects.tolist(),
        recording=np.repeat([f"{text}-r1", f"{text}-r2"], 100).tolist(),
        start_s=np.tile(np.arange(100) * 4.0, 2),
        duration_s=np.full(200, 4.0),
        truth=truth,
        probabilities=both,
        classes=classes,
        split_hash="",
        references=tuple(Reference(r.recording, r.subject, r.duration_s) for r in recordings),
        about=about,
    )
    scores = AllScores(
        windows=window_scores(truth, both, 0.5, classes),
        intervals=window_intervals(subjects, truth, both, 0.5, seed=0, n_resamples=100),
        per_subject=per_subject(subjects, truth, both, 0.5, classes),
        units=None,
        events=event_report(recordings, SCORING, 0, _lines(text), RULE) if event else None,
        subgroups=[],
    )
    return predictions, scores


def _evaluation(text="plain", event=True):
    return render_page(page_of(*_scored(text, event)))


def _every_part(text="plain"):
    """A page with each kind of part, every word of it ``text``."""
    figure = ReportFigure(text, text, text, svg_uri(score_forest([ForestRow(text, 0.5)], text)))
    table = Table(text, (Column(text),), ((Cell(text, text, text, link="page.html"),),), text,
                  ((text, text),))  # fmt: skip
    rows = ((text, text),)
    parts = (Text(text, title=text), Bullets((text,)), Glossary(rows), Counts(rows), figure, table)
    return render_page(
        Page(
            kicker=text,
            title=text,
            lead=text,
            sections=(
                section(f"{text}.", *parts, Lineage(((text, text, text),))),
                limits("evaluation", text),
            ),
            banners=(Banner(text, "warning"),),
            tiles=((text, text, text),),
            counts=rows,
            back=(text, "index.html"),
            version=text,
        )
    )


PAGES = {
    "every part": _every_part,
    "evaluation": _evaluation,
    "evaluation without events": lambda text: _evaluation(text, event=False),
    "leaderboard": lambda text: render_page(board(text)),
}


@cache
def page_named(name, text="plain"):
    """One of the pages, made once for all tests that only read it."""
    return PAGES[name](text)


@pytest.mark.parametrize("name", PAGES)
def test_hostile_text_stays_text(name):
    page = ParsedPage(page_named(name, RUDE))
    assert "script" not in page.tags
    assert RUDE in page.words
    sources = [value for key, value in page.attributes if key == "src"]
    assert sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not [key for key, _ in page.attributes if key.startswith("on")]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_and_says_so_to_the_browser(name):
    html = page_named(name)
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'"
    )
    assert ("content", policy) in ParsedPage(html).attributes
    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html
    assert "url(" not in html
    assert "<link" not in html


def test_a_page_ends_with_the_warnings_that_it_does_not_say_yet():
    page = Page("", "t", "", (section("s", Text("Told: one of them.")),), (Banner("two"),))
    words = ["one of them", "two", "three", "three", *(f"w{k}" for k in range(30))]
    last = with_warnings(page, words).sections[-1]
    assert last.title == "What this run warned of"
    (bullets,) = last.parts
    assert bullets.sentences[:2] == ("Three.", "W0.")
    assert bullets.sentences[-1] == "11 more warnings are in manifest.json."
    assert len(bullets.sentences) == 21
    assert with_warnings(page, ["two"]).sections[-1].parts == ()


@pytest.mark.parametrize("name", PAGES)
def test_a_table_of_contents_leads_to_every_section(name):
    page = ParsedPage(page_named(name))
    links = [value[1:] for key, value in page.attributes if key == "href" and value[0] == "#"]
    anchors = [value for key, value in page.attributes if key == "id"]
    assert len(set(anchors)) == len(anchors) == page.tags.count("h2")
    assert links == (anchors if len(anchors) > 1 else [])


@pytest.mark.parametrize("name", PAGES)
def test_what_is_wider_than_a_telephone_scrolls_and_says_so(name):
    html = page_named(name)
    page = ParsedPage(html)
    tables = re.findall(
        r'(<p class="hint[^"]*">Scroll the table[^<]*</p>\s*)?<div class="(table[^"]*)"', html
    )
    assert len(tables) == page.tags.count("table")
    assert all(("scrolls" in kinds) == bool(hint) for hint, kinds in tables)
    figures = re.findall(r'Scroll the figure sideways.</p>\s*<div class="picture"', html)
    assert len(figures) == page.tags.count("img")
    assert "@media (max-width: 640px)" in html


def test_words_with_hyphens_are_kept_whole_and_escaped():
    head = (Column("AUC-PR"), Column("band-power-<b>"), Column("Alarms per 24 h"))
    html = render_page(Page("", "t", "", (section("s", Table("t", head, ())),)))
    assert '<span class="whole">AUC-PR</span>' in html
    assert 'per <span class="whole">24 h</span>' in html
    assert '<span class="whole">band-power-&lt;b&gt;</span>' in html


@pytest.mark.parametrize("name", PAGES)
def test_the_same_content_gives_the_same_bytes(name):
    assert PAGES[name]("plain") == page_named(name)


def test_banners_and_research_use_stand_before_any_number():
    html = page_named("evaluation")
    first_number = html.index('class="tiles"')
    assert html.index("Research use only") < first_number
    assert html.index('<li class="warning">Synthetic data') < first_number


def test_numbers_are_those_of_the_scores_with_three_decimals():
    predictions, scores = _scored()
    words = ParsedPage(page_named("evaluation")).words
    for metric in METRICS:
        assert f"{scores.windows[metric]:.3f}" in words
    assert f"{predictions.about['threshold']['value']:.4f}" in words


def test_a_score_without_a_value_says_na_and_why():
    html = page_named("evaluation")
    assert re.search(r"n/a<sup>a</sup>", html)
    words = ParsedPage(html).words
    assert "n/a: only one class present: background." in words
    assert "n/a: no recording of at least 10 minutes." in words
    assert "no interval: 1 patients, fewer than 10" in words
    assert ">nan<" not in html
    assert ">None<" not in html


def test_the_event_table_names_its_standard_its_policy_and_its_counts():
    words = ParsedPage(page_named("evaluation")).words
    assert "SzCORE" in words
    assert "NaN policy: skip" in words
    assert "Scored: 1 of 2 recordings, from 1 subject," in words
    assert "1 of 2 recording(s), with" in words
    assert "are shorter than 10 minutes and are in no event score" in words


def test_the_event_section_holds_every_scorer_the_curve_and_what_was_locked():
    words = ParsedPage(page_named("evaluation")).words
    for scorer in SCORERS.values():
        assert scorer.title in words
        assert scorer.rule in words
    assert "meets the count requirement of ILAE phase 1" in words
    assert "at most 0.5" in words
    assert "moving mean over 3 windows" in words
    assert "closer than 30 s joined" in words
    assert "shorter than 10 s dropped" in words


def test_a_page_without_threshold_says_how_windows_were_decided():
    predictions, scores = _scored(event=False)
    bare = replace(predictions, about=predictions.about | {"threshold": None, "postprocess": None})
    page = render_page(page_of(bare, scores))
    assert "if its probability is at least 0.5" in ParsedPage(page).words


def test_three_classes_have_a_page_too():
    truth, p = np.array([0, 1, 2, 0]), np.eye(3)[[0, 1, 1, 0]]
    classes, subjects = ("rest", "left", "right"), list("aabb")
    predictions, _ = _scored(event=False)
    predictions = replace(
        predictions.subset(np.arange(200) < 4),
        subject=subjects,
        truth=truth,
        probabilities=p,
        classes=classes,
        about=predictions.about | {"threshold": None},
    )
    scores = AllScores(
        windows=window_scores(truth, p, None, classes),
        intervals={},
        per_subject=per_subject(subjects, truth, p, None, classes),
        units=None,
        events=None,
        subgroups=[],
    )
    assert "most probable class" in ParsedPage(render_page(page_of(predictions, scores))).words


def test_a_section_is_put_before_the_first_of_these_titles_and_an_empty_one_is_not_shown():
    page = Page("", "t", "", (section("one", Text("1")), section("two", Text("2"))))
    for before, titles in ((("x", "two"), ["one", "new", "two"]), ((), ["one", "two", "new"])):
        longer = inserted(page, section("new", Text("3")), before)
        assert [one.title for one in longer.sections] == titles
    assert "<h2>new" not in render_page(inserted(page, section("new", None), ()))


def test_a_figure_from_outside_and_a_ragged_table_are_refused():
    with pytest.raises(ValueError, match="no embedded"):
        ReportFigure("t", "c", "a", "https://example.org/x.png")
    with pytest.raises(ValueError, match="no page of this folder"):
        Cell("t", link="https://example.org/x.html")
    with pytest.raises(ValueError, match="another length"):
        Table("t", (Column("a"), Column("b")), ((Cell("1"),),))


def test_the_same_reason_gets_the_same_letter_also_beyond_z():
    notes = Footnotes()
    letters = [number_cell(None, notes, f"reason {i % 28}").mark for i in range(56)]
    assert letters[:3] == ["a", "b", "c"]
    assert letters[26:28] == ["aa", "ab"]
    assert letters[:28] == letters[28:]
