"""Records what every command wrote, and compares two such recordings.

    python bench/guard.py edf EDF --size small [--real EEGMAT] [--broken FOLDER]
    python bench/guard.py record OUT --edf EDF --size small
    python bench/guard.py compare BEFORE AFTER [--allow FILE]

Before a refactoring and after it: record both with the same EDF files, each with its own tree on
PYTHONPATH. ``compare`` takes a file of intended differences, a line each: ``path-glob<TAB>reason``
(the glob is of the path, or of the whole line that would be printed), or ``old -> new``: what was
renamed, one or more names of a path. Versions, ids and hashes of artifacts are no differences.
What is recorded stands in ``guard_plans.py``, how it is compared in ``guard_compare.py``.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from guard_compare import compare
from guard_plans import EDFS, EMBED, FILES, PLANS

KEY = "0123456789abcdef" * 4


def surroundings(out: Path) -> dict[str, str]:
    """The environment of a command: a known key, a home of its own, no settings from the shell."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EEGSSL_", "XDG_"))}
    own = {"EEGSSL_PRIVATE": str(out / "private"), "HOME": str(out / "home"), "COLUMNS": "200"}
    fixed = {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive", "NO_COLOR": "1"}
    for name in ("home", "logs"):
        (out / name).mkdir(parents=True, exist_ok=True)
    (out / "private").mkdir(mode=0o700, exist_ok=True)
    (out / "private" / "key").write_text(KEY + "\n")
    return kept | own | fixed


@dataclass(frozen=True)
class Command:
    """A line of a plan: what it makes, `` = ``, the verb and what follows it."""

    line: str

    @property
    def name(self) -> str:
        """The folder or file that it makes."""
        return self.line.partition(" = ")[0].strip()

    @property
    def asked(self) -> str:
        """The verb and what follows it."""
        return self.line.partition(" = ")[2].strip()

    @property
    def words(self) -> list[str]:
        """What Python is given."""
        if self.name.endswith(".npy"):
            return ["-c", EMBED, *shlex.split(self.asked), self.name]
        call = ["-m", "eegssl", *shlex.split(self.asked)]
        if self.name.endswith(".txt"):
            return call
        return [*call, "--json", *(() if self.name.endswith(".json") else ("--out", self.name))]

    def reads(self, name: str) -> bool:
        """Whether it, or a settings file of it, mentions what another command makes."""
        files = [text for file, text in FILES.items() if file in shlex.split(self.asked)]
        words = re.findall(r"[\w./{}-]+", " ".join([self.asked, *files]))
        return any(f"{word}/".replace("{fold}", "0").startswith(f"{name}/") for word in words)

    def run(self, out: Path, env: dict[str, str]) -> tuple[int, float]:
        """Run it in ``out`` and keep what it said; its exit code and seconds."""
        base = out / "logs" / self.name.replace("/", "-")
        begun = time.monotonic()
        with open(f"{base}.out", "wb") as told, open(f"{base}.err", "wb") as errors:
            call = [sys.executable, *self.words]
            ran = subprocess.run(call, cwd=out, env=env, stdout=told, stderr=errors)
        told_in = out / "told" / self.name
        if told_in.suffix not in (".json", ".txt"):
            told_in = told_in.with_name(f"{told_in.name}.json")
        told_in.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(f"{base}.out", told_in)
        return ran.returncode, time.monotonic() - begun


def record(out: Path, edf: Path, size: str, jobs: int) -> int:
    """Run a plan in ``out``; every command is logged, and what it wrote stays."""
    if out.exists():
        raise SystemExit(f"{out} exists: record into a new folder")
    env = surroundings(out)
    for name, text in FILES.items():
        (out / name).write_text(text)
    (out / "EDF").symlink_to(edf.resolve())
    plan = [Command(line) for line in PLANS[size]]
    done: dict[str, Future[tuple[int, float]]] = {}

    def in_turn(command: Command) -> tuple[int, float]:
        """Wait for what a command reads; commands begin in the order of the plan."""
        for name in [n for n in tuple(done) if n != command.name and command.reads(n)]:
            done[name].result()
        return command.run(out, env)

    with ThreadPoolExecutor(jobs) as pool, open(out / "commands.tsv", "w", buffering=1) as table:
        for command in plan:
            done[command.name] = pool.submit(in_turn, command)
        table.write("name\texit\tseconds\tcommand\n")
        for command in plan:
            code, seconds = done[command.name].result()
            table.write(f"{command.name}\t{code}\t{seconds:.1f}\t{command.asked}\n")
            print(f"{command.name}: exit {code}, {seconds:.1f} s", flush=True)
    return 0


def make_edf(root: Path, size: str, real: Path | None, broken: Path | None) -> int:
    """Make the EDF files of a size, where they are not there yet."""
    env = surroundings(root)
    for command in map(Command, EDFS[size]):
        if not (root / command.name).exists() and command.run(root, env)[0]:
            raise SystemExit(f"{command.name} failed: see {root / 'logs'}")
    if size == "small":
        make_broken(root / "broken", root / "tiny", broken)
        label_tables(root / "tiny", root)
    elif real is None:
        raise SystemExit("full needs --real: a folder with SubjectNN_1.edf and SubjectNN_2.edf")
    else:
        (root / "real").mkdir(exist_ok=True)
        for path in sorted(real.glob("Subject0[0-7]_[12].edf")):
            shutil.copy(path, root / "real" / path.name)
        rows = [(p.name, ("rest", "task")[int(p.stem[-1]) - 1]) for p in _edfs(root / "real")]
        write_table(root / "real.tsv", rows)
    return 0


def make_broken(folder: Path, good: Path, more: Path | None) -> None:
    """Whole files, one damaged in several ways, and whatever lies in ``more``; a folder each."""
    whole = {path.name: path.read_bytes() for path in _edfs(good)[:12:2]}
    first = next(iter(whole.values()))
    made = whole | {
        "cut-in-data.edf": first[: len(first) * 2 // 3],
        "cut-in-header.edf": first[:700],
        "empty.edf": b"",
        "text-mode.edf": first.replace(b"\n", b"\r\n"),
        "no-version.edf": b"\xff" * 8 + first[8:],
        "no-record-count.edf": first[:236] + b"-1      " + first[244:],
        "words.edf": b"this is no EDF file\n" * 100,
    }
    made |= {path.name: path.read_bytes() for path in sorted(more.iterdir())} if more else {}
    for k, (name, content) in enumerate(made.items()):
        (folder / f"sub-{k:02d}").mkdir(parents=True, exist_ok=True)
        (folder / f"sub-{k:02d}" / name).write_bytes(content)


def label_tables(edf: Path, root: Path) -> None:
    """Tables of classes and of numbers for the recordings of a corpus."""
    names = [path.relative_to(edf).as_posix() for path in _edfs(edf)]
    write_table(root / "classes.tsv", [(n, "calm" if "run-00" in n else "busy") for n in names])
    write_table(root / "numbers.tsv", [(n, str(20 + 7 * k % 31)) for k, n in enumerate(names)])


def write_table(path: Path, rows: list[tuple[str, str]]) -> None:
    """A table of labels, a recording a row."""
    path.write_text("".join(f"{a}\t{b}\n" for a, b in [("recording", "label"), *rows]))


def _edfs(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.edf"))


def main() -> int:
    """Do what the arguments say; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    edf, rec, com = (verbs.add_parser(verb) for verb in ("edf", "record", "compare"))
    for verb in (edf, rec):
        verb.add_argument("folder", type=Path)
        verb.add_argument("--size", choices=tuple(PLANS), default="small")
    edf.add_argument("--real", type=Path, help="for full: a folder with SubjectNN_1.edf and _2.edf")
    edf.add_argument("--broken", type=Path, help="a folder of further files to preprocess")
    rec.add_argument("--edf", type=Path, required=True, help="what `edf` made")
    rec.add_argument("--jobs", type=int, default=1, help="commands that run at the same time")
    for name in ("before", "after", "--allow"):
        com.add_argument(name, type=Path)
    args = parser.parse_args()
    if args.verb == "edf":
        return make_edf(args.folder.resolve(), args.size, args.real, args.broken)
    if args.verb == "record":
        return record(args.folder.resolve(), args.edf, args.size, args.jobs)
    return compare(args.before, args.after, args.allow)


if __name__ == "__main__":
    raise SystemExit(main())
