"""A subject is found by the stated rules in their order, or the file is refused."""

import pytest

from eegssl.errors import ConfigError, InputError, RecordingRefused
from eegssl.io.subjects import find_subject
from eegssl.io.tables.participants import read_participants


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("sub-07/ses-1/eeg/sub-07_ses-1_task-rest_eeg.edf", "sub-07"),
        ("chb05/chb05_06.edf", "chb05"),
        ("chb02_16plus_m10_to_0.edf", "chb02"),
        ("chb17/chb17a_03.edf", "chb17"),
        ("chb21/chb21_01.edf", "chb01"),
        ("Subject09_2.edf", "Subject09"),
        ("S001R01_lasttail_lost_60rec.edf", "S001"),
        ("any/S109R14.edf", "S109"),
        ("siena/PN00/PN00-1.edf", "PN00"),
        ("train/aaaaaaac/s001_2002/02_tcp_le/aaaaaaac_s001_t000.edf", "aaaaaaac"),
        ("dev/00000258/00000258_s001_t000.edf", "00000258"),
        ("edf/dev/01_tcp_ar/002/00000258/s002_2003_07_21/00000258_s002_t000.edf", "00000258"),
        ("edf/00000021/s01_2011_04_13/a_.edf", "00000021"),
        ("00000003/s02_2010_01_01/00000003_s02_a01.edf", "00000003"),
        ("edf/train/normal/01_tcp_ar/aaaaaaav_s004_t000.edf", "aaaaaaav"),
        ("edf/train/aaaaaaar/aaaaaaar_00000001.edf", "aaaaaaar"),
        ("edf/eval/032/bckg_032_a_.edf", "032"),
        ("edf/eval/056/pled_056_a_1.edf", "056"),
        ("sub-001/ses-01/eeg/sub-001_ses-01_task-szMonitoring_run-01_eeg.edf", "sub-001"),
        ("PN10/PN10-4.5.6.edf", "PN10"),
        ("SC4001E0-PSG.edf", "SC400"),
        ("sleep-telemetry/ST7221J0-PSG.edf", "ST722"),
        ("SC4012E0-PSG.edf", "SC401"),
        ("P_ID64/P_ID64_r2.edf", "P_ID64"),
    ],
)
def test_known_layouts_say_who(path, subject):
    assert find_subject(path, patient_code="MRN1") == subject


def test_a_name_that_could_be_anybodys_is_of_no_known_corpus():
    """A first folder is the last resort; dates and numbers in names are no subjects."""
    for name in ("eeg1.edf", "20200101_12000000.edf", "20200101_20200102.edf", "032_a.edf"):
        assert find_subject(f"ward3/{name}") == "ward3"


def test_the_order_of_the_rules():
    path = "ward3/bed-9/sub-01_eeg.edf"
    assert find_subject(path, "MRN1", pattern=r"bed-(\d+)") == "9"
    assert find_subject(path, "MRN1") == "sub-01"
    assert find_subject("ward3/rec1.edf", "MRN1") == "MRN1"
    assert find_subject("ward3/rec1.edf", "X") == "ward3"


@pytest.mark.parametrize("code", ["", "X", "x", "XXX", "0", "-1", "Anonymous", "n/a"])
def test_a_code_that_says_nothing_is_no_subject(code):
    with pytest.raises(RecordingRefused, match=r"subjects\.pattern") as refused:
        find_subject("Jane_Doe.edf", code)
    assert refused.value.code == "subject"
    assert "Jane" not in str(refused.value)


def test_two_subjects_in_one_path_are_refused():
    with pytest.raises(RecordingRefused, match="2 subjects"):
        find_subject("sub-01/sub-02_eeg.edf")


def test_a_given_pattern_that_does_not_match_is_not_passed_over():
    with pytest.raises(RecordingRefused, match="does not match"):
        find_subject("sub-01/sub-01_eeg.edf", "MRN1", pattern=r"patient(\d+)")


@pytest.mark.parametrize("pattern", ["(", "none", "(a)(b)"])
def test_a_pattern_that_can_not_be_used_is_a_fault_of_the_settings(pattern):
    with pytest.raises(ConfigError, match=r"subjects\.pattern"):
        find_subject("ab.edf", pattern=pattern)


def test_aliases_join_names_of_one_person():
    assert find_subject("a/x.edf", aliases={"a": "b"}) == "b"


def test_participants_are_read_by_subject(tmp_path):
    table = "participant_id\tage\tsex\tgroup\nsub-01\t89+\tF\tcase\nsub-02\tn/a\tn/a\tn/a\n"
    (tmp_path / "participants.tsv").write_text(table)
    people = read_participants(tmp_path)
    assert (people["sub-01"].age_years, people["sub-01"].sex) == (89.0, "f")
    assert people["sub-01"].labels == {"group": "case"}
    assert (people["sub-02"].age_years, people["sub-02"].sex) == (None, None)
    assert people["sub-02"].labels == {}


def test_without_a_table_there_are_no_participants(tmp_path):
    assert read_participants(tmp_path) == {}


@pytest.mark.parametrize(
    "table", ["", "name\nx\n", "participant_id\tage\na\n", "participant_id\na\na\n"]
)
def test_a_malformed_participants_table_is_refused(tmp_path, table):
    (tmp_path / "participants.tsv").write_text(table)
    with pytest.raises(InputError, match=r"participants\.tsv"):
        read_participants(tmp_path)


@pytest.mark.parametrize(
    ("age", "years"),
    [("34", 34), ("89+", 89), (">89", 90), ("> 89", 90), (">=90", 90), ("≥90", 90), ("4.5", 4.5)]
    + [(text, None) for text in ("n/a", "", "<1", "89-95", "adult", "+", "٤")],
)  # fmt: skip
def test_ages_as_laws_on_privacy_have_them(tmp_path, age, years):
    (tmp_path / "participants.tsv").write_text(f"participant_id\tage\nsub-1\t{age}\n", "utf-8")
    assert read_participants(tmp_path)["sub-1"].age_years == years
