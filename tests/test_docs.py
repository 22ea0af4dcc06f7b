"""README and documentation say what is true of the code: commands, settings, files, links."""

import ast
import importlib.util
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
from clirun import Pipeline, manifest_of
from safetensors import safe_open

from eegssl.cli.commands import app
from eegssl.cli.running import PIPE_CLOSED
from eegssl.config.resolve import build, read_task, resolve
from eegssl.config.settings import Settings
from eegssl.config.stages import STAGES, BenchmarkConfig
from eegssl.errors import EegsslError
from eegssl.tasks.kinds import KINDS, USUAL

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
SPINE = ["preprocess", "tokenize", "pretrain", "finetune", "evaluate", "benchmark"]
HOSTS = {
    *("arxiv.org", "doi.org", "physionet.org", "pytorch.org", "distributed.dask.org"),
    *("keepachangelog.com", "semver.org"),
}
"""Where pages may point; nobody's package registry is among them."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def fenced(page: Path, *languages: str) -> list[str]:
    """The code blocks of a page in these languages."""
    return [body for language, body in FENCE.findall(page.read_text()) if language in languages]


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every ``eegssl …`` line in the page's shell blocks."""
    for block in fenced(page, "sh", "bash", "console"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words and Path(words[0]).name == "eegssl":
                yield words[1:]


ALL_COMMANDS = [(page.name, words) for page in PAGES for words in commands(page)]
ALL_TOML = [(page.name, body) for page in PAGES for body in fenced(page, "toml")]


def parsed(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The command and its arguments, parsed and not run; a usage error is raised."""
    group: Any = typer.main.get_command(app)
    if words[0].startswith("-"):
        assert words in (["--help"], ["--version"])
        return "", {}
    return words[0], group.commands[words[0]].make_context(words[0], words[1:]).params


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """What makes the reference of settings when the documentation is built."""
    name = "settings_reference"
    spec = importlib.util.spec_from_file_location(name, DOCS / "_ext" / f"{name}.py")
    assert spec and spec.loader  # noqa: PT018
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_the_readme_names_the_two_commands_and_make_has_them() -> None:
    blocks = "".join(fenced(ROOT / "README.md", "sh"))
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert re.search(rf"^make {target}\b", blocks, re.MULTILINE)
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_readme_shows_the_six_commands_in_order_each_fed_by_the_ones_before() -> None:
    block = next(b for b in fenced(ROOT / "README.md", "sh") if "eegssl preprocess" in b)
    lines = [shlex.split(line)[1:] for line in block.splitlines() if line.startswith("eegssl ")]
    assert [words[0] for words in lines] == SPINE
    made: set[str] = set()
    for words in lines:
        _, given = parsed(words)
        assert {word for word in words if word.startswith("run/")} - {str(given["out"])} <= made
        made.add(str(given["out"]))


def test_there_are_command_lines_and_settings_files_to_check() -> None:
    assert len(ALL_COMMANDS) > 25
    assert len(ALL_TOML) > 4


@pytest.mark.parametrize(
    ("page", "words"), ALL_COMMANDS, ids=[" ".join(w) for _, w in ALL_COMMANDS]
)
def test_a_command_line_in_the_docs_parses_and_its_settings_exist(
    page: str, words: list[str]
) -> None:
    name, given = parsed(words)
    sets = [item for item in given.get("set") or () if "$" not in item]
    name = "probes" if given.get("probes") else name
    if name in STAGES and name != "benchmark":
        settings = resolve(name, presets=given["preset"] or (), sets=sets, environment={})
        if name == "finetune":
            own = str(given["task"]).endswith(".toml")  # a file that is not there
            read_task("seizure-detection" if own else given["task"], settings.task)


@pytest.mark.parametrize(("page", "body"), ALL_TOML)
def test_a_settings_file_in_the_docs_is_valid(page: str, body: str) -> None:
    raw = tomllib.loads(body)
    if "encoders" in raw:
        build(BenchmarkConfig, raw, page)
    elif "labels" in raw or "kind" in raw:
        build(KINDS[raw.get("kind", USUAL)].settings, raw, page)
    else:
        assert raw
        for stage, values in raw.items():
            build(STAGES[stage], values, page)


def test_every_field_of_every_configuration_is_in_the_reference(reference: ModuleType) -> None:
    rows = [row for _, section in reference.sections().values() for row in section]
    shown = {(row.key.removesuffix(".*").split(".")[-1], row.text) for row in rows}
    shown |= {(row.key.split(".")[-2], row.text) for row in rows if row.key.endswith(".NAME")}
    checked = 0
    for schema in all_settings():
        for name, field in schema.model_fields.items():
            part = isinstance(field.annotation, type) and issubclass(field.annotation, Settings)
            text = " ".join((field.description or "").split())
            checked += 1
            assert text
            assert part or (name, text) in shown, f"{schema.__name__}.{name}"
    assert checked > 100


COMPOSED = ("BaselineConfig", "CrossvalidationConfig", "PhaseBases")
"""What stages and models store and no user fills."""


def all_settings() -> set[type[Settings]]:
    """Every configuration class of eegssl that a user fills; not what a stage composes of them."""
    found: set[type[Settings]] = set()
    ahead = [Settings]
    while ahead:
        below = [c for c in ahead.pop().__subclasses__() if c.__module__.startswith("eegssl.")]
        found.update(below)
        ahead += below
    return {c for c in found if c.__name__ not in COMPOSED}


@pytest.mark.parametrize("stage", [name for name in STAGES if name != "benchmark"])
def test_a_documented_default_can_be_set_and_changes_nothing(
    reference: ModuleType, stage: str
) -> None:
    plain = resolve(stage, environment={})
    _, rows = reference.sections()[stage]
    for row in rows:
        if row.default not in (reference.NONE, reference.REQUIRED):
            item = f"{row.key}={row.default.strip('`')}"
            assert resolve(stage, sets=[item], environment={}) == plain, item


def test_the_reference_is_put_into_the_page(reference: ModuleType) -> None:
    source = [(DOCS / "configuration.md").read_text()]
    reference._fill(None, "configuration", source)
    assert reference.MARK not in source[0]
    assert "| `training.steps` | whole number from 1 | `600` |" in source[0]
    assert '"settings_reference"' in (DOCS / "conf.py").read_text()


def test_every_option_is_documented() -> None:
    text = (DOCS / "commands.md").read_text()
    group: Any = typer.main.get_command(app)
    options = {o for c in group.commands.values() for p in c.params for o in p.opts if "--" in o}
    assert {o for o in options - {"--help"} if f"`{o}" not in text} == set()
    assert set(group.commands) <= set(HEADING.findall(text))


def test_every_code_of_a_refused_file_is_documented_and_no_other() -> None:
    codes = {
        call.args[0].value
        for path in (ROOT / "eegssl").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("RecordingRefused", "Failure")
        and isinstance(call.args[0], ast.Constant)
    }
    section = (DOCS / "commands.md").read_text().split("### What is refused")[1].split("\n#")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)) == codes


def test_every_exit_code_is_documented() -> None:
    for page in (DOCS / "artifacts.md", DOCS / "architecture.md"):
        rows = set(map(int, re.findall(r"^\| (\d+) \|", page.read_text(), re.MULTILINE)))
        codes = {error.exit_code for error in EegsslError.__subclasses__()}
        assert codes | {0, 130, PIPE_CLOSED} <= rows, page.name


def test_every_file_column_and_key_on_disk_is_documented(tiny: Pipeline) -> None:
    prose = FENCE.sub("", (DOCS / "artifacts.md").read_text())
    named = set(re.findall(r"`([^`]+)`", prose))
    named |= {part for name in named for part in name.split("/")}
    expected: set[str] = set()
    for stage in Pipeline.STAGES:
        folder = tiny.out(stage)
        manifest = manifest_of(folder)
        names = {RECORDING_ID.sub("RECORDING", Path(name).name) for name in manifest["files"]}
        expected |= names | {"manifest.json"}
        expected |= set(manifest) | set(manifest["bulk"])
        for name in manifest["files"]:
            expected |= columns(folder / name)
    signal = next((tiny.recordings / "signals").iterdir())
    with safe_open(signal, framework="numpy") as stream:
        expected |= set(stream.keys())
    assert sorted(expected - named) == []


RECORDING_ID = re.compile(r"r-[0-9a-f]{12}(-\d+)?")


def columns(path: Path) -> set[str]:
    """The names of a table's columns; none for a file that is no table."""
    if path.suffix == ".parquet":
        return set(pq.read_schema(path).names)
    return set(path.read_text().split("\n")[0].split("\t")) if path.suffix == ".tsv" else set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere_and_to_known_hosts_only(page: Path, reference: ModuleType) -> None:
    text = page.read_text()
    hosts = {host.removeprefix("www.") for host in re.findall(r"https?://([^/\s)>\"`]+)", text)}
    assert hosts <= HOSTS
    assert not re.search(r"index-url\s+http", text)
    for target in LINK.findall(FENCE.sub("", text)):
        if not target.startswith("http"):
            path, _, anchor = target.partition("#")
            there = page.parent / path if path else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there, reference), target


def anchors(page: Path, reference: ModuleType) -> set[str]:
    """The anchors of a page: its headings as GitHub and MyST write them, and named targets."""
    text = page.read_text().replace(reference.MARK, reference.markdown())
    headings = HEADING.findall(FENCE.sub("", text))
    slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
    return slugs | set(re.findall(r"^\((\S+)\)=$", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_holds_a_path_of_somebodys_machine(page: Path) -> None:
    paths = re.findall(r"(?<=[\s`\"'=(])/[\w.]+/[\w./-]*", page.read_text())
    assert [path for path in paths if not path.startswith("/path/to/")] == []
