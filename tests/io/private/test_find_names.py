"""A name is found however its words are joined, ordered, spelled, packed and escaped."""

import base64
import bz2
import gzip
import io
import json
import lzma
import quopri
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from clirun import eegssl
from hypothesis import given
from hypothesis import strategies as st

from eegssl.io.private.deid import search
from eegssl.io.private.find_names import NameFinder
from eegssl.io.private.spellings import fold, transliterations
from eegssl.io.private.unpack import Unpacking

NAME = "Jörg Müller-Haagse"
NEEDLES = {NAME: "listed"}
SPELLED = (
    *("Jörg_Müller-Haagse", "Müller-Haagse, Jörg", "MÜLLER-HAAGSE^JÖRG", "müller_haagse_jörg"),
    *("Jörg\nMüller-Haagse", "Jörg\r\n    Müller-\r\nHaagse", "JörgMüllerHaagse"),
    *("Joerg Mueller-Haagse", "Jorg Muller Haagse", "Mueller_Haagse_Joerg", "Jörg  Müller.Haagse"),
)
CODECS = ("utf-8", "latin-1", "utf-16", "utf-16-le", "utf-32", "utf-32-le", "utf-32-be")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("text", SPELLED)
def test_a_name_is_found_in_every_spelling_and_encoding(text: str, codec: str) -> None:
    data = f"seen by {text} today".encode(codec)
    assert NameFinder([NAME]).count([data]).keys() == {NAME}
    assert NameFinder([NAME]).count([data[:9], data[9:14], data[14:]]).keys() == {NAME}


@pytest.mark.parametrize("text", ["Jörg saw Müller-Haagse", "Jürg Möller Hagse", "Haagse 123"])
def test_other_words_are_not_the_name(text: str) -> None:
    assert NameFinder([NAME]).count([text.encode()]) == {}


def test_short_names_of_two_words_are_found_as_words_alone() -> None:
    finder = NameFinder(["Li Wu"])
    for text in ("Wu, Li", "li_wu", "seen by WU^LI", "Li\nWu"):
        assert finder.count([text.encode()]).keys() == {"Li Wu"}, text
    assert finder.count([b"celi wux", b"bytes"]) == {}


def test_a_name_given_in_ascii_is_found_with_its_letters() -> None:
    assert NameFinder(["Joerg Strauss"]).count(["Strauß, Jörg".encode()]).keys() == {
        "Joerg Strauss"
    }
    assert {"joerg", "jorg"} <= transliterations("Jörg")


def test_dates_and_numbers_are_not_joined_anyhow() -> None:
    assert NameFinder(["02.04.07"]).count([b"path 02 04 07 z", b" 07 02 04"]) == {}
    assert NameFinder(["02.04.07"]).count([b"on 02.04.07 at"]).keys() == {"02.04.07"}


@given(text=st.text("ab _,\n\0-", max_size=60), cuts=st.lists(st.integers(0, 60), max_size=5))
def test_folding_does_not_depend_on_how_a_stream_is_cut(text: str, cuts: list[int]) -> None:
    data, chunks, last = text.encode(), [], 0
    for cut in sorted(cuts):
        chunks.append(data[last:cut])
        last = max(last, cut)
    chunks.append(data[last:])
    assert b"".join(fold(chunks)) == b"".join(fold([data]))


def zipped(data: bytes, name: str = "inner.json") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def wrapped(data: bytes) -> bytes:
    """Base64 in lines of 76 signs, as in mail."""
    return b"key:\n" + base64.encodebytes(b"x" * 70 + data + b"y" * 50)


