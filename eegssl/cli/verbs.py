"""Define the helper commands beside the six of the pipeline.

Nothing heavy is imported here: ``eegssl --help`` loads neither torch, mne nor scipy.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from eegssl import __version__
from eegssl.cli.app import (
    HELPERS,
    DryRun,
    Json,
    Options,
    Out,
    Overwrite,
    Preset,
    Recordings,
    Wait,
    command,
)
from eegssl.cli.running import finish, prepare
from eegssl.cli.terminal import Terminal
from eegssl.errors import ArtifactError, ConfigError

_ROWS_SHOWN = 40
_FOUND = ("file", "kind", "n", "how")


@command(HELPERS)
def synth(out: Out, *, options: Options) -> None:
    """Make a synthetic clinical corpus: EDF+ in BIDS layout, with seizures of known truth."""
    from eegssl.stages import synth as stage

    terminal, settings, context = prepare("synth", out, options)
    finish(terminal, stage.run(settings, context))


@command(HELPERS)
def info(
    artifact: Annotated[
        list[Path] | None, typer.Argument(help="Any folder that a command made.")
    ] = None,
    preset: Preset = None,
    task: Annotated[
        str | None,
        typer.Option(help="A task by name, or a TOML file; with recordings: what they hold."),
    ] = None,
    set: Annotated[
        list[str] | None, typer.Option("--set", help="With --task: task.key=value, as finetune.")
    ] = None,
    channels: Annotated[int, typer.Option(min=1, help="With --preset: channels.")] = 19,
    patches: Annotated[int, typer.Option(min=1, help="With --preset: patches a channel.")] = 10,
    json: Json = False,
    check: Annotated[bool, typer.Option("--check", help="Hash every file, bulk ones too.")] = False,
    recordings: Annotated[
        list[Path] | None,
        typer.Option(help="Recordings that it was made of: what an update changed since."),
    ] = None,
) -> None:
    """Explain an artifact or a task, or count what a preset's encoder costs."""
    terminal, folders = Terminal(as_json=json), artifact or []
    if set and task is None:
        raise ConfigError(
            "--set changes how a task is understood: give --task too, or leave it out"
        )
    if task is not None and not preset:
        _explain_task(terminal, task, folders, set or [])
    elif len(folders) == 1 and not preset and task is None:
        _explain_artifact(terminal, folders[0], check, recordings or [])
    elif preset and not folders and task is None:
        _explain_preset(terminal, preset, channels, patches)
    else:
        raise ConfigError(
            "give a folder that a command made, or --preset NAME, or --task FILE with recordings"
        )


def _explain_task(terminal: Terminal, task: str, recordings: list[Path], sets: list[str]) -> None:
    """Print what is understood of a task, what recordings hold for it, and every problem."""
    from eegssl.config.resolve import read_task
    from eegssl.corpus.store import open_corpus
    from eegssl.tasks.kinds import KINDS

    settings = read_task(task, _task_settings(sets))
    corpus = open_corpus(recordings) if recordings else None
    info = KINDS[settings.kind].explain(settings, corpus, seed=0)
    if terminal.as_json:
        terminal.document(info.as_dict() | {"exit_code": info.exit_code})
    else:
        terminal.table(f"the task {info.understood['name']}", info.understood)
        for split, held in info.splits.items():
            terminal.table(f"split {split}", held)
    for problem in info.problems:
        terminal.fail(str(problem))
    if info.problems:
        raise typer.Exit(info.exit_code)
    if not terminal.as_json:
        terminal.line("nothing is missing" if recordings else "give recordings to see more")


def _task_settings(sets: list[str]) -> dict[str, Any]:
    """Resolve the changes that `finetune` would make to a task, by flags and environment."""
    from eegssl.config.resolve import resolve

    for item in sets:
        key = item.partition("=")[0].strip()
        if key.split(".")[0] != "task":
            raise ConfigError(
                f"--set {key}: info takes settings of the task only, whose keys begin with task., "
                "such as task.window_s=4"
            )
    settings: dict[str, Any] = resolve("finetune", sets=sets).task
    return settings


def _explain_preset(terminal: Terminal, presets: list[str], channels: int, patches: int) -> None:
    from eegssl.config.resolve import resolve
    from eegssl.encoder.account import account

    config = resolve("pretrain", presets=presets).encoder
    costs = account(config, channels, patches)
    if terminal.as_json:
        terminal.document({"encoder": config.model_dump(mode="json"), "costs": costs})
        return
    window = f"a window of {channels} channels x {patches} patches"
    terminal.table(f"encoder of {', '.join(presets)}", config.model_dump(mode="json"))
    terminal.table(f"its costs in float32; of {window}", _readable(costs))


