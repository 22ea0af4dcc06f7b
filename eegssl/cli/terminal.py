"""Print progress on stderr, and tables or one JSON document on stdout."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from eegssl.cli.counted_line import CountedLine
from eegssl.cli.files_line import FilesLine, hours_in_words
from eegssl.cli.training_line import TrainingLine
from eegssl.training.fitting.preemption import answer_again

_FEWEST_ALIKE = 3


class _Output(Console):
    """A console that leaves it to the command what a closed pipe means."""

    def on_broken_pipe(self) -> None:
        """Raise what ``rich`` has caught, in place of ending the process with 1."""
        raise BrokenPipeError


class Terminal:
    """News and bars on stderr, results on stdout; plain lines where there is no terminal.

    What a stage reports while it works are safe points: a signal whose answer a library swallowed
    is answered there. Of the ranks of a distributed run the first alone prints; another one prints
    nothing but its own fatal error, with its rank.
    """

    def __init__(self, *, as_json: bool = False, rank: int = 0) -> None:
        self.as_json = as_json
        self.rank = rank
        for stream in (sys.stdout, sys.stderr):
            if isinstance(
                stream, io.TextIOWrapper
            ):  # what the locale can't say is no reason to stop
                stream.reconfigure(errors="backslashreplace")
        self._fatal = _Output(stderr=True, highlight=False, soft_wrap=True)
        self._err = _Output(stderr=True, highlight=False, soft_wrap=True, quiet=rank > 0)
        wide = None if sys.stdout.isatty() else 160
        self._out = _Output(highlight=False, width=wide, quiet=rank > 0)
        self._bars: Bars | None = None

    def say(self, text: str) -> None:
        """One line of news."""
        answer_again()
        self._err.print(escape(text))

    def warn(self, text: str) -> None:
        """Something that the user should act on."""
        answer_again()
        self._err.print(f"[yellow]warning:[/] {escape(text)}")

    def fail(self, text: str) -> None:
        """Print the reason why the command stops."""
        whose = f"rank {self.rank}: " if self.rank else ""
        self._fatal.print(f"{whose}[red]error:[/] {escape(text)}")

    def track(self, label: str, total: int) -> Callable[[int], None]:
        """A bar on a terminal; elsewhere lines at tenths of the work, with the time left."""
        if self._err.is_terminal:
            return self._bar(label, total)
        progress = CountedLine(label, total)

        def line(done: int) -> None:
            answer_again()
            if text := progress.line(done):
                self._err.print(escape(text))

        return line

    def files(self, label: str, total: int, hours: float) -> Callable[[int, float, int], None]:
        """A bar by hours of EEG on a terminal; elsewhere lines with rate and time left."""
        if self._err.is_terminal:
            advance, describe = self._bar(label, round(3600 * hours)), self._describe(label)

            def bar(done: int, done_h: float, refused: int) -> None:
                more = f", {refused} refused" if refused else ""
                describe(f"{done}/{total} files, {hours_in_words(done_h, hours)}{more}, seconds:")
                advance(round(3600 * done_h))

            return bar
        progress = FilesLine(label, total, hours)

        def line(done: int, done_h: float, refused: int) -> None:
            answer_again()
            if text := progress.line(done, done_h, refused):
                self._err.print(escape(text))

        return line

    def train(self, label: str, total: int) -> Callable[[int, float], None]:
        """A bar with the loss on a terminal; elsewhere lines with loss, rate and time left."""
        if self._err.is_terminal:
            advance, describe = self._bar(label, total), self._describe(label)

            def bar(done: int, loss: float) -> None:
                describe(f"loss {loss:.4g}")
                advance(done)

            return bar
        progress = TrainingLine(label, total)

        def line(done: int, loss: float) -> None:
            answer_again()
            if text := progress.line(done, loss):
                self.say(text)

        return line

    def close(self) -> None:
        """End the bars."""
        if self._bars:
            self._bars.stop()
            self._bars = None

    def table(self, title: str, rows: Mapping[str, Any]) -> None:
        """Two columns, name and value; mappings of the same shape become grids below."""
        self.line(title)
        grids = {name: grid for name, value in rows.items() if (grid := _alike(value))}
        table = Table(show_header=False, box=None)
        table.add_column(style="dim", no_wrap=True)
        table.add_column()
        for name, value in _flat({n: v for n, v in rows.items() if n not in grids}):
            if value in ([], (), ""):
                continue
            table.add_row(escape(name), escape(_text(value)))
        self._out.print(table)
        for name, grid in grids.items():
            columns = list(next(iter(grid.values())))
            self.grid(name, ["", *columns], [[row, *v.values()] for row, v in grid.items()])

    def grid(self, title: str, columns: list[str], rows: list[list[Any]]) -> None:
        """A table with a header; numbers are right-aligned."""
        self.line(title)
        table = Table(box=None, pad_edge=False)
        for k, name in enumerate(columns):
            numeric = all(isinstance(row[k], int | float | None) for row in rows)
            table.add_column(escape(name), justify="right" if numeric else "left")
        for row in rows:
            table.add_row(*(escape(_text(value)) for value in row))
        self._out.print(table)

    def line(self, text: str) -> None:
        """One line of result."""
        self._out.print(escape(text), soft_wrap=True)

    def document(self, value: Any) -> None:
        """The one JSON document of ``--json``, in ASCII where the locale is none of UTF-8."""
        if self.rank:
            return
        ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=ascii_only)
        sys.stdout.write(text + "\n")

    def csv(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table as CSV on stdout; lists are joined by semicolons, what is not known is n/a."""
        if self.rank:
            return
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)

    def _bar(self, label: str, total: int) -> Callable[[int], None]:
        if self._bars is None:
            self._bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=self._err,
            )
            self._bars.start()
        bars, task = self._bars, self._bars.add_task(escape(label), total=total)

        def advance(done: int) -> None:
            answer_again()
            bars.update(task, completed=done)

        return advance

    def _describe(self, label: str) -> Callable[[str], None]:
        """A function that writes words behind the label of the last bar."""
        assert self._bars is not None
        bars, task = self._bars, self._bars.task_ids[-1]
        return lambda words: bars.update(task, description=escape(f"{label}, {words}"))


def _flat(rows: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in rows.items():
        if isinstance(value, Mapping):
            flat += _flat(value, f"{prefix}{name}.")
        else:
            flat.append((f"{prefix}{name}", value))
    return flat


def _alike(value: Any) -> dict[str, Mapping[str, Any]]:
    """The innermost mappings of nested ones, by path, if several have the same keys; else none."""
    inner = dict(_innermost(value)) if isinstance(value, Mapping) else {}
    keys = {tuple(one) for one in inner.values()}
    whole = sum(map(len, inner.values())) == len(_flat(value)) if inner else False
    several = len(inner) >= _FEWEST_ALIKE and len(keys) == 1 and len(keys.pop()) > 1
    return inner if whole and several else {}


def _innermost(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    inner = {name: held for name, held in value.items() if isinstance(held, Mapping)}
    for name, held in inner.items():
        yield from _innermost(held, f"{path} {name}".strip())
    if value and not inner and path:
        yield path, value


def _text(value: Any) -> str:
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        shown = ", ".join(_text(v) for v in value[:8])
        return f"{shown}, … ({len(value)})" if len(value) > 8 else shown
    return _printable(str(value))


def _cell(value: Any) -> Any:
    """A value of a CSV, numbers with all their digits."""
    if isinstance(value, list | tuple):
        return ";".join(str(_cell(v)) for v in value)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, int | float) else _text(value)


def _printable(text: str) -> str:
    """A text without signs that would steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
