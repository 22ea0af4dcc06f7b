"""Every recording has its strata, unknown is one of them, and small ones are said to be small."""

from collections import Counter

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.errors import InputError
from eegssl.scoring.events.counts import phase_counts
from eegssl.scoring.subgroups import (
    AGE_BANDS_YEARS,
    BY_SEIZURE,
    LENGTH_BANDS_H,
    Traits,
    band,
    score_strata,
    seizure_class,
    strata,
)

some_traits = st.builds(
    Traits,
    subject=st.sampled_from("abcdef"),
    duration_s=st.floats(0, 1e6),
    age_years=st.none() | st.floats(0, 110),
    sex=st.sampled_from([None, "f", "m", "o", "unheard of"]),
    seizure_types=st.none()
    | st.lists(st.sampled_from(["sz", "sz_foc_ia", "sz_gen", "sz-uo-m"])).map(tuple),
)


@examples(80)
@given(st.lists(some_traits, max_size=12))
def test_age_sex_and_length_put_every_recording_into_one_stratum(recordings):
    found = strata(recordings)
    for by in {s.by for s in found} - {BY_SEIZURE}:
        places = Counter(k for s in found if s.by == by for k in s.recordings)
        assert places == Counter(range(len(recordings)))
    kinds = [s for s in found if s.by == BY_SEIZURE]
    assert {k for s in kinds for k in s.recordings} == set(range(len(recordings)))
    n_seizures = sum(len(t.seizure_types or ()) for t in recordings)
    assert sum(s.n_seizures for s in kinds) == n_seizures


@pytest.mark.parametrize(
    ("age_years", "expected"),
    [
        (0.05, "under 28 days"),
        (0.08, "28 days to 1 year"),
        (1.99, "28 days to 1 year"),
        (2, "2 to 11 years"),
        (12, "12 to 17 years"),
        (17.99, "12 to 17 years"),
        (18, "18 to 64 years"),
        (65, "65 years and over"),
        (None, "n/a"),
        (float("nan"), "n/a"),
    ],
)
def test_an_age_on_the_edge_belongs_to_the_older_band(age_years, expected):
    assert band(age_years, AGE_BANDS_YEARS) == expected


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0.33, "under 1 h"), (1, "1 to 6 h"), (6, "6 to 24 h"), (30, "24 h and over")],
)
def test_lengths_have_bands(hours, expected):
    assert band(hours, LENGTH_BANDS_H) == expected


@pytest.mark.parametrize(
    ("event_type", "expected"),
    [
        ("sz_foc_ia_m_tonic", "focal onset"),
        ("sz-foc-f2b", "focal onset"),
        ("sz_gen", "generalized onset"),
        ("sz_uo_nm", "unknown onset"),
        ("sz_uc", "unclassified"),
        ("sz", "unclassified"),
        ("bckg", "n/a"),
        ("sz_focus", "unclassified"),
    ],
)
def test_seizure_types_have_the_classes_of_the_ilae(event_type, expected):
    assert seizure_class(event_type) == expected


def test_a_recording_with_two_kinds_of_seizure_stands_in_both_with_its_own_count():
    both = Traits("a", 60.0, seizure_types=("sz_foc_a", "sz_gen", "sz_foc_ia"))
    kinds = {s.name: s for s in strata([both, Traits("b", 60.0, seizure_types=())])}
    assert (kinds["focal onset"].n_seizures, kinds["generalized onset"].n_seizures) == (2, 1)
    assert kinds["no seizure"].recordings == (1,)
    assert kinds["no seizure"].n_seizures == 0


def test_nobody_looked_is_not_the_same_as_no_seizure():
    names = {s.name for s in strata([Traits("a", 60.0)]) if s.by == BY_SEIZURE}
    assert names == {"n/a"}


def test_scores_come_with_counts_and_small_is_said_below_ten_patients():
    recordings = [Traits(f"s{k}", 7200.0, age_years=30, sex="f") for k in range(10)]
    recordings += [Traits("t", 1800.0, age_years=9, sex="m", seizure_types=("sz",))]
    values = np.arange(11.0)
    found = {
        (s.stratum.by, s.stratum.name): s.as_dict()
        for s in score_strata(recordings, lambda k: {"mean": float(values[k].mean())})
    }
    adults, child = found["age", "18 to 64 years"], found["age", "2 to 11 years"]
    assert adults["scores"] == {"mean": 4.5}
    assert (adults["small"], adults["n_patients"], adults["hours"]) == ("", 10, 20.0)
    assert (child["small"], child["n_recordings"]) == ("small: 1 patient", 1)
    assert found[BY_SEIZURE, "n/a"]["n_recordings"] == 10


def test_two_recordings_of_a_patient_are_one_patient():
    (sex,) = (s for s in strata([Traits("a", 9.0), Traits("a", 9.0)]) if s.by == "sex")
    assert (sex.name, sex.n_patients, sex.small) == ("n/a", 1, "small: 1 patient")


def test_an_age_below_nothing_is_refused():
    with pytest.raises(InputError, match="from 0"):
        band(-1, AGE_BANDS_YEARS)


@pytest.mark.parametrize(
    ("patients", "seizures", "phase"),
    [
        (0, 0, None),
        (1, 1, 1),
        (9, 500, 1),
        (10, 14, 1),
        (10, 15, 2),
        (20, 29, 2),
        (20, 30, 3),
        (49, 75, 3),
        (50, 74, 3),
        (50, 75, 4),
        (10_000, 99_999, 4),
    ],
)
def test_the_phase_is_the_highest_whose_counts_are_met_and_no_more_is_said(
    patients, seizures, phase
):
    words = "no ILAE phase" if phase is None else f"ILAE phase {phase}"
    assert phase_counts(patients, seizures) == f"meets the count requirement of {words}"


@pytest.mark.parametrize(("patients", "seizures"), [(-1, 2), (3, 2)])
def test_more_patients_than_seizures_are_refused(patients, seizures):
    with pytest.raises(InputError, match="at least one seizure a patient"):
        phase_counts(patients, seizures)
