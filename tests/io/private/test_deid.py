"""A planted string is found in every encoding and container; a clean artifact holds none."""

import base64
import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clirun import done
from edf_bytes import plus
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file
from tinycorpus import write_corpus

from eegssl.errors import InputError
from eegssl.io.private.deid import collect, known_names, listed, meaningful, search
from eegssl.io.private.find_bytes import Finder
from eegssl.io.private.private_key import make_key
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.io.private.vocabulary import vocabulary

NAME = "Müller-Haagse"
NEEDLES = {NAME: "patient field"}


def png(text: bytes) -> bytes:
    """An image of one pixel with a chunk of text."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"tEXt", text)]
    chunks += [(b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def page(image: bytes) -> bytes:
    return b"<!doctype html><img src='data:image/png;base64," + base64.b64encode(image) + b"'>"


def zipped(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.json", data)
    return stream.getvalue()


def table_of(column: pa.Array, **metadata: str) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"x": column}).replace_schema_metadata(metadata), stream)
    return stream.getvalue()


def tensors(path: Path, **metadata: str) -> bytes:
    save_file({"signal": np.zeros(4, np.int16)}, path, metadata=metadata)
    return path.read_bytes()


def escaped_tensors(note: str) -> bytes:
    signal = {"dtype": "I16", "shape": [4], "data_offsets": [0, 8]}
    header = json.dumps({"__metadata__": {"note": note}, "signal": signal}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


UTF8 = NAME.encode()
CONTAINERS: dict[str, Callable[[Path], bytes]] = {
    "text.txt": lambda _: b"a line with " + UTF8 + b" in it",
    "upper.txt": lambda _: NAME.upper().encode(),
    "lower.txt": lambda _: NAME.lower().encode("latin-1"),
    "latin.log": lambda _: NAME.encode("latin-1"),
    "composed.txt": lambda _: b"Mu\xcc\x88ller-Haagse",
    "wide.txt": lambda _: NAME.encode("utf-16"),
    "wide-be.bin": lambda _: b"\0\1\2" + NAME.encode("utf-16-be"),
    "binary.npy": lambda _: bytes(range(256)) * 9 + UTF8 + bytes(999),
    "escaped.json": lambda _: json.dumps({"a": [{"b": NAME}]}).encode(),
    "key.json": lambda _: json.dumps({NAME: 1}).encode(),
    "lines.jsonl": lambda _: b'{"a": 1}\n' + json.dumps({"a": NAME}).encode() + b"\n",
    "page.html": lambda _: b"<!doctype html><p>M&uuml;ller&#45;Haagse</p>",
    "link.html": lambda _: b"<html><a href='x/M%C3%BCller-Haagse'>a</a>",
    "image.png": lambda _: png(b"Author\0" + NAME.encode("latin-1")),
    "packed.png": lambda _: png(b"Author\0\0" + zlib.compress(UTF8)),
    "page-image.html": lambda _: page(png(b"Author\0" + UTF8)),
    "drawing.html": lambda _: page(b"<svg><text>M&#xfc;ller-Haagse</text></svg>"),
    "page-in-page.html": lambda _: page(page(png(b"Author\0" + UTF8))),
    "gzip.gz": lambda _: gzip.compress(UTF8),
    "escaped.json.gz": lambda _: gzip.compress(json.dumps({"a": NAME}).encode()),
    "zip.zip": lambda _: zipped(json.dumps({"a": NAME}).encode()),
    "texts.parquet": lambda _: table_of(pa.array(["a", None, NAME])),
    "lists.parquet": lambda _: table_of(pa.array([[], ["a"], [NAME, "b"]])),
    "structs.parquet": lambda _: table_of(pa.array([{"a": 1, "b": NAME}])),
    "dictionary.parquet": lambda _: table_of(pa.array(["a", NAME]).dictionary_encode()),
    "metadata.parquet": lambda _: table_of(pa.array([1]), note=json.dumps({"a": NAME})),
    "header.safetensors": lambda p: tensors(p / "made", note=NAME),
    "00000.pack": lambda p: tensors(p / "made") + escaped_tensors(NAME) + bytes(99),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_planted_string_is_found(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(CONTAINERS[name](tmp_path))
    (out / "clean.txt").write_text("Muller, Haag")
    found = search(out, NEEDLES)
    assert {(f.file, f.needle_kind) for f in found} == {(name, "patient field")}
    assert all(f.n >= 1 and NAME not in repr(f) for f in found)


def test_names_of_files_and_folders_and_links_are_searched_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "of-Haagse-Harry").mkdir()
    (tmp_path / "of-Haagse-Harry" / "a_HAAGSE_b.bin").write_bytes(b"")
    (tmp_path / "link").symlink_to("/somewhere/Haagse/x")
    found = search(tmp_path, {"Haagse": "folder name"})
    assert {(f.file, f.how) for f in found} == {
        ("of-***-Harry", "name"),
        ("of-***-Harry/a_***_b.bin", "name"),
        ("link", "link"),
    }


@given(
    at=st.integers(0, 400),
    cuts=st.lists(st.integers(1, 60), max_size=12),
    string=st.text("aébÜ7 -x", min_size=8, max_size=20),
    codec=st.sampled_from(["utf-8", "latin-1", "utf-16-le", "utf-16-be"]),
)
def test_where_a_string_stands_and_how_the_stream_is_cut_does_not_matter(at, cuts, string, codec):
    data = b"." * at + string.encode(codec) + b"." * 50
    chunks, start = [], 0
    for cut in cuts:
        chunks.append(data[start : start + cut])
        start += cut
    chunks.append(data[start:])
    assert Finder([string, "never there"]).count(chunks).keys() == {string}


@pytest.mark.parametrize(
    ("data", "there"),
    [
        (b"dear Anna, hello", True),
        (b"anna", True),
        (b"savannah", False),
        (b"s-1fanna0bd2", False),
        (b"src=" + b"Ab3+" * 20 + b"/Anna/" + b"x9Qz" * 20, False),
        (bytes(64) + b"Anna" + bytes(64), False),
        (bytes(64) + b"the patient is Anna" + bytes(64), True),
        (bytes(63) + "recorded by Anna B".encode("utf-16-le"), True),
    ],
)
def test_short_names_are_told_from_chance(data: bytes, there: bool) -> None:
    assert bool(Finder(["Anna"]).count([data])) is there


def test_a_number_is_not_found_inside_a_longer_one() -> None:
    finder = Finder(["234567"])
    assert finder.count([b"id 234567, x234567"]) == {"234567": 2}
    assert finder.count([b"12345678 0.2345671 1.234567"]) == {}


@pytest.mark.parametrize("string", ["77777777", "777777", "10010010", "aaaaaaaa", "x7x7"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
def test_strings_of_few_different_characters_are_found_in_text_of_every_encoding(
    string: str, codec: str
) -> None:
    finder = Finder([string])
    for before, after in (("", ""), ("is ", ""), ("the number ", " of somebody"), ("x\n", "\ny")):
        for shift in (b"", b"."):
            data = shift + (before + string + after).encode(codec)
            assert finder.count([data]).keys() == {string}, (before, after, shift)
    longer = f"a {string}{string[-1]} b".encode(codec)
    assert finder.count([longer]) == {}


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
def test_among_zeros_they_need_text_around_them_or_to_be_long(codec: str) -> None:
    alone, among = "77777777".encode(codec), "record number 77777777".encode(codec)
    zeros = bytes(64)
    assert Finder(["77777777"]).count([zeros + alone + zeros]) == {}
    assert Finder(["77777777"]).count([zeros + among + zeros]).keys() == {"77777777"}
    long = "7" * 16
    assert Finder([long]).count([zeros + long.encode(codec) + zeros]).keys() == {long}


def test_a_run_of_one_code_is_no_number() -> None:
    """Codes of 16 bits, as tokens have them, of which one stands for eight patches."""
    codes = np.random.default_rng(0).integers(0, 512, 100_000).astype("<u2")
    codes[500:508] = ord("7")
    assert Finder(["77777777"]).count([codes.tobytes()]) == {}


def test_random_samples_hold_no_names() -> None:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), 5)) for _ in range(2000)]
    noise = (3000 * rng.standard_normal(1 << 22)).astype("<i2").tobytes()
    assert Finder(words).count([noise, rng.bytes(1 << 22)]) == {}


def test_strings_too_short_to_search_for_are_refused() -> None:
    with pytest.raises(ValueError, match="4"):
        Finder(["Jan"])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An EDF+ with a text in each field, in a named folder, with a table beside it."""
    folder = tmp_path_factory.mktemp("from") / "Ward_Zwaluw" / "Oosterbeek"
    folder.mkdir(parents=True)
    note = b"+0\x14\x14\x00+1\x14Betty calls mother\x14\x00"
    spec = plus(["0"], tals=[note], patient="MCH0234567 F 17-MAR-1951 Haagse_Harry")
    fields = {
        88: b"Startdate 02-APR-2007 EMG561 N\xfcrnberg Sony",
        168: b"03.05.08",
        176: b"13.14.15",
        199: b"Reservist",
        256: b"Grootvader",
        256 + 32: b"cap of Tante",
        256 + 2 * 16 + 2 * 80 + 2 * 8 + 8 * 8: b"by Peeters",
    }
    raw = bytearray(spec.bytes())
    for at, text in fields.items():
        raw[at : at + len(text)] = text
    (folder / "Klaassen^Piet.edf").write_bytes(raw)
    (folder.parent / "participants.tsv").write_text("participant_id\tage\nsub-Vroom\t61\n")
    (folder / "Klaassen^Piet.tsv").write_text("onset\teventType\n1.0\tsz\n2.0\tkoffie\n")
    return folder.parent


