"""No more processes than memory allows, of the machine or of a control group around."""

from pathlib import Path

import pytest

from eegssl.corpus.config import Limits
from eegssl.corpus.processes import process_count as counted
from eegssl.corpus.processes.process_count import EACH_MB, available_mb, process_count

MIB = 1 << 20


def system(root: Path, groups: dict[str, str], place: str) -> tuple[Path, Path]:
    """A /proc of 8,000 MiB that can be had, and files of control groups."""
    files = {"proc/meminfo": f"MemTotal: 16000000 kB\nMemAvailable: {8000 * 1024} kB\n"}
    files |= {"proc/self/cgroup": place}
    files |= {f"groups/{name}": text for name, text in groups.items()}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "proc", root / "groups"


@pytest.mark.parametrize(
    ("groups", "place", "expected_mb"),
    [
        ({}, "0::/\n", 8000),
        ({"memory.max": "max\n", "memory.current": "5\n"}, "0::/\n", 8000),
        (
            {"job/memory.max": f"{3000 * MIB}", "job/memory.current": f"{1000 * MIB}"},
            "0::/job/step\n",
            2000,
        ),
        (
            {
                "memory.max": f"{3000 * MIB}",
                "memory.current": f"{2900 * MIB}",
                "memory.stat": f"anon 5\ninactive_file {1000 * MIB}\n",
            },
            "0::/not/seen/here\n",
            1100,
        ),
        (
            {
                "memory/job/memory.limit_in_bytes": f"{500 * MIB}",
                "memory/job/memory.usage_in_bytes": f"{600 * MIB}",
            },
            "9:cpu:/\n4:memory:/job\n0::/\n",
            0,
        ),
    ],
)
def test_the_least_of_machine_and_groups_counts(
    tmp_path: Path, groups: dict[str, str], place: str, expected_mb: int
) -> None:
    assert available_mb(*system(tmp_path, groups, place)) == expected_mb


def test_a_system_that_does_not_say_sets_no_limit(tmp_path: Path) -> None:
    assert available_mb(tmp_path, tmp_path) is None


def test_this_machine_has_some() -> None:
    free_mb = available_mb()
    assert free_mb is None or free_mb > 0


@pytest.mark.parametrize(
    ("free_mb", "asked", "limit_mb", "expected"),
    [
        (None, 64, 8192, 64),
        (10 * EACH_MB, 4, 8192, 4),
        (10 * EACH_MB, 64, 8192, 10),
        (10 * EACH_MB, 64, EACH_MB // 2, 20),
        (5, 64, 8192, 1),
    ],
)
def test_the_number_is_what_fits_and_one_at_least(
    monkeypatch: pytest.MonkeyPatch,
    free_mb: int | None,
    asked: int,
    limit_mb: int,
    expected: int,
) -> None:
    monkeypatch.setattr(counted, "available_mb", lambda: free_mb)
    number, reason = process_count(asked, Limits(memory_mb=limit_mb))
    assert number == expected
    assert bool(reason) == (expected < asked)


def test_without_a_number_each_core_has_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counted, "available_mb", lambda: None)
    monkeypatch.setattr(counted, "core_count", lambda: 3)
    assert process_count(0, Limits()) == (3, "")
