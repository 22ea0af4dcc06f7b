"""Every kind of leak is found when planted, told with its number, and nothing else is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.artifacts.manifest import Artifact, FittedOn, Manifest
from eegssl.corpus.audits.leaks import REMEDIES, Leak, Times, audit, audit_windows, refuse
from eegssl.corpus.audits.temporal_leaks import ModelAudit
from eegssl.corpus.store import Corpus, Recording, fitted_on
from eegssl.corpus.windows import tile
from eegssl.errors import LeakError
from eegssl.signal.waveform import Sketches


def sketch(seed: int, n: int = 200) -> np.ndarray:
    """A sketch that no other seed has."""
    return np.unique(np.random.default_rng(seed).integers(0, 1 << 32, n, dtype=np.uint32))


def recording(k: int, **more: Any) -> Recording:
    """Recording r-k of subject s-k with a waveform of its own."""
    return replace(corpora.recording(k, 60), sketch=sketch(k), **more)


def upstream(
    *recordings: Recording, facts: Mapping[str, Any] | None = None, name: str = "model"
) -> Artifact:
    """Something that was fitted on these recordings."""
    manifest = Manifest("model", {}, 0, (), {}, dict(facts or {}), fitted_on(recordings))
    return Artifact(Path(name), manifest)


def kinds(
    model: Artifact | Sequence[Artifact],
    *test: Recording,
    corpus: Corpus | None = None,
    **more: Any,
) -> dict[str, int]:
    """Kind -> number of what the audit finds among the recordings to score."""
    found = audit(model, corpus or corpora.corpus(*test), test, **more)
    assert len({leak.kind for leak in found}) == len(found)
    assert all(leak.n > 0 for leak in found)
    return {leak.kind: leak.n for leak in found}


def tiled(*arguments) -> Times:
    """Recording, start and length of each window of a tiling."""
    windows = tile(*arguments)
    ids = [windows.recordings[k].id for k in windows.owner.tolist()]
    return Times(ids, windows.start_s, np.full(len(windows), windows.window_s))


def times(*windows: tuple[str, float, float]) -> Times:
    """Windows of (recording, start_s, duration_s)."""
    ids, starts, lengths = zip(*windows, strict=True)
    return Times(ids, np.array(starts, float), np.array(lengths, float))


TRAINED = [recording(k) for k in range(5)]
MODEL = upstream(*TRAINED)
STRANGERS = [recording(k) for k in range(10, 15)]


def test_strangers_are_no_leak() -> None:
    assert kinds(MODEL, *STRANGERS) == {}
    assert kinds(upstream(), *TRAINED) == {}
    refuse([])


def test_a_recording_that_was_trained_on_is_one() -> None:
    assert kinds(MODEL, TRAINED[2], *STRANGERS) == {"recording": 1, "subject": 1}


def test_another_recording_of_a_subject_that_was_trained_on_is_one() -> None:
    again = recording(20, subject="s-003")
    assert kinds(MODEL, again, recording(21, subject="s-003"), *STRANGERS) == {"subject": 1}


def test_a_subject_under_another_name_is_one_whoever_knows_the_names() -> None:
    """chb21 = chb01: told by the corpus that was trained on, by the one to score, or by both."""
    joined = recording(0, subject="s-one", aliases=("s-two",))
    plain = recording(1, subject="s-two")
    assert kinds(upstream(joined), plain) == {"subject": 1}
    assert kinds(upstream(plain), joined) == {"subject": 1}
    third = recording(2, subject="s-three", aliases=("s-two",))
    assert kinds(upstream(joined), third) == {"subject": 1}
    assert kinds(upstream(recording(3)), joined, third) == {}


def test_names_that_another_recording_of_the_folder_joins_count() -> None:
    """Only a recording that isn't scored knows that the two are one person."""
    knows = recording(0, subject="s-one", aliases=("s-two", "s-six"), split="train")
    scored = recording(1, subject="s-six")
    both = corpora.corpus(knows, scored)
    assert kinds(upstream(recording(2, subject="s-two")), scored, corpus=both) == {"subject": 1}


def test_a_signal_under_other_names_is_one() -> None:
    copy = replace(STRANGERS[0], sketch=np.union1d(sketch(4)[:30], sketch(99)[:170]))
    assert kinds(MODEL, copy, *STRANGERS[1:]) == {"waveform": 1}
    by_chance = replace(copy, sketch=np.union1d(sketch(4)[:5], sketch(99)))
    assert kinds(MODEL, by_chance, *STRANGERS[1:]) == {}


def test_one_audit_asked_again_says_the_same_and_indexes_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n_built = 0
    build = Sketches.__init__

    def counted(self: Sketches, of: Mapping[str, np.ndarray]) -> None:
        nonlocal n_built
        n_built += 1
        build(self, of)

    monkeypatch.setattr(Sketches, "__init__", counted)
    asked = ModelAudit(MODEL)
    told = [asked.leaks(corpora.corpus(one), [one]) for one in (*STRANGERS, *TRAINED, recording(3))]
    assert n_built == 1
    whole = asked.leaks(corpora.corpus(*TRAINED), TRAINED)
    assert whole == tuple(audit(MODEL, corpora.corpus(*TRAINED), TRAINED))
    assert told[:5] == [()] * 5
    assert all({leak.kind for leak in leaks} == {"recording", "subject"} for leaks in told[5:])