def _readable(costs: dict[str, Any], of: str = "") -> dict[str, Any]:
    """Costs with their units; ``of`` names what a table of them is about."""
    return {
        name: _readable(value, name) if isinstance(value, dict) else _amount(of or name, value)
        for name, value in costs.items()
    }


def _amount(of: str, value: int) -> str:
    if of.endswith("flops"):
        return f"{value / 1e9:.3g} GFLOP"
    return f"{value / 1e6:.3g} MB" if of.endswith("bytes") else f"{value:,}"


def _explain_artifact(
    terminal: Terminal, artifact: Path, check: bool, recordings: list[Path]
) -> None:
    from eegssl.artifacts.files.bulk_files import check_bulk
    from eegssl.artifacts.files.packs import is_packed
    from eegssl.artifacts.reading import load, read_manifest
    from eegssl.corpus.audits.growth import grown_beside

    manifest = read_manifest(artifact)
    load(artifact, manifest.kind)
    if check:
        check_bulk(artifact, manifest, hashes=True)
    since = grown_beside(artifact, manifest, recordings, terminal.warn)
    if terminal.as_json:
        grown = {"grown": [one.as_dict() for one in since]} if since else {}
        terminal.document(manifest.to_json() | grown)
        return
    made_from = [f"{kind} {id_[:12]}…" for kind, id_ in manifest.inputs]
    bulk = [f"{f}/ (in packs)" if is_packed(artifact / f) else f"{f}/" for f in manifest.bulk]
    terminal.table(
        f"{artifact}: {manifest.kind}",
        {
            "id": manifest.id,
            "made by": f"eegssl {manifest.eegssl_version}, seed {manifest.seed}",
            "made from": made_from or "nothing upstream",
            "fitted on": f"{len(manifest.fitted_on.subjects)} subjects, "
            f"{len(manifest.fitted_on.recordings)} recordings",
            "files": f"{len(manifest.files)} checked, {sum(s for s, _ in manifest.files.values())} "
            "bytes" + (f"; more in {', '.join(bulk)}" if bulk else ""),
        },
    )
    terminal.table("what it holds", manifest.facts)
    terminal.table("settings", manifest.config)
    for one in since:
        terminal.warn(one.in_words())


@command(HELPERS)
def ls(
    recordings: Recordings,
    of: Annotated[
        Literal["recordings", "events", "subjects", "refused", "channels"],
        typer.Option(help="Table to list."),
    ] = "recordings",
    where: Annotated[
        str | None, typer.Option(help="Rows to list: 'split == \"train\" and duration_s > 60'.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns to list, with commas between; or all.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print all rows as CSV.")] = False,
    show_names: Annotated[bool, typer.Option(help="Show paths in place of ids.")] = False,
    json: Json = False,
) -> None:
    """List what is in recordings: a row a recording, event, subject, refused file or channel."""
    from eegssl.corpus.listing.listed_tables import SHOWN, listed, named
    from eegssl.corpus.listing.row_filter import choose, require_columns

    if csv + json + show_names > 1:
        raise ConfigError("give one of --csv, --json and --show-names, which is for a terminal")
    terminal, table = Terminal(as_json=json), listed(recordings, of)
    names = list(SHOWN.get(of, table.column_names))
    if columns:
        wanted = [name.strip() for name in columns.split(",")]
        names = table.column_names if wanted == ["all"] else wanted
    require_columns(names, table.column_names, "--columns")
    rows = (choose(table, where) if where else table).select(names)
    if json:
        counts = {"of": of, "n": rows.num_rows, "n_in_all": table.num_rows}
        terminal.document(counts | {"columns": names, "rows": rows.to_pylist()})
        return
    shown = rows if csv else rows.slice(0, _ROWS_SHOWN)
    values = [column.to_pylist() for column in (named(shown) if show_names else shown)]
    cells = zip(*values, strict=True)
    if csv:
        terminal.csv(names, cells)
        return
    terminal.grid(f"{rows.num_rows:,} of {table.num_rows:,} {of}", names, list(map(list, cells)))
    if rows.num_rows > _ROWS_SHOWN:
        terminal.line(f"… and {rows.num_rows - _ROWS_SHOWN:,} more rows: --csv prints all")


