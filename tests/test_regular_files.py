"""Only regular files are opened, up to a size: a pipe, a device or a huge file ends nothing."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from eegssl.artifacts.output_state import output_state
from eegssl.artifacts.reading import read_manifest
from eegssl.config.toml_file import read_toml
from eegssl.errors import ArtifactError, ConfigError, InputError
from eegssl.io.private.deid import listed
from eegssl.io.tables.participants import is_synthetic, read_participants
from eegssl.io.tables.tsv import read_tsv
from eegssl.io.tables.user_labels import read_labels
from eegssl.regular_files import (
    UnusableFile,
    open_regular,
    read_bytes,
    read_text,
    wide_codec,
)

Plant = Callable[[Path], None]


def plant_socket(path: Path) -> None:
    """A socket of this process; its path may be long, so it is bound from its folder."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def plant_sparse(path: Path) -> None:
    """A file of a terabyte that takes no room."""
    path.touch()
    os.truncate(path, 1 << 40)


ODD: dict[str, tuple[Plant, str]] = {
    "pipe": (lambda path: os.mkfifo(path), "named pipe"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "device"),
    "socket": (plant_socket, "socket"),
    "folder": (lambda path: path.mkdir(), "folder"),
    "sparse": (plant_sparse, "1,099,511,627,776 bytes"),
    "loop": (lambda path: path.symlink_to(path.name), "symbolic links"),
}
"""Entries that no reader may wait for or swallow, and what is said of them."""


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest) -> tuple[Plant, str]:
    return ODD[request.param]


@pytest.mark.parametrize("read", [read_bytes, read_text])
def test_what_is_no_regular_file_is_named(
    tmp_path: Path, odd: tuple[Plant, str], read: Callable[[Path], object]
) -> None:
    plant, what = odd
    plant(tmp_path / "x")
    with pytest.raises(OSError, match=what):
        read(tmp_path / "x")


def test_a_regular_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(UnusableFile, match="5 bytes, expected at most 4"):
        read_bytes(path, 4)
    with open_regular(path) as stream:
        assert os.get_inheritable(stream.fileno()) is False
        assert stream.read() == b"12345"


def test_a_file_that_grows_after_its_size_was_asked_is_cut_off(tmp_path: Path) -> None:
    path = Path("/proc/self/status")  # says 0 bytes, and has more
    if not path.exists():
        pytest.skip("no /proc here")
    with pytest.raises(UnusableFile, match="expected at most 10"):
        read_bytes(path, 10)


def test_text_is_utf_8_without_its_mark_whatever_the_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    (tmp_path / "x").write_bytes("\ufeffµV\r\n".encode())
    assert read_text(tmp_path / "x") == "µV\r\n"


READERS: dict[str, tuple[str, Callable[[Path], object], type[Exception]]] = {
    "manifest": ("manifest.json", lambda p: read_manifest(p.parent), ArtifactError),
    "plan": (
        "eegssl-plan.json",
        lambda p: output_state(p.parent, "encoder", {"kind": "encoder"}, overwrite=False),
        ConfigError,
    ),
    "settings": ("task.toml", read_toml, ConfigError),
    "tsv": ("splits.tsv", lambda p: read_tsv(p, ("subject",)), ConfigError),
    "labels": ("labels.tsv", lambda p: read_labels(p, [""]), ConfigError),
    "participants": ("participants.tsv", lambda p: read_participants(p.parent), InputError),
    "strings": ("strings.txt", listed, InputError),
}
"""A reader of each kind of file that users or artifacts bring, and the error that it raises."""


@pytest.mark.parametrize("reader", READERS)
def test_each_reader_refuses_it_as_its_own_error(
    tmp_path: Path, odd: tuple[Plant, str], reader: str
) -> None:
    name, read, error = READERS[reader]
    odd[0](tmp_path / name)
    with pytest.raises(error):
        read(tmp_path / name)


def test_a_description_that_is_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "dataset_description.json")
    with pytest.raises(InputError, match=r"dataset_description\.json .*named pipe"):
        is_synthetic(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_settings_are_read_as_windows_saves_them(tmp_path: Path, encoding: str, ends: str) -> None:
    path = tmp_path / "task.toml"
    path.write_bytes(f'name = "µV"{ends}[a]{ends}b = 1{ends}'.encode(encoding))
    assert read_toml(path) == {"name": "µV", "a": {"b": 1}}


@pytest.mark.parametrize(
    ("data", "words"),
    [(b'name = "\xb5V"', "save it as UTF-8"), (b"a = " + b"[" * 10**5, "nested too deeply")],
)
def test_settings_that_can_not_be_read_are_told(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "task.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=words):
        read_toml(path)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["onset\t1\n", "时间\t10.5\n发作\t3\n"])
def test_text_in_utf16_is_told_without_its_mark(text: str, codec: str) -> None:
    assert wide_codec(text.encode(codec)) == codec


@pytest.mark.parametrize(
    "raw", [b"", b"\0", b"onset\t1\n", "时间".encode(), bytes(99), b"ab\0\0" * 9]
)
def test_other_bytes_are_no_text_in_utf16(raw: bytes) -> None:
    assert wide_codec(raw) == ""
