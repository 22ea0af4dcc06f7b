"""Label files are found by the names that corpora give them, always in the same order."""

from labelfiles import blank_edf

from eegssl.io.labels.sidecars import find_sidecars


def names(path, root=None):
    found = find_sidecars(path, root)
    return [(source, file.name) for source, files in found.items() for file in files]


def test_all_files_of_a_recording_are_listed_in_the_order_of_trust(tmp_path):
    path = blank_edf(tmp_path / "chb01_03.edf")
    wanted = [
        ("tsv", "chb01_03.tsv"),
        ("tuh", "chb01_03.csv_bi"),
        ("seizures", "chb01_03.edf.seizures"),
        ("summary", "chb01-summary.txt"),
    ]
    for _, name in reversed(wanted):
        (tmp_path / name).touch()
    assert names(path) == wanted
    found = find_sidecars(path)
    assert found["tsv"] == [path.with_suffix(".tsv")]
    assert "siena" not in found


def test_files_of_other_recordings_and_subjects_are_not_taken(tmp_path):
    for name in ("chb02-summary.txt", "chb01_04.edf.seizures", "chb01_0.tsv", "chb01_03_a1.tsv",
                 "Seizures-list-PN00.txt", "annotations_2017_A.csv"):  # fmt: skip
        (tmp_path / name).touch()
    assert names(blank_edf(tmp_path / "chb01_03.edf")) == []


def test_a_link_that_leads_nowhere_is_a_label_file_all_the_same(tmp_path):
    path = blank_edf(tmp_path / "x.edf")
    (tmp_path / "x.tsv").symlink_to(tmp_path / "gone.tsv")
    assert names(path) == [("tsv", "x.tsv")]


def test_a_name_as_long_as_a_name_may_be_has_no_labels(tmp_path):
    assert names(blank_edf(tmp_path / ("x" * 251 + ".edf"))) == []


def test_labels_above_are_sought_up_to_the_root(tmp_path):
    path = blank_edf(tmp_path / "a" / "b" / "eeg1.edf")
    for expert in "ABC":
        (tmp_path / "a" / f"annotations_2017_{expert}.csv").touch()
    assert [source for source, _ in names(path, tmp_path)] == ["helsinki"] * 3
    assert names(path, tmp_path / "a" / "b") == names(path) == []