@command(HELPERS)
def pack(
    recordings: Annotated[Path, typer.Argument(help="Folder made by preprocess.")],
    out: Out,
    pack_mb: Annotated[int, typer.Option(min=1, help="Largest size of a pack, in MB.")] = 1000,
    json: Json = False,
    dry_run: DryRun = False,
    wait: Wait = False,
    overwrite: Overwrite = False,
) -> None:
    """Copy recordings with their signals in few large files, for parallel file systems."""
    from eegssl.artifacts.context import Context
    from eegssl.stages.preprocessing import packing

    terminal = Terminal(as_json=json)
    context = Context(out, 0, overwrite, dry_run, wait, progress=terminal)
    result = packing.run(recordings, context, pack_mb * 1_000_000)
    finish(terminal, result, lambda facts: {"recordings": facts["recordings"], **result.beside})


@command(HELPERS)
def doctor(json: Json = False) -> None:
    """Print versions, devices and disk for a bug report, nothing private."""
    from eegssl.cli.doctor import examine

    terminal, facts = Terminal(as_json=json), examine()
    if json:
        terminal.document(facts)
    else:
        terminal.table(f"eegssl {__version__}", facts)


@command(HELPERS)
def check(
    artifact: Annotated[Path, typer.Argument(help="Any folder that a command made.")],
    show_names: Annotated[
        bool, typer.Option(help="Show what its warnings are about by path.")
    ] = False,
    json: Json = False,
) -> None:
    """Check every hash, range and count of an artifact, and repeat the warnings of recordings."""
    from eegssl.artifacts.reading import read_manifest
    from eegssl.corpus.audits.growth import grown_beside
    from eegssl.corpus.concerns.shown_concerns import by_path, sentences
    from eegssl.stages import check as stage

    terminal = Terminal(as_json=json)
    problems = stage.run(artifact)
    manifest = read_manifest(artifact)
    facts = manifest.facts
    since = grown_beside(artifact, manifest, [], terminal.warn)
    if json:
        concerns, grown = facts.get("concerns", {}), [one.as_dict() for one in since]
        own = {"artifact": str(artifact), "problems": problems, "concerns": concerns}
        terminal.document(own | ({"grown": grown} if grown else {}))
    for sentence in (*sentences(facts), *(one.in_words() for one in since)):
        terminal.warn(sentence)
    if show_names and not json:
        columns, rows = by_path(artifact)
        if rows:
            terminal.grid("concerns", columns, rows)
    for problem in problems:
        terminal.fail(problem)
    if problems:
        raise typer.Exit(ArtifactError.exit_code)
    if not json:
        terminal.line(f"{artifact}: sound")


@command(HELPERS)
def deid(
    folder: Annotated[Path, typer.Option("--check", help="Folder to search, every byte of it.")],
    sources: Annotated[
        list[Path] | None, typer.Option("--from", help="EDF folder(s) whose texts to look for.")
    ] = None,
    strings: Annotated[
        Path | None, typer.Option("--strings", help="File of strings to look for, one a line.")
    ] = None,
    show_names: Annotated[bool, typer.Option(help="Show what was found on the terminal.")] = False,
    json: Json = False,
) -> None:
    """Search an output for text that may identify a person; by default all known names."""
    from eegssl.io.private import deid as privacy
    from eegssl.io.private.unpack import Unpacking

    terminal = Terminal(as_json=json)
    privacy.require_there(folder)
    wanted = privacy.collect(sources or ()) | (privacy.listed(strings) if strings else {})
    if not sources and strings is None:
        wanted = privacy.known_names()
    needles, left_out = privacy.meaningful(wanted)
    privacy.require_needles(needles, left_out, sources or ())
    unpacking = Unpacking()
    findings = privacy.search(folder, needles, unpacking)
    closed = dict(sorted(unpacking.closed.items()))
    rows = [[f.file, f.needle_kind, f.n, f.how] for f in findings]
    if json:
        terminal.document(
            {
                "folder": str(folder),
                "strings": len(needles),
                "left_out": left_out,
                "not_unpacked": closed,
                "not_searched": list(privacy.NOT_SEARCHED),
                "found": [dict(zip(_FOUND, row, strict=True)) for row in rows],
            }
        )
    elif rows:
        columns = [*_FOUND, "text"] if show_names else list(_FOUND)
        shown = [[*r, f.needle] if show_names else r for r, f in zip(rows, findings, strict=True)]
        terminal.grid("found", columns, shown)
    if rows:
        terminal.fail(f"{len(rows)} finding(s) of what may identify a person")
        raise typer.Exit(ArtifactError.exit_code)
    if not json:
        counts = {"strings": len(needles), "left out": left_out, "not unpacked": closed or "none"}
        counts["not searched"] = "; ".join(privacy.NOT_SEARCHED)
        terminal.table(f"{folder}: none of these strings", counts)