def test_every_place_where_people_type_is_collected(source: Path) -> None:
    found = collect([source])
    expected = {
        "Haagse_Harry": "patient field",
        "Haagse": "patient field",
        "MCH0234567": "patient field",
        "1951-03-17": "patient field",
        "17-MAR-1951": "patient field",
        "Nürnberg": "recording field",
        "02.04.07": "recording field",
        "2008-05-03": "start date",
        "2007-04-02": "recording field",
        "13:14:15": "start time",
        "Reservist": "reserved field",
        "Grootvader": "label",
        "Tante": "transducer",
        "Betty calls mother": "annotation",
        "mother": "annotation",
        "Klaassen^Piet": "file name",
        "Klaassen": "file name",
        "Oosterbeek": "folder name",
        "Zwaluw": "folder name",
        "Vroom": "table",
        "koffie": "table",
    }
    assert expected.items() <= found.items()
    assert found.get("Peeters") in ("prefilter", "transducer")
    assert "sz" not in found


def test_a_damaged_file_still_gives_its_words(source: Path, tmp_path: Path) -> None:
    raw = next(source.rglob("*.edf")).read_bytes()
    (tmp_path / "cut.edf").write_bytes(b"9" + raw[1:-7])
    found = collect([tmp_path])
    assert found["Haagse_Harry"] == "patient field"
    assert found["Betty calls mother"] == "annotation"


