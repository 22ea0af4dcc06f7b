"""The entrypoint answers with one whole table, or with an error and none, whatever lies where.

A stand-in for ``eegssl`` answers here by the content of the file; with a model and EEG it runs in
``tests/stages/test_container.py``.
"""

import os
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from eegssl.container.folder_texts import folder_texts

TABLE = "onset\tduration\teventType\n3.00\t9.00\tsz\n"
STALE = "onset\tduration\teventType\n0\t1\tbckg\n"
STAND_IN = f"""
import json, os, sys
from pathlib import Path
words = sys.argv[1:]
edf, out = Path(words[1]), Path(words[words.index("--out") + 1])
text = edf.read_text()
home = [os.environ[name] for name in ("HOME", "EEGSSL_PRIVATE", "MPLCONFIGDIR", "XDG_CACHE_HOME")]
for folder in home:
    Path(folder, "left").write_text("x")
if text == "killed":
    os.kill(os.getpid(), 9)
if text == "refused":
    error = "none of 1 file(s) can be used:\\n\\x1b[31mtruncated"
    print(json.dumps({{"error": error, "exit_code": 3}}))
    print("progress", file=sys.stderr)
    sys.exit(3)
if text == "crash":
    raise ValueError("first line\\nlast line")
tables = {{"two": 2, "none": 0}}.get(text, 1)
for k in range(tables):
    path = out / "detections" / f"{{k}}_events.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("nothing" if text == "strange" else {TABLE!r})
print(json.dumps({{"warnings": ["EEGSSL_" + str("EEGSSL_SEED" in os.environ)]}}))
"""


@dataclass
class Root:
    """A virtual root: a folder for each of /data and /output, the script, and a stand-in."""

    path: Path
    output: Path = field(init=False)
    data: Path = field(init=False)

    def __post_init__(self) -> None:
        self.data, self.output = self.path / "data", self.path / "output"
        self.scratch = self.path / "tmp"
        package = self.path / "stand-in" / "eegssl"
        for folder in (self.data, self.output, self.scratch, package):
            folder.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(STAND_IN)
        script = folder_texts("python:3.12-slim", "x.whl", "seizures", "0")["entrypoint"]
        (self.path / "entrypoint").write_text(script)

    def run(
        self, name: str | None = "eeg.edf", output: str | None = "out.tsv", **more: str
    ) -> subprocess.CompletedProcess[str]:
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.path / "stand-in"),
            "HOME": "/nonexistent",
            "TMPDIR": str(self.scratch),
            "SZCORE_DATA": str(self.data),
            "SZCORE_OUTPUT": str(self.output),
            **({} if name is None else {"INPUT": name}),
            **({} if output is None else {"OUTPUT": output}),
            **more,
        }
        command = [sys.executable, str(self.path / "entrypoint")]
        return subprocess.run(
            command, env=variables, cwd=self.path, capture_output=True, text=True, check=False
        )

    def files(self) -> dict[str, str]:
        """What lies in /output: path -> text."""
        paths = [path for path in self.output.rglob("*") if path.is_file()]
        return {path.relative_to(self.output).as_posix(): path.read_text() for path in paths}


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_a_file_gets_one_table_and_nothing_is_left_elsewhere(root: Root) -> None:
    (root.data / "eeg.edf").write_text("good")
    ran = root.run(output="sub-01/eeg/out.tsv", EEGSSL_SEED="3")
    assert ran.returncode == 0, ran.stderr
    assert root.files() == {"sub-01/eeg/out.tsv": TABLE}
    assert list(root.scratch.iterdir()) == []
    assert "EEGSSL_False" in ran.stderr  # no setting came along
    mode = (root.output / "sub-01/eeg/out.tsv").stat().st_mode
    assert mode & stat.S_IRUSR
    assert mode & 0o666 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("content", ["refused", "crash", "killed", "two", "none", "strange"])
def test_a_file_that_predict_does_not_answer_gets_a_reason_and_no_table(
    root: Root, content: str
) -> None:
    (root.data / "eeg.edf").write_text(content)
    (root.output / "out.tsv").write_text(STALE)
    ran = root.run()
    assert ran.returncode not in (0, 120)
    assert root.files() == {}
    assert ran.stderr.startswith("error: ")
    assert len(ran.stderr.splitlines()) == 1
    assert "\x1b" not in ran.stderr
    assert list(root.scratch.iterdir()) == []
    if content == "refused":
        assert ran.returncode == 3
        assert "truncated" in ran.stderr


@pytest.mark.parametrize(
    ("name", "output"),
    [
        (None, "out.tsv"),
        ("", "out.tsv"),
        ("missing.edf", "out.tsv"),
        (".", "out.tsv"),
        ("../data/eeg.edf", "out.tsv"),
        ("/etc/hostname", "out.tsv"),
        ("folder", "out.tsv"),
        ("pipe", "out.tsv"),
        ("eeg.edf", None),
        ("eeg.edf", ""),
        ("eeg.edf", "../out.tsv"),
        ("eeg.edf", "taken"),
    ],
)
def test_names_that_lead_nowhere_are_refused(
    root: Root, name: str | None, output: str | None
) -> None:
    (root.data / "eeg.edf").write_text("good")
    (root.data / "folder").mkdir()
    os.mkfifo(root.data / "pipe")
    (root.output / "taken").mkdir()
    ran = root.run(name, output)
    assert ran.returncode in (2, 3)
    assert len(ran.stderr.splitlines()) == 1
    assert root.files() == {}
    assert not (root.path / "out.tsv").exists()


def test_one_file_is_not_both_input_and_output(root: Root) -> None:
    (root.data / "eeg.edf").write_text("good")
    ran = root.run(output="eeg.edf", SZCORE_OUTPUT=str(root.data))
    assert ran.returncode == 2
    assert (root.data / "eeg.edf").read_text() == "good"


class TestFolderThatCannotBeWritten:
    """As SzCORE's runner has it: an empty table lies there, which others may write."""

    @pytest.fixture
    def locked(self, root: Root) -> Root:
        if os.geteuid() == 0:  # root may write anywhere: a name as long as names can be stands in
            (root.output / LONG).touch()
            return root
        (root.output / LONG).touch()
        root.output.chmod(0o555)
        return root

    @pytest.mark.parametrize("content", ["good", "refused"])
    def test_the_table_is_filled_in_place_or_stays_empty(self, locked: Root, content: str) -> None:
        (locked.data / "eeg.edf").write_text(content)
        (locked.output / LONG).write_text(STALE)
        ran = locked.run(output=LONG)
        locked.output.chmod(0o755)
        assert ran.returncode == (0 if content == "good" else 3)
        assert locked.files() == {LONG: TABLE if content == "good" else ""}

    def test_without_a_table_it_is_an_error_before_anything_is_read(self, locked: Root) -> None:
        (locked.data / "eeg.edf").write_text("good")
        (locked.output / LONG).unlink() if os.geteuid() == 0 else None
        other = "b" * 255
        ran = locked.run(output=other)
        locked.output.chmod(0o755)
        assert ran.returncode == 2
        assert "nothing can be written" in ran.stderr


LONG = "a" * 251 + ".tsv"