def test_recordings_without_a_sketch_are_like_no_other() -> None:
    blank = [replace(r, sketch=np.zeros(0, np.uint32)) for r in (TRAINED[0], STRANGERS[0])]
    assert kinds(upstream(blank[0]), blank[1]) == {}


def test_a_threshold_that_was_chosen_on_test_data_is_one() -> None:
    """On recordings or subjects, told by the manifest or by the caller, under any name."""
    for ids in (["r-010", "r-011", "r-777"], ["s-010", "s-011"]):
        told = upstream(*TRAINED, facts={"statistics": {"threshold": ids}})
        assert kinds(told, *STRANGERS) == {"statistics": 2}
        assert kinds(MODEL, *STRANGERS, statistics={"threshold": ids}) == {"statistics": 2}
    found = audit(told, corpora.corpus(), STRANGERS, statistics={"postprocess": ["r-010"]})
    assert "postprocess, threshold" in found[0].what
    alias = recording(30, aliases=("s-elsewhere",))
    assert kinds(MODEL, alias, statistics={"threshold": ["s-elsewhere"]}) == {"statistics": 1}
    assert kinds(MODEL, *STRANGERS, statistics={"threshold": ["r-000"]}) == {}


def test_subjects_may_be_shared_within_subjects_but_recordings_may_not() -> None:
    other = recording(20, subject="s-003", within_subject=True)
    assert kinds(MODEL, other, statistics={"threshold": ["s-003"]}) == {}
    same = replace(TRAINED[3], within_subject=True)
    assert kinds(MODEL, same) == {"recording": 1}
    assert kinds(MODEL, same, statistics={"threshold": ["r-003"]}) == {
        "recording": 1,
        "statistics": 1,
    }


def test_all_that_is_upstream_counts() -> None:
    models = [upstream(TRAINED[0]), upstream(TRAINED[1], name="encoder")]
    assert kinds(models, TRAINED[0], TRAINED[1], STRANGERS[0]) == {"recording": 2, "subject": 2}


def test_windows_that_overlap_one_that_was_trained_on_are_one() -> None:
    trained = times(("a", 0, 10), ("a", 20, 4), ("b", 0, 4))
    assert audit_windows(times(("a", 10, 10), ("a", 24, 4), ("c", 0, 4)), trained) == []
    found = audit_windows(times(("a", 9.9, 10), ("a", 2, 4), ("a", 17, 4), ("b", 8, 4)), trained)
    assert [(leak.kind, leak.n) for leak in found] == [("overlap", 3)]
    assert kinds(MODEL, *STRANGERS, scored=times(("a", 0, 4)), fitted=trained) == {"overlap": 1}


WINDOWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 40).map(float), st.integers(1, 9).map(float)),
    min_size=1,
    max_size=25,
)


@given(scored=WINDOWS, fitted=WINDOWS)
def test_overlaps_are_those_of_every_pair(
    scored: list[tuple[str, float, float]], fitted: list[tuple[str, float, float]]
) -> None:
    touched = sum(
        any(r == q and s < b + d and b < s + n for q, b, d in fitted) for r, s, n in scored
    )
    found = {leak.kind: leak.n for leak in audit_windows(times(*scored), times(*fitted))}
    assert found.get("overlap", 0) == touched
    assert found.get("twice", 0) == len(scored) - len({(r, s) for r, s, _ in scored})


def test_a_window_that_comes_twice_is_one() -> None:
    once = times(("a", 0, 4), ("a", 4, 4), ("b", 0, 4))
    assert audit_windows(once) == []
    thrice = times(("a", 0, 4), ("a", 4, 4), ("a", 0, 4), ("b", 0, 4), ("a", 0, 8))
    assert kinds(MODEL, *STRANGERS, scored=thrice) == {"twice": 2}


def test_a_tiling_has_no_leaks_in_itself() -> None:
    corpus = corpora.corpus(*STRANGERS)
    windows = tiled(corpus, STRANGERS, 4.0)
    assert len(windows.recording) == 5 * 15
    assert audit_windows(windows) == []
    assert [leak.n for leak in audit_windows(windows, windows)] == [75]
    half_over = tiled(corpus, STRANGERS[:1], 4.0, 2.0)
    assert audit_windows(half_over) == []


def test_the_refusal_names_every_kind_its_number_and_what_to_do() -> None:
    leaks = [Leak(kind, "of the things to score", 3 + k) for k, kind in enumerate(REMEDIES)]
    with pytest.raises(LeakError) as caught:
        refuse(leaks, MODEL)
    text = str(caught.value)
    assert caught.value.exit_code == 4
    for k, (kind, remedy) in enumerate(REMEDIES.items()):
        assert f"{kind}: {3 + k} of the things" in text
        assert remedy in text
    assert "model or something upstream was fitted on" in text
    assert [leak["n"] for leak in caught.value.beside["leaks"]] == [3, 4, 5, 6, 7, 8]


def test_the_same_is_said_whatever_the_order() -> None:
    test = [*STRANGERS, TRAINED[1], TRAINED[0], replace(STRANGERS[0], id="r-9", sketch=sketch(4))]
    assert audit(MODEL, corpora.corpus(*test), test) == audit(
        MODEL, corpora.corpus(*test), test[::-1]
    )
    assert isinstance(MODEL.manifest.fitted_on, FittedOn)
