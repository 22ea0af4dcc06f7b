"""DPALIGN, by alignments written out by hand, by a search for the best one, and all of them."""

from functools import cache

import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.dpalign import dpalign_counts
from eegssl.scoring.events.event_lists import clean_events

DURATION_S = 1000.0
A, B, C = (100, 200), (300, 400), (500, 600)
AT_START, AT_END, ALL = (0, 50), (900, 1000), (0, 1000)

# The words are of b(ackground) and s(eizure); "-" is an insertion or a deletion.
WORKED = {
    "b s b / b s b: one hit": ([A], [A], 1, 0),
    "b s b / b s b at another time: one hit, for time does not count": ([A], [C], 1, 0),
    "b s b / - - b: the seizure is deleted": ([A], [], 0, 0),
    "- - b / b s b: the seizure is inserted": ([], [A], 0, 1),
    "b / b: nothing to find and nothing found": ([], [], 0, 0),
    "b s b s b / b s b - -: one hit, one deleted": ([A, B], [B], 1, 0),
    "b s b - - / b s b s b: one hit, one inserted": ([A], [A, B], 1, 1),
    "three against three, none at its time: three hits": (
        [A, B, C],
        [(1, 2), (3, 4), (5, 6)],
        3,
        0,
    ),
    "b s b / b s - : an alarm to the end loses the last background alone": ([A], [AT_END], 1, 0),
    "b s b / - s b: an alarm from the start loses the first background alone": (
        [A],
        [AT_START],
        1,
        0,
    ),
    "b s b / - s -: an alarm all the time is one hit and costs nothing": ([A], [ALL], 1, 0),
    "b / s: the background is substituted, which NEDC calls no false alarm": ([], [ALL], 0, 0),
    "s / b: the seizure is substituted, which is a miss": ([ALL], [], 0, 0),
    "s / s: a seizure all the time is found": ([ALL], [ALL], 1, 0),
    "b s / s b: both substituted, for a shift costs as much; the seizure is missed": (
        [AT_END],
        [AT_START],
        0,
        0,
    ),
    "s b / b s: both substituted, the seizure is missed": ([AT_START], [AT_END], 0, 0),
    "b s b - / - s b s: shifted by a place; one hit, one inserted": (
        [A],
        [AT_START, AT_END],
        1,
        1,
    ),
    "s b s - / - b s b: shifted; the first seizure is deleted, the last is hit": (
        [AT_START, AT_END],
        [A],
        1,
        0,
    ),
    "b s b s - / - s b s b: shifted; both hit": ([A, AT_END], [AT_START, C], 2, 0),
    "s b s b - / - b s b s: shifted; the first deleted, one hit, the last inserted": (
        [AT_START, A],
        [A, AT_END],
        1,
        1,
    ),
}


@pytest.mark.parametrize("working", WORKED)
def test_dpalign_is_as_written_out_by_hand(working):
    reference, hypothesis, hits, false = WORKED[working]
    got = dpalign_counts(reference, hypothesis, DURATION_S)
    assert got == EventCounts(len(reference), hits, false, DURATION_S)


def word(events, duration_s):
    """The labels of a recording in order, as letters."""
    letters, at = "", 0.0
    for onset, offset in events:
        letters += "b" * (onset > at) + "s"
        at = offset
    return letters + "b" * (at < duration_s)


def searched(reference, hypothesis):
    """Hits and false alarms of the best alignment, by dynamic programming.

    Of equally good ones NEDC's: seen from the end, a pair before an insertion before a deletion.
    """
    cost = {(i, 0): (i, "delete") for i in range(len(reference) + 1)}
    cost |= {(0, j): (j, "insert") for j in range(len(hypothesis) + 1)}
    for i, truth in enumerate(reference, 1):
        for j, alarm in enumerate(hypothesis, 1):
            ways = [
                (cost[i - 1, j - 1][0] + (truth != alarm), "pair"),
                (cost[i, j - 1][0] + 1, "insert"),
                (cost[i - 1, j][0] + 1, "delete"),
            ]
            cost[i, j] = min(ways, key=lambda way: way[0])
    i, j, hits, false = len(reference), len(hypothesis), 0, 0
    while i or j:
        step = cost[i, j][1]
        hits += step == "pair" and reference[i - 1] == hypothesis[j - 1] == "s"
        false += step == "insert" and hypothesis[j - 1] == "s"
        i, j = i - (step != "insert"), j - (step != "delete")
    return hits, false


events_of_10_s = st.lists(st.integers(0, 39), max_size=16).map(
    lambda starts: list(clean_events([(10.0 * t, 10.0 * t + 10) for t in starts], 400.0).events)
)


@examples(600)
@given(events_of_10_s, events_of_10_s)
def test_the_known_alignment_is_the_one_that_a_search_finds(reference, hypothesis):
    got = dpalign_counts(reference, hypothesis, 400.0)
    expected = searched(word(reference, 400.0), word(hypothesis, 400.0))
    assert (got.tp, got.fp) == expected


def _events_of(letters):
    events = [(10.0 * i, 10.0 * i + 10) for i, letter in enumerate(letters) if letter == "s"]
    return events, 10.0 * len(letters)


@cache
def alternating(n, first):
    """Labels b and s in turn."""
    return "".join("bs"[(i + "bs".index(first)) % 2] for i in range(n))


def test_every_pair_of_words_up_to_twelve_labels_agrees_with_the_search():
    words = [alternating(n, first) for n in range(1, 13) for first in "bs"]
    for mine in words:
        for theirs in words:
            (reference, length), (hypothesis, other) = _events_of(mine), _events_of(theirs)
            stretched = [(a * length / other, b * length / other) for a, b in hypothesis]
            got = dpalign_counts(reference, stretched, length)
            assert (got.tp, got.fp) == searched(mine, theirs), (mine, theirs)


def _best(reference, hypothesis):
    """The least cost over all alignments, each tried."""
    if not reference or not hypothesis:
        return len(reference) + len(hypothesis)
    return min(
        _best(reference[1:], hypothesis[1:]) + (reference[0] != hypothesis[0]),
        _best(reference[1:], hypothesis) + 1,
        _best(reference, hypothesis[1:]) + 1,
    )


@pytest.mark.parametrize("n", range(1, 6))
@pytest.mark.parametrize("m", range(1, 6))
def test_the_best_of_all_alignments_costs_the_difference_in_length_or_at_most_two(n, m):
    for first, other in ("bb", "bs", "sb", "ss"):
        unlike = n == m and first != other
        cost = _best(alternating(n, first), alternating(m, other))
        assert cost == abs(n - m) + unlike * min(n, 2)


@given(events_of_10_s, events_of_10_s)
def test_a_hit_needs_an_event_on_both_sides_and_what_is_left_is_at_most_false(
    reference, hypothesis
):
    got = dpalign_counts(reference, hypothesis, 400.0)
    assert 0 <= got.tp <= min(len(reference), len(hypothesis))
    assert 0 <= got.fp <= len(hypothesis) - got.tp


@given(events_of_10_s)
def test_a_list_scores_perfectly_against_itself(events):
    got = dpalign_counts(events, events, 400.0)
    assert (got.tp, got.fp) == (len(events), 0)
