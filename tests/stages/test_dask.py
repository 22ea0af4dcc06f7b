"""Dask's workers make what one run makes, and those that can't be used are named."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import util
from pathlib import Path

import killworkers
import pytest
from clirun import Pipeline, Ran, eegssl, files_of
from daskservers import Servers, dask_servers
from tinycorpus import write_corpus

from eegssl import __version__
from eegssl.corpus.processes import dask_cluster
from eegssl.errors import ConfigError
from eegssl.stages.preprocessing import making_recordings
from eegssl.stages.tokenizing import encoded_recordings


@pytest.fixture(scope="module")
def edf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_corpus(tmp_path_factory.mktemp("corpus") / "edf", range(3))
    (root / "sub-01" / "broken.edf").write_bytes(b"0" * 400)
    return root


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A scheduler with two workers."""
    with dask_servers(tmp_path_factory.mktemp("servers") / "two", 2) as running:
        yield running


def over_dask(edf: Path, out: Path, address: str, *more: object) -> Ran:
    return eegssl("preprocess", edf, "--out", out, "--dask", address, *more)


def test_a_killed_worker_costs_nothing(
    edf: Path, tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed when it has written the signals of a file and not yet said so."""
    assert eegssl("preprocess", edf, "--out", tmp_path / "one", "--jobs", 1).code == 0
    kills = killworkers.ingest_and_kill_once
    monkeypatch.setattr(making_recordings, "ingest_known", kills)
    monkeypatch.chdir(tmp_path)
    ran = over_dask(edf, Path("out"), servers.address)
    assert ran.code == 0, ran.err
    assert (tmp_path / "killed").exists()
    assert files_of(tmp_path / "out") == files_of(tmp_path / "one")
    assert "2 worker(s) with 2 thread(s)" in ran.err
    assert "recordings: 6/6, 0.06 of 0.06 h of EEG" in ran.err
    log = servers.log.read_text()
    assert "signal 9" in log
    assert "sub-" not in log + ran.err
    assert str(edf) not in log


@pytest.mark.slow
def test_an_update_is_handed_out_too(edf: Path, tmp_path: Path, servers: Servers) -> None:
    own, out = Path(shutil.copytree(edf, tmp_path / "edf")), tmp_path / "out"
    assert over_dask(own, out, servers.address).code == 0
    (own / "sub-02" / "new.edf").write_bytes(next(own.glob("sub-02/*/*.edf")).read_bytes())
    ran = over_dask(own, out, servers.address, "--update", "--verify", "--json")
    assert ran.code == 0, ran.err
    assert (ran.document["update"]["new"], ran.document["update"]["kept"] > 0) == (1, True)
    assert eegssl("preprocess", own, "--out", tmp_path / "fresh", "--jobs", 1).code == 0
    assert files_of(out) == files_of(tmp_path / "fresh")


@pytest.mark.slow
def test_encoding_is_handed_out_too(
    tiny: Pipeline, tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a worker that is killed when it has written codes and not yet said so."""
    monkeypatch.setattr(encoded_recordings, "UNIT_S", 60.0)
    monkeypatch.setattr(encoded_recordings, "encode_some", killworkers.encode_and_kill_once)
    monkeypatch.chdir(tmp_path)
    ran = eegssl(*tiny.command("tokenize", Path("out")), "--dask", servers.address)
    assert ran.code == 0, ran.err
    assert (tmp_path / "killed").exists()
    assert files_of(tmp_path / "out") == files_of(tiny.tokens)


def test_a_worker_that_sees_other_recordings_encodes_none(tiny: Pipeline, tmp_path: Path) -> None:
    sources = [(tiny.recordings, "0" * 32)]
    with pytest.raises(ConfigError, match="other recordings at the same path"):
        encoded_recordings.encode_some(tmp_path, sources, 800, False, "cpu", [])


def test_encoding_is_not_handed_out_in_parts(tiny: Pipeline, tmp_path: Path) -> None:
    for flags in (("--shard", "0/2"), ("--train-only",), ("--finalize",)):
        command = tiny.command("tokenize", tmp_path / "out")
        ran = eegssl(*command, "--dask", "tcp://127.0.0.1:1", *flags)
        refused(ran, tmp_path / "out", f"leave out {flags[0]}")


def refused(ran: Ran, out: Path, *words: str) -> None:
    assert (ran.code, [word for word in words if word not in ran.err]) == (2, []), ran.err
    assert not out.exists()


@pytest.mark.parametrize(
    "flags", [("--jobs", 2), ("--shard", "0/2"), ("--finalize",), ("--jobs", 1, "--shard", "0/2")]
)
def test_other_ways_to_share_the_work_are_refused(
    edf: Path, tmp_path: Path, flags: tuple[object, ...]
) -> None:
    ran = over_dask(edf, tmp_path / "out", "tcp://127.0.0.1:1", *flags)
    refused(ran, tmp_path / "out", f"leave out {flags[0]}", "or --dask")


def test_without_the_extra_the_way_to_it_is_told(
    edf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = util.find_spec
    absent = {"distributed": None}
    monkeypatch.setattr(
        dask_cluster, "find_spec", lambda name: absent[name] if name in absent else find(name)
    )
    ran = over_dask(edf, tmp_path / "out", "tcp://127.0.0.1:1")
    refused(ran, tmp_path / "out", "pip install 'eegssl[dask]'")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{}", "nowhere.invalid:{}", "ftp://a:{}", ""])
def test_a_scheduler_that_is_not_there_is_named(
    edf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ran = over_dask(edf, tmp_path / "out", address.format(port))
    refused(ran, tmp_path / "out", "no Dask scheduler answers at", "such as tcp://host:8786")


def test_a_scheduler_without_workers_is_told(
    edf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "START_S", 0.5)
    with dask_servers(tmp_path / "servers", 0) as alone:
        ran = over_dask(edf, tmp_path / "out", alone.address)
    refused(ran, tmp_path / "out", "has no workers", "dask worker tcp://127.0.0.1:")


def test_workers_of_another_version_are_named(
    edf: Path, tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "__version__", "0.0.9")
    ran = over_dask(edf, tmp_path / "out", servers.address)
    refused(
        ran,
        tmp_path / "out",
        "worker tcp://127.0.0.1:",
        f"runs eegssl {__version__}, ",
        "here it is eegssl 0.0.9",
    )


def test_workers_that_see_other_files_are_named(
    edf: Path, tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is here and not there: as where the same path is another disk."""
    elsewhere = ["elsewhere.edf"]
    monkeypatch.setattr(dask_cluster, "listdir", lambda folder: elsewhere)
    ran = over_dask(edf, tmp_path / "out", servers.address)
    refused(ran, tmp_path / "out", "does not see input 1 of 1", "the same file system")
    assert "edf:" not in ran.err.replace(str(tmp_path), "")


def test_workers_that_see_another_out_are_named(
    edf: Path, tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that is left for them in --out does not come to them."""
    monkeypatch.setattr(dask_cluster, "atomic_path", lambda path: nullcontext(tmp_path / "other"))
    ran = over_dask(edf, tmp_path / "out", servers.address)
    assert (ran.code, "does not see the folder of --out" in ran.err) == (2, True), ran.err
    assert not list((tmp_path / "out").rglob("*.safetensors"))
