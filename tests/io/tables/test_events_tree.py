"""Two trees are paired file by file, and no file that is missing or broken goes unnamed."""

import pytest
from labelfiles import format_events_tsv

from eegssl.errors import InputError
from eegssl.io.labels.event_types import Event
from eegssl.io.tables.event_trees import read_tree

HEAD = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n"


def _name(subject, run=1, suffix="_events.tsv"):
    return f"sub-{subject}/ses-01/eeg/sub-{subject}_ses-01_task-szMonitoring_run-{run:02}{suffix}"


def _write(root, name, seizures=(), duration_s=3600.0, kind="sz"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    events = [Event(a, b - a, kind) for a, b in seizures]
    path.write_text(format_events_tsv(events, duration_s))
    return path


@pytest.fixture
def trees(tmp_path):
    """Three recordings of two subjects, whole on both sides."""
    reference, hypothesis = tmp_path / "ref", tmp_path / "hyp"
    for root, shift in ((reference, 0), (hypothesis, 10)):
        _write(root, _name("01"), [(100 + shift, 160 + shift)])
        _write(root, _name("01", 2), [])
        _write(root, _name("02"), [(5 + shift, 65 + shift), (500, 600)], 7200.0)
    return reference, hypothesis


def test_recordings_come_in_order_with_subject_length_and_both_sides(trees):
    found, faults = read_tree(*trees)
    assert faults == []
    assert [one.subject for one in found] == ["sub-01", "sub-01", "sub-02"]
    assert found[0].recording == "sub-01/ses-01/eeg/sub-01_ses-01_task-szMonitoring_run-01"
    assert [one.duration_s for one in found] == [3600.0, 3600.0, 7200.0]
    assert found[0].reference == ((100.0, 160.0),)
    assert found[0].hypothesis == ((110.0, 170.0),)
    assert (found[1].reference, found[1].hypothesis) == ((), ())
    assert len(found[2].hypothesis) == 2


def test_types_are_read_with_hyphens_and_underscores_and_what_is_no_seizure_is_none(trees):
    reference, hypothesis = trees
    path = hypothesis / _name("01")
    rows = "".join(
        f"{onset}\t10\t{kind}\tn/a\tn/a\tn/a\t3600\n"
        for onset, kind in ((0, "sz-foc-ia"), (50, "sz_gen_m_tonic"), (90, "bckg"), (95, "impd"))
    )
    path.write_text(HEAD + rows)
    assert read_tree(reference, hypothesis)[0][0].hypothesis == ((0.0, 10.0), (50.0, 60.0))


def _break(path, how):
    """Spoil one table of the hypothesis; returns the kind of its fault."""
    if how == "gone":
        path.unlink()
        return "missing"
    if how == "other length":
        path.write_text(path.read_text().replace("3600.00", "3000.00"))
        return "wrong-length"
    texts = {
        "empty": "",
        "header only": HEAD,
        "no number": HEAD + "x\t10\tsz\tn/a\tn/a\tn/a\t3600\n",
        "torn row": HEAD + "1\t10\tsz\n",
        "negative": HEAD + "50\t-10\tsz\tn/a\tn/a\tn/a\t3600\n",
        "unknown seizure": HEAD + "50\t10\tsz_of_somebody\tn/a\tn/a\tn/a\t3600\n",
        "no length": HEAD + "50\t10\tsz\tn/a\tn/a\tn/a\tn/a\n",
        "no length column": "onset\tduration\teventType\n50\t10\tsz\n",
        "two lengths": HEAD + "5\t1\tsz\t1\tn/a\tn/a\t3600\n9\t1\tsz\t1\tn/a\tn/a\t3601\n",
        "length no number": HEAD + "50\t10\tsz\tn/a\tn/a\tn/a\tlong\n",
        "length 0": HEAD + "50\t10\tsz\tn/a\tn/a\tn/a\t0\n",
    }
    path.write_text(texts[how])
    return "unreadable"


WAYS = (
    *("gone", "other length", "empty", "header only", "no number", "torn row", "negative"),
    *("unknown seizure", "no length", "no length column", "two lengths", "length no number"),
    "length 0",
)


@pytest.mark.parametrize("how", WAYS)
def test_a_faulty_hypothesis_is_an_error_that_names_it_or_counts_as_silence_and_is_named(
    trees, how
):
    reference, hypothesis = trees
    kind = _break(hypothesis / _name("01"), how)
    with pytest.raises(InputError) as error:
        read_tree(reference, hypothesis)
    assert _name("01") in str(error.value)
    assert f"1 {kind}" in str(error.value)
    found, faults = read_tree(reference, hypothesis, missing="count")
    assert [(fault.kind, fault.file) for fault in faults] == [(kind, _name("01"))]
    assert found[0].hypothesis == ()
    assert found[0].reference == ((100.0, 160.0),)
    assert len(found) == 3


@pytest.mark.parametrize("how", [how for how in WAYS if how not in ("gone", "other length")])
def test_a_reference_that_cannot_be_read_is_an_error_always(trees, how):
    reference, hypothesis = trees
    _break(reference / _name("02"), how)
    with pytest.raises(InputError, match="reference can't be read: 1 unreadable: sub-02"):
        read_tree(reference, hypothesis, missing="count")


def test_lengths_within_a_second_are_one(trees):
    reference, hypothesis = trees
    path = hypothesis / _name("01")
    path.write_text(path.read_text().replace("3600.00", "3600.95"))
    assert read_tree(reference, hypothesis)[1] == []


def test_a_table_without_a_reference_is_named_and_not_scored(trees):
    reference, hypothesis = trees
    _write(hypothesis, _name("77"), [(1, 2)])
    found, faults = read_tree(reference, hypothesis)
    assert len(found) == 3
    assert [(fault.kind, fault.file) for fault in faults] == [("no-reference", _name("77"))]


def test_of_many_faults_three_of_each_kind_are_named_and_all_are_counted(tmp_path):
    reference, hypothesis = tmp_path / "ref", tmp_path / "hyp"
    for run in range(1, 9):
        _write(reference, _name("01", run))
        if run > 5:
            _write(hypothesis, _name("01", run)).write_text("")
    with pytest.raises(InputError, match=r"5 missing: .* and 2 more; 3 unreadable: ") as error:
        read_tree(reference, hypothesis)
    assert str(error.value).count("_events.tsv (") == 6


def test_other_tables_of_bids_and_hidden_files_are_passed_over(trees):
    reference, hypothesis = trees
    for name in (_name("01", 1, "_channels.tsv"), "participants.tsv", "sub-01/.x/a_events.tsv"):
        (reference / name).parent.mkdir(exist_ok=True)
        (reference / name).write_text("name\n")
    assert len(read_tree(reference, hypothesis)[0]) == 3


def test_where_no_table_is_called_events_every_tsv_of_a_subject_counts(tmp_path):
    for side in ("ref", "hyp"):
        _write(tmp_path / side, "sub-01/night.tsv", [(10, 20)])
    found, _ = read_tree(tmp_path / "ref", tmp_path / "hyp")
    assert [one.recording for one in found] == ["sub-01/night"]


def test_folders_without_tables_are_refused_on_either_side(trees, tmp_path):
    (tmp_path / "bare").mkdir()
    for pair in ((tmp_path / "bare", trees[1]), (trees[0], tmp_path / "bare")):
        with pytest.raises(InputError, match="holds no table"):
            read_tree(*pair, missing="count")
    with pytest.raises(InputError, match="the hypothesis is no folder"):
        read_tree(trees[0], tmp_path / "nowhere")


def test_a_link_to_a_file_that_is_gone_is_unreadable(trees):
    reference, hypothesis = trees
    path = hypothesis / _name("01")
    path.unlink()
    path.symlink_to(hypothesis / "nowhere.tsv")
    assert read_tree(reference, hypothesis, "count")[1][0].kind == "unreadable"