UTF8, ESCAPED = NAME.encode(), json.dumps({"a": [NAME]}).encode()
CONTAINERS: dict[str, Callable[[], bytes]] = {
    "nested.zip": lambda: zipped(zipped(zipped(ESCAPED), "b.zip"), "a.zip"),
    "gzip-in.zip": lambda: zipped(gzip.compress(UTF8), "a.gz"),
    "member-name.zip": lambda: zipped(b"", "Mueller-Haagse_Joerg.txt"),
    "packed.bz2": lambda: bz2.compress(ESCAPED),
    "bz2-in.zip": lambda: zipped(bz2.compress(ESCAPED), "a.bz2"),
    "packed.xz": lambda: lzma.compress(ESCAPED),
    "escapes.log": lambda: b"got " + ESCAPED + b" as JSON in a line of a log",
    "json-in.json": lambda: json.dumps({"inner": ESCAPED.decode()}).encode(),
    "lines.json": lambda: json.dumps({"a": "Jörg\nMüller-Haagse"}).encode(),
    "escaped-break.txt": lambda: b"Joerg\\nMueller-Haagse",
    "c-escapes.txt": lambda: repr(UTF8).encode(),
    "python.txt": lambda: ascii(NAME).encode(),
    "percent.txt": lambda: b"GET /x?name=" + quote(NAME).encode(),
    "plus.txt": lambda: b"GET /x?name=" + quote(NAME).replace("%20", "+").encode(),
    "percent-latin.txt": lambda: b"GET /x?name=" + quote(NAME, encoding="latin-1").encode(),
    "percent-twice.json": lambda: json.dumps({"url": quote(quote(NAME))}).encode(),
    "base64.txt": lambda: b"token " + base64.b64encode(UTF8) + b" end",
    "base64-in.json": lambda: json.dumps({"t": base64.b64encode(UTF8).decode()}).encode(),
    "base64-behind.txt": lambda: b"x/y/" + base64.b64encode(UTF8),
    "base64-url.txt": lambda: b"id=" + base64.urlsafe_b64encode("ÿÿ>".encode() + UTF8),
    "base64-wide.txt": lambda: base64.b64encode(NAME.encode("utf-16-le")),
    "base64-lines.txt": lambda: wrapped(UTF8),
    "base64-twice.txt": lambda: base64.b64encode(base64.b64encode(UTF8)),
    "base64-zip.json": lambda: json.dumps({"z": base64.b64encode(zipped(UTF8)).decode()}).encode(),
    "mail.txt": lambda: quopri.encodestring(UTF8),
    "wide.json": lambda: ESCAPED.decode().encode("utf-16"),
    "utf-32.txt": lambda: NAME.encode("utf-32"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_name_is_found_in_whatever_it_is_packed(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(CONTAINERS[name]())
    (tmp_path / "clean.txt").write_text("Muller of Haag, JorgMuller" * 50)
    assert {f.file for f in search(tmp_path, NEEDLES)} == {name}


def test_a_path_in_another_spelling_is_masked(tmp_path: Path) -> None:
    folder = tmp_path / "mueller-haagse_joerg" / "eeg"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text(NAME)
    files = [finding.file for finding in search(tmp_path, NEEDLES)]
    assert files == ["***", "***/eeg/a.txt"]


def test_what_can_not_be_unpacked_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 ...")
    (tmp_path / "b.7z").write_bytes(b"7z\xbc\xaf\x27\x1c....")
    (tmp_path / "c.zip").write_bytes(zipped(b"x")[:-9])
    (tmp_path / "d.json").write_text(json.dumps([base64.b64encode(b"plain").decode()]))
    unpacking = Unpacking()
    assert search(tmp_path, NEEDLES, unpacking) == []
    assert unpacking.closed == {"PDF": 1, "7z": 1, "damaged zip": 1}


def test_an_encrypted_member_is_counted(tmp_path: Path) -> None:
    raw = bytearray(zipped(b"x" * 20))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.index(mark) + at
        raw[place : place + 2] = struct.pack("<H", 1)
    (tmp_path / "a.zip").write_bytes(bytes(raw))
    unpacking = Unpacking()
    search(tmp_path, NEEDLES, unpacking)
    assert unpacking.closed == {"encrypted zip": 1}


def test_a_search_for_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EEGSSL_PRIVATE", str(tmp_path / "private"))
    out = tmp_path / "out"
    out.mkdir()
    ran = eegssl("deid", "--check", out)
    assert ran.code == 3
    assert "nothing to search for, so nothing was searched" in ran.err
    assert "--from EDF_DIR" in ran.err
    assert "--strings FILE" in ran.err
    empty = tmp_path / "edf"
    empty.mkdir()
    ran = eegssl("deid", "--check", out, "--from", empty, "--json")
    assert ran.code == 3
    assert "given by --from" in ran.document["error"]


def test_a_search_tells_where_it_does_not_look(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text(NAME, encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.pdf").write_bytes(b"%PDF-1.7 ...")
    ran = eegssl("deid", "--check", out, "--strings", names)
    assert ran.code == 0
    assert "not searched" in ran.out
    assert "what an image" in ran.out
    document = eegssl("deid", "--check", out, "--strings", names, "--json").document
    assert document["not_unpacked"] == {"PDF": 1}
    assert len(document["not_searched"]) >= 4
