"""One key a user, however many processes begin at once, and a table that loses no name."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clirun import done, eegssl
from tinycorpus import write_corpus

from eegssl.artifacts.locks import file_lock
from eegssl.errors import ConfigError
from eegssl.io.private.private_key import make_key, private_folder, read_key
from eegssl.io.private.pseudonyms import Pseudonyms


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_all_who_begin_at_once_get_one_key(tmp_path: Path) -> None:
    folder = tmp_path / "private"

    def begin(_: int) -> str:
        make_key(folder)
        return Pseudonyms(folder).subject("sub-0")

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(begin, range(32)))
    assert len(ids) == 1
    assert sorted(p.name for p in folder.iterdir()) == ["key", "lock"]


def test_a_key_that_another_made_meanwhile_is_adopted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It appears between the look for one and the making of one's own."""
    link = os.link

    def link_late(source: Path, target: Path) -> None:
        Path(target).write_text("the other's key, long enough\n")
        link(source, target)

    monkeypatch.setattr(os, "link", link_late)
    make_key(tmp_path / "private")
    assert read_key(tmp_path / "private") == "the other's key, long enough"


@pytest.mark.parametrize("there", [False, True])
def test_a_file_system_without_hard_links_has_one_key_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    def no_link(source: Path, target: Path) -> None:
        if there:
            Path(target).write_text("the other's key, long enough\n")
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    make_key(tmp_path / "private")
    key = read_key(tmp_path / "private")
    assert key is not None
    assert (key == "the other's key, long enough") == there
    assert sorted(p.name for p in (tmp_path / "private").iterdir()) == ["key", "lock"]


def test_saves_at_once_lose_no_name(tmp_path: Path) -> None:
    make_key(tmp_path)

    def save(k: int) -> None:
        table = Pseudonyms(tmp_path)
        for n in range(10):
            table.subject(f"sub-{k}-{n}")
        table.save()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(save, range(40)))
    names = {line.split("\t")[1] for line in (tmp_path / "names.tsv").read_text().splitlines()}
    assert names == {"name"} | {f"sub-{k}-{n}" for k in range(40) for n in range(10)}


def test_a_table_of_another_key_is_not_written(tmp_path: Path) -> None:
    make_key(tmp_path)
    table = Pseudonyms(tmp_path)
    (tmp_path / "key").write_text("f" * 64)
    with pytest.raises(ConfigError, match="another one than when this began"):
        table.save()


def test_folders_above_the_key_are_for_their_owner_alone(tmp_path: Path) -> None:
    assert make_key(tmp_path / "data" / "share" / "eegssl") == []
    for folder in ("data", "data/share", "data/share/eegssl"):
        assert mode_of(tmp_path / folder) == 0o700
    assert mode_of(tmp_path / "data/share/eegssl/key") == 0o600


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    make_key(tmp_path / "data" / "eegssl")
    assert mode_of(tmp_path / "data") == 0o755


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_can_read_is_told(tmp_path: Path, mode: int) -> None:
    make_key(tmp_path)
    (tmp_path / "key").chmod(mode)
    (warning,) = make_key(tmp_path)
    assert f"mode {mode:o}" in warning
    assert f"chmod 600 {tmp_path / 'key'}" in warning


@pytest.mark.parametrize("text", ["", "short", "\xff\xfe"])
def test_what_is_no_key_is_refused_and_left(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match="is no key"):
        make_key(tmp_path)
    assert (tmp_path / "key").read_bytes() == text.encode("latin-1")


def test_a_key_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key")
    with pytest.raises(ConfigError, match="named pipe"):
        Pseudonyms(tmp_path)


def test_a_relative_data_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EEGSSL_PRIVATE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "share")
    with pytest.raises(ConfigError, match="XDG_DATA_HOME is 'share', a relative path"):
        private_folder()


def test_where_there_are_no_locks_names_are_saved_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(descriptor: int, operation: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(file_lock.fcntl, "flock", unsupported)
    make_key(tmp_path)
    table = Pseudonyms(tmp_path)
    id_ = table.subject("sub-0")
    (warning,) = table.save()
    assert f"the file system of {tmp_path} has no locks" in warning
    assert Pseudonyms(tmp_path).name(id_) == "sub-0"


def test_two_first_runs_give_a_person_one_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins while the first looks at its files: the key is there by then."""
    monkeypatch.setenv("EEGSSL_PRIVATE", str(tmp_path / "private"))
    edf = write_corpus(tmp_path / "edf", range(3))
    more = ("--set", "look.recordings=0", "--jobs", 1)
    failed = eegssl("preprocess", tmp_path / "empty", "--out", tmp_path / "none", *more)
    assert failed.code == 3
    key = (tmp_path / "private" / "key").read_text()
    (tmp_path / "private" / "key").chmod(0o644)
    done("preprocess", edf, "--out", tmp_path / "a", *more)
    assert (tmp_path / "private" / "key").read_text() == key
    again = eegssl("preprocess", edf, "--out", tmp_path / "b", *more)
    assert "chmod 600" in again.err
    assert "chmod" not in (tmp_path / "b" / "manifest.json").read_text()
    assert (tmp_path / "a/subjects.tsv").read_bytes() == (tmp_path / "b/subjects.tsv").read_bytes()


def test_people_without_a_recording_do_not_enter_the_private_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EEGSSL_PRIVATE", str(tmp_path / "private"))
    edf = write_corpus(tmp_path / "edf", range(3))
    rows = "".join(f"sub-{k:02d}\t{20 + k}\n" for k in range(50))
    (edf / "participants.tsv").write_text(f"participant_id\tage\n{rows}")
    done("preprocess", edf, "--out", tmp_path / "a", "--set", "look.recordings=0", "--jobs", 1)
    names = (tmp_path / "private" / "names.tsv").read_text()
    assert "sub-02" in names
    assert "sub-03" not in names
    assert "\t22\t" in (tmp_path / "a" / "subjects.tsv").read_text()