def test_what_would_be_found_everywhere_is_left_out_and_counted() -> None:
    strings = ["X X X X", "01.01.85", "Jan", "12.5", "19850101", "Fp1-REF", "EEG T3-LE", "train"]
    strings += [
        "EDF Annotations",
        "test",
        "recording",
        "Startdate",
        "sz_foc_ia",
        "ECG",
        "00.00.00",
        "A2-A1",
        "before",
    ]
    names = ["Haagse", "sub-01", "AB-12-CD", "234567", "02.04.07", "Rest-Müller"]
    kept, left_out = meaningful(dict.fromkeys([*strings, *names], "label"))
    assert list(kept) == names
    assert sum(left_out.values()) == len(strings)
    assert left_out["too short"] == 2
    assert meaningful({"Young": "listed", "Jan": "listed"}) == (
        {"Young": "listed"},
        {"too short": 1},
    )
    assert left_out["channel"] == 4


def test_a_list_of_strings_and_the_private_table_are_read(tmp_path: Path, own_world: Path) -> None:
    (tmp_path / "strings.txt").write_text("Haagse\n\n  Nürnberg \n")
    assert listed(tmp_path / "strings.txt") == {"Haagse": "listed", "Nürnberg": "listed"}
    with_mark = b"\xef\xbb\xbfHaagse\r\n"  # as Notepad and Excel write it
    (tmp_path / "strings.txt").write_bytes(with_mark)
    assert listed(tmp_path / "strings.txt") == {"Haagse": "listed"}
    for nothing in ("", "\n\n", "ab\n"):
        (tmp_path / "strings.txt").write_text(nothing)
        with pytest.raises(InputError, match="nothing would be searched"):
            listed(tmp_path / "strings.txt")
    with pytest.raises(InputError, match="UTF-8"):
        listed(tmp_path / "none.txt")
    make_key(tmp_path / "private")
    table = Pseudonyms(tmp_path / "private")
    table.recording("corpus/Zwaluw_Müller/eeg/Piet-1.edf")
    table.save()
    found = known_names(tmp_path / "private")
    assert {"Zwaluw_Müller", "Zwaluw", "Müller", "Piet-1"} <= found.keys()
    assert set(found.values()) == {"private name"}
    assert known_names(tmp_path / "none") == {}


def test_a_clean_artifact_holds_none(tmp_path: Path) -> None:
    edf = write_corpus(tmp_path / "edf", range(3))
    done("preprocess", edf, "--out", tmp_path / "out", "--jobs", 1)
    needles, _ = meaningful(collect([edf]) | known_names())
    assert any("run-1" in needle for needle in needles)
    assert search(tmp_path / "out", needles) == []


def test_words_of_docstrings_are_not_taken_for_our_own() -> None:
    """They name authors, and a patient may have an author's name."""
    assert {"kemp", "olivan", "scherg"}.isdisjoint(vocabulary())
    assert {"recording", "manifest", "refused", "bckg", "viewport", "sfreq"} <= vocabulary()
