"""Time of `preprocess --update` on many files of which few have changed.

Run ``python bench/bench_update.py FOLDER [--files 10000] [--jobs 2] [--compare]``; prints Markdown.
The files are the synthetic stubs of ``bench_scale.py`` (23 signals of noise, 7 s), made in FOLDER
with the recordings of all; whatever lies there is taken as it is. Each command is a process of its
own, its start included; CPU is that of this process, without those that read files. With
``--compare`` a fresh run makes the same files at the end, and bytes are compared.
"""

import argparse
import filecmp
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench_scale import write_stubs

from eegssl.artifacts.manifest import EARLIER

NUMBERS = ("new", "changed", "vanished", "labels_changed", "made", "labelled", "kept")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--compare", action="store_true")
    args = parser.parse_args()
    os.environ["EEGSSL_PRIVATE"] = str(args.folder / "private")
    edf = write_stubs(args.folder / f"{args.files}-stubs", args.files, 7)
    out, fresh = args.folder / "out", args.folder / "fresh"
    print(f"Load of {os.cpu_count()} cores when this began: {os.getloadavg()[0]:.1f}\n")
    print(f"| {args.files:,} files | wall s | CPU s | " + " | ".join(NUMBERS) + " |")
    print("|---|---|---|" + "---|" * len(NUMBERS))
    shown("all anew", edf, out, args.jobs)
    for name, change in CHANGES.items():
        change(edf)
        shown(name, edf, out, args.jobs, "--update")
    if args.compare:
        compare(edf, out, fresh, args.jobs)


def compare(edf: Path, out: Path, fresh: Path, jobs: int) -> None:
    """Make the same files anew, and count those with other bytes."""
    shown("the same, all anew", edf, fresh, jobs)
    names = sorted(p.relative_to(fresh) for p in fresh.rglob("*") if p.is_file())
    updated = (p.relative_to(out) for p in out.rglob("*") if p.is_file())
    assert names == sorted(name for name in updated if name.parts[0] != EARLIER)
    differ = [name for name in names if not filecmp.cmp(out / name, fresh / name, shallow=False)]
    print(f"\n{len(names):,} files, of which {len(differ)} differ from those of a fresh run")


def shown(name: str, edf: Path, out: Path, jobs: int, *more: str) -> None:
    """Run the command, and print a row of its time and numbers."""
    words = ["-m", "eegssl", "preprocess", str(edf), "--out", str(out), "--jobs", str(jobs)]
    begun, used = time.perf_counter(), cpu_s()
    document = subprocess.check_output(
        [sys.executable, *words, "--json", *more], stderr=subprocess.DEVNULL
    )
    wall_s = time.perf_counter() - begun
    numbers = json.loads(document).get("update", {})
    used = cpu_s() - used
    cells = (str(numbers.get(key, "–")) for key in NUMBERS)
    print(f"| {name} | {wall_s:.1f} | {used:.1f} | " + " | ".join(cells) + " |", flush=True)


def cpu_s() -> float:
    """Seconds of processors that the processes begun here, which have ended, have used."""
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


def one_new(edf: Path) -> None:
    new(edf, "one", 1)


def some_of_each(edf: Path) -> None:
    files = sorted(edf.glob("0001/*/a.edf"))
    new(edf, "some", 10)
    for path in files[:5]:
        altered(path, path)
    for path in files[5:10]:
        shutil.rmtree(path.parent)


def one_label_file(edf: Path) -> None:
    path = edf / "0002" / "s001000" / "a.tsv"
    path.write_text("onset\tduration\teventType\n2\t3\tsz\n")


def new(edf: Path, name: str, n: int) -> None:
    """Files of new people, like those that are there and with other samples."""
    for k, path in enumerate(sorted(edf.glob("0000/*/a.edf"))[:n]):
        person = edf / "0000" / f"{name}{k}"
        person.mkdir()
        altered(path, person / "a.edf")


def altered(path: Path, to: Path) -> None:
    """A stub whose first second of its first signals is that of others."""
    body = path.read_bytes()
    begin = 256 * (int(body[252:256]) + 1)
    half = body[begin + 4000 : begin + 8000]
    to.write_bytes(body[:begin] + half + half + body[begin + 8000 :])


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda edf: None,
    "1 new": one_new,
    "labels of 1 file": one_label_file,
    "10 new, 5 changed, 5 gone": some_of_each,
}


if __name__ == "__main__":
    main()
