"""Parse a page into its words, tags and attributes; a leaderboard of two systems."""

from html.parser import HTMLParser

from eegssl.reports.benchmark.leaderboard import leaderboard_page
from eegssl.reports.benchmark.leaderboard_row import LeaderboardRow
from eegssl.reports.benchmark.score_columns import ScoreColumn, error
from eegssl.reports.sections import (
    Banner,
)

VOID = {"meta", "img", "br"}


class ParsedPage(HTMLParser):
    """The tags of a page, each opened and closed in order, and all its words."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words += data


def board(text="plain", rows=None, comparisons=()):
    scores = {"auroc": (0.9, 0.8), "ece": (0.1, 0.2), "f1": (None, None)}
    low = {"auroc": (0.6, 0.5), "ece": (0.05, 0.01), "f1": (0.1, None)}
    default = (
        LeaderboardRow(text, text, text, False, scores),
        LeaderboardRow(text, f"{text} baseline", "", True, low),
    )
    columns = (
        ScoreColumn("auroc", "AUROC"),
        error("ece", "Calibration error"),
        error("unit_mae", "Mean absolute error"),
    )
    return leaderboard_page(
        default if rows is None else rows,
        {column.name: column for column in columns},
        comparisons,
        (Banner(text),),
        ((text, text),),
    )
