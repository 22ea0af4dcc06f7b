"""Every recording below a folder is found once, and nothing is dropped in silence."""

import os
from pathlib import Path

import numpy as np
import pytest

from eegssl.errors import InputError
from eegssl.io.discover import find_recordings
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import read_signals


def names(root):
    return [path.relative_to(root).as_posix() for path in find_recordings(root).recordings]


def touch(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def test_recordings_of_any_case_are_found_in_order(tmp_path):
    touch(tmp_path, "b/2.EDF", "a/1.edf", "a/3.Bdf", "a/x.tsv", "a/1.edf.seizures", "c/edf")
    touch(tmp_path, ".hidden/4.edf", "a/._1.edf")
    assert names(tmp_path) == ["a/1.edf", "a/3.Bdf", "b/2.EDF"]


def test_loops_of_links_end_and_linked_folders_are_visited_once(tmp_path):
    touch(tmp_path, "data/real/1.edf")
    (tmp_path / "data/real/up").symlink_to(tmp_path / "data")
    (tmp_path / "data/alias").symlink_to(tmp_path / "data/real")
    assert names(tmp_path / "data") == ["real/1.edf"]


@pytest.mark.parametrize("name", ["manifest.json", "eegssl-plan.json"])
def test_copies_that_predict_wrote_are_no_recordings(tmp_path, name):
    touch(tmp_path, "1.edf", "out/detections/a/1_events.edf", "mine/detections/2.edf")
    (tmp_path / "out" / name).write_text('{"kind": "predictions"}')
    (tmp_path / "mine" / name).write_text('{"kind": "of somebody else"}')
    assert names(tmp_path) == ["1.edf", "mine/detections/2.edf"]
    assert names(tmp_path / "out" / "detections") == ["a/1_events.edf"]


def test_a_recording_and_a_link_to_it_are_one_recording(tmp_path):
    touch(tmp_path, "s3/x.edf", ".annex/same", "a/y.edf")
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop/link.edf").symlink_to("../s3/x.edf")
    (tmp_path / "loop/again").symlink_to("../s3")
    (tmp_path / "a/1.edf").symlink_to("../.annex/same")
    (tmp_path / "a/2.edf").symlink_to("../.annex/same")
    assert names(tmp_path) == ["a/1.edf", "a/2.edf", "a/y.edf", "s3/x.edf"]


def test_links_to_absent_files_are_listed_to_be_refused_later(tmp_path):
    (tmp_path / "absent.edf").symlink_to(tmp_path / ".git/annex/objects/x")
    assert names(tmp_path) == ["absent.edf"]


def test_a_folder_that_can_not_be_opened_is_listed_to_be_refused_later(tmp_path, monkeypatch):
    touch(tmp_path, "open/1.edf", "shut/2.edf")
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert names(tmp_path) == ["open/1.edf", "shut"]


def test_a_single_recording_is_a_root_too(tmp_path):
    touch(tmp_path, "1.edf", "1.txt")
    assert find_recordings(tmp_path / "1.edf").recordings == [tmp_path / "1.edf"]
    with pytest.raises(InputError, match=r"none of \.edf, \.bdf, .*: give such a file or a folder"):
        find_recordings(tmp_path / "1.txt")
    with pytest.raises(InputError, match="does not exist"):
        find_recordings(tmp_path / "none")
    assert find_recordings(tmp_path / "..").recordings


def test_other_formats_are_counted_where_recordings_are_sought(tmp_path):
    touch(tmp_path, "a/1.edf", "a/2.LAY", "a/3.edf.gz", "b/4.lay", ".hidden/5.lay", "b/._6.lay")
    (tmp_path / "b/7.mefd").mkdir()
    assert find_recordings(tmp_path).other_formats == {".lay": 2, ".edf.gz": 1, ".mefd": 1}


def test_recordings_of_every_format_are_found_and_their_parts_are_no_others(tmp_path):
    touch(tmp_path, "a/1.edf", "a/2.SET", "a/2.fdt", "a/3.gdf", "b/4.cnt", "b/5.fif", "c/6.eeg")
    touch(tmp_path, "b/7.eeg", "b/7.vmrk", "b/8.mff/signal1.bin", "b/8.mff/x.edf", "b/9.eeg")
    (tmp_path / "b/7.vhdr").write_text("DataFile=7.eeg\nMarkerFile=7.vmrk\n")
    files = find_recordings(tmp_path)
    assert names(tmp_path) == [
        *("a/1.edf", "a/2.SET", "a/3.gdf", "b/4.cnt", "b/5.fif", "b/7.vhdr", "b/8.mff"),
    ]
    assert files.other_formats == {".eeg": 2}
    assert find_recordings(tmp_path / "b/8.mff").recordings == [tmp_path / "b/8.mff"]


def test_a_header_that_names_a_recording_of_another_format_hides_none(tmp_path):
    touch(tmp_path, "1.edf")
    (tmp_path / "2.vhdr").write_text("DataFile=1.edf\n")
    assert names(tmp_path) == ["1.edf", "2.vhdr"]


@pytest.mark.parametrize(
    "header", ["", "DataFile=b.eeg\n", "DataFile=a.eeg\nMarkerFile=gone.vmrk\n"]
)
def test_samples_of_a_refused_header_are_no_format_to_convert(tmp_path, header):
    touch(tmp_path, "a.eeg")
    (tmp_path / "a.vhdr").write_text(header)
    files = find_recordings(tmp_path)
    assert [path.name for path in files.recordings] == ["a.vhdr"]
    assert not files.other_formats


@pytest.mark.parametrize(
    "name",
    [
        *("Anfaelle.csv", "Anfälle.csv", "Anfa\u0308lle.csv", "ANFÄLLE.XLSX", "Anfallsliste.tsv"),
        *("Krampfanfaelle.csv", "Krämpfe.txt", "évènements.csv", "evenements.csv", "CRISI.csv"),
    ],
)
def test_tables_of_labels_are_known_in_every_spelling(tmp_path, name):
    touch(tmp_path, "a.edf", name, "Notizen.csv", "Anna Falk.csv")
    assert [path.name for path in find_recordings(tmp_path).tables] == [name]


def test_tables_of_samples_are_told_from_tables_of_labels_and_notes(tmp_path):
    touch(tmp_path, "1.edf")
    rows = "\n".join(",".join(f"{(7 * k + j) % 100}.5" for j in range(8)) for k in range(2000))
    (tmp_path / "night.csv").write_text(f"Fp1,Fp2,F3,F4,C3,C4,O1,O2\n{rows}\n")
    (tmp_path / "comma.txt").write_text(rows.replace(",", "\t").replace(".", ",") + "\n")
    (tmp_path / "one.txt").write_text("\n".join(f" {k % 9}.25e1" for k in range(9000)) + "\n")
    (tmp_path / "annotations_2017_A_fixed.csv").write_text(rows)
    (tmp_path / "m.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(99_000))
    (tmp_path / "spans.csv").write_text("start,stop\n" + "1.25,2.5\n" * 9000)
    (tmp_path / "short.csv").write_text("1,2,3,4,5\n" * 20)
    (tmp_path / "words.txt").write_text("a b c d e f\n" * 9000)
    (tmp_path / "binary.mat").write_bytes(bytes(99_000))
    files = find_recordings(tmp_path)
    assert [p.name for p in files.samples] == ["comma.txt", "m.mat", "night.csv", "one.txt"]
    with pytest.raises(InputError, match="Tables of samples"):
        find_recordings(tmp_path / "night.csv")


def test_the_lines_that_make_edf_of_a_table_do_so(tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    code = text.split("## Tables of samples")[1].split("```python\n")[1].split("```")[0]
    signal_uv = np.round(np.random.default_rng(1).normal(0, 30, (3, 2560)), 1)
    np.savetxt(tmp_path / "night.csv", signal_uv.T, "%.1f", ",", header="a,b,c", comments="")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    header = read_header(tmp_path / "night.edf")
    assert header.labels[:3] == ("Fp1", "Fp2", "O1")
    assert [header.sfreq_hz(i) for i in range(3)] == [256] * 3
    read_uv = read_signals(header, [0, 1, 2])
    assert np.abs(np.stack(read_uv) - signal_uv).max() < 0.1001  # a step: pyedflib cuts off
