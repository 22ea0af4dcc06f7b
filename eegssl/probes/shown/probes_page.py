"""Build the page of probes from their document."""

from collections.abc import Mapping
from typing import Any

from eegssl.probes.embedded import ENCODER, RANDOM, SPACES
from eegssl.probes.probed_signals import COMMON, OWN
from eegssl.probes.region_measures import PARTS, REGION
from eegssl.probes.shown import probe_words as words
from eegssl.probes.shown.probe_figures import depth_figure, region_figure, similarity_figure
from eegssl.reports.cautions import banners, limits
from eegssl.reports.cells import (
    NO_INTERVAL,
    Footnotes,
    count_cell,
    heads,
    interval_text,
    number_cell,
)
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.sections import (
    Cell,
    Glossary,
    Page,
    ReportFigure,
    Section,
    Table,
    Text,
    Tile,
    section,
)

Scores = Mapping[str, Any]

_READING = (
    ("Linear probe", "Logistic or ridge regression on standardised embeddings, fitted to "
     "convergence. It shows what can be read off with a straight line, not all that is there."),
    ("Embedding", "The mean of a window's embeddings over channels and patches."),
    ("Random weights", "The same architecture with weights as drawn, before any training. What it "
     "gives comes from the architecture and the signal, not from pretraining."),
    ("Band power", "Log power of five bands: mean, deviation, maximum and minimum over channels."),
    ("Chance", "What guessing gives."),
    ("Interval", "95 %, bootstrap over subjects (BCa); none below ten subjects."),
    ("AUROC", "The chance that a window in a seizure is ranked above one that is not; 0.5 is "
     "guessing."),
    ("R²", "1 less the squared error over that of the mean of what was learned from; 0 is what the "
     "mean gives, below 0 is worse."),
    ("1/f", "The part of a spectrum that falls with frequency, as a line in log-log coordinates. "
     "Taken out, what is left are rhythms."),
    ("CKA", "Likeness of how two layers see the same windows: 1 up to rotation and scale, 0 "
     "unrelated. The unbiased estimate may lie a little below 0."),
)  # fmt: skip


def page_of(scores: Scores) -> Page:
    """The page of a document of probes."""
    about, probes = scores["about"], scores["probes"]
    return Page(
        kicker="Probes",
        title="What the encoder knows",
        lead="What linear probes read off its embeddings, beside random weights and band power",
        banners=banners(about),
        tiles=tiles_of(probes),
        counts=counts_of(about),
        sections=(
            *sections_of(probes),
            limits("probe", *LIMITS),
        ),
    )


def sections_of(probes: Scores) -> tuple[Section, ...]:
    """What was asked, a section each, and how to read the numbers."""
    return (
        section(
            "Who is recorded",
            Text(words.of_subjects(probes["subjects"])),
            _table("Subjects named rightly", probes["subjects"]),
        ),
        section(
            "From recording to recording",
            Text(words.of_files(probes["files"], probes["other_files"])),
            _table("Recordings of one subject named rightly", probes["files"]),
            _table(
                "Subjects, learned from one recording",
                {
                    f"{name}: {place}": probes["other_files"][part][name]
                    for name in SPACES
                    for part, place in (
                        ("same", "same recording"),
                        ("other", "others"),
                        ("change", "change"),
                    )
                },
            ),
        ),
        section(
            "Seizures in other subjects",
            Text(words.of_labels(probes["labels"])),
            _table("AUROC of seizures", probes["labels"]),
        ),
        section(
            "1/f taken out",
            Text(words.of_aperiodic(probes, probes["aperiodic"])),
            _aperiodic_table("subjects", probes),
            _aperiodic_table("labels", probes),
        ),
        section("Band power", Text(words.of_bands(probes["bands"])), _bands(probes["bands"])),
        section(
            "Age and sex",
            Text(words.of_person("Age", probes["age"], "R²", "0")),
            _table("Age: R²", probes["age"]),
            Text(words.of_person("Sex", probes["sex"], "AUROC", "0.5")),
            _table("Sex: AUROC", probes["sex"]),
        ),
        section(
            "Regions left out",
            Text(words.of_regions(probes["regions"])),
            _regions_figure(probes["regions"]),
            _regions_table("moved", probes["regions"]),
            _regions_table("labels", probes["regions"]),
        ),
        section(
            "Layer by layer",
            Text(words.of_layers(probes["layers"])),
            *_layer_figures(probes["layers"]),
        ),
        section("How to read these numbers", Glossary(_READING)),
    )


LIMITS = (
    "A probe shows what is there to be read, not what a fine-tuned model uses.",
    "Windows of one recording are alike: numbers of windows say little, those of subjects count.",
)


def tiles_of(probes: Scores) -> tuple[Tile, ...]:
    """The subject probe, the label probe, the subject probe without 1/f."""
    rows = (
        ("subjects named", probes["subjects"], True),
        ("the same, without own 1/f", probes["aperiodic"][OWN]["subjects"], True),
        ("AUROC of seizures", probes["labels"], False),
    )
    tiles = []
    for name, own, share in rows:
        one, beside = own[ENCODER], own[RANDOM]
        if one["value"] is not None:
            shown = [f"{100 * v:.0f} %" if share else f"{v:.3f}"
                     for v in (one["value"], beside["value"], one["chance"])]  # fmt: skip
            tiles.append((name, shown[0], f"random weights {shown[1]}; chance {shown[2]}"))
    return tuple(tiles)


def counts_of(about: Scores) -> tuple[tuple[str, str], ...]:
    """How many were asked."""
    return (
        ("Subjects", f"{about['n_subjects']:,} ({about['split']})"),
        ("Recordings", f"{about['n_files']:,}"),
        ("Windows", f"{about['n_windows']:,} of {about['window_s']:g} s"),
        ("Windows in seizures", f"{about['n_windows_seizures']:,}"),
        ("Montages", f"{about['n_montages']:,}"),
    )


def _table(title: str, own: Scores, digits: int = 3) -> Table | None:
    """Measures by name, a row each, with interval, chance, subjects and windows; None for none."""
    if not _any(own):
        return None
    notes, rows = Footnotes(), []
    for name, one in own.items():
        chance = number_cell(one["chance"], notes, one["reason"], digits)
        counts = (count_cell(one["n_subjects"]), count_cell(one["n_windows"]))
        label = Cell(_named(name))
        rows.append((label, measure_cell(one, notes, digits), chance, *counts))
    columns = heads(("read off",), "value", "chance", "subjects", "windows")
    return Table(title, columns, tuple(rows), footnotes=notes.listed())


def _named(name: str) -> str:
    space, _, more = name.partition(": ")
    text = words.NAMES.get(space, space) + (f", {more}" if more else "")
    return text[:1].upper() + text[1:]


def measure_cell(one: Scores, notes: Footnotes, digits: int = 3) -> Cell:
    """A value with its interval in small print, or a footnote that says why there is none."""
    interval = one["interval"]
    small = interval_text(interval["low"], interval["high"], digits)
    cell = number_cell(one["value"], notes, one["reason"], digits, small)
    if one["value"] is None or small:
        return cell
    return Cell(cell.text, mark=notes.mark(f"{NO_INTERVAL}{interval['reason']}"))


def _any(own: Scores) -> bool:
    """Whether anything was measured; the sentence above says why where nothing was."""
    return any(one["value"] is not None for one in own.values())


def _aperiodic_table(probe: str, probes: Scores) -> Table | None:
    """A probe of signals as recorded, less the mean 1/f line, less each one's own."""
    if not _any(probes[probe]):
        return None
    notes, rows = Footnotes(), []
    for space in SPACES:
        three = [probes[probe], *(probes["aperiodic"][name][probe] for name in (COMMON, OWN))]
        four = [*three, probes["aperiodic"]["change"][probe]]
        rows.append((Cell(_named(space)), *(measure_cell(one[space], notes) for one in four)))
    title = {"subjects": "Subjects named rightly", "labels": "AUROC of seizures"}[probe]
    names = ("as recorded", "less the mean 1/f", "less its own 1/f", "own less mean")
    columns = heads(("read off",), *names)
    return Table(title, columns, tuple(rows), footnotes=notes.listed())


def _bands(own: Scores) -> Table:
    """R² of each band."""
    notes = Footnotes()
    rows = [
        (Cell(band), *(measure_cell(one[space], notes) for space in (ENCODER, RANDOM)))
        for band, one in own.items()
    ]
    columns = heads(("band",), *(words.NAMES[space] for space in (ENCODER, RANDOM)))
    return Table("R² of log power", columns, tuple(rows), footnotes=notes.listed())


def _regions_table(part: str, own: Scores) -> Table | None:
    """One measure of each region, of as many other channels, and their difference."""
    if not any(one[part][REGION]["value"] is not None for one in own.values()):
        return None
    notes, rows = Footnotes(), []
    for region, one in own.items():
        cells = (measure_cell(one[part][name], notes) for name in PARTS)
        n_channels = number_cell(one["channels"], notes, digits=1)
        n_windows = count_cell(one[part][REGION]["n_windows"])
        rows.append((Cell(region), n_channels, *cells, n_windows))
    title, caption = {
        "moved": ("Distance moved", "In root mean square distances between two windows."),
        "labels": ("Change of the AUROC of seizures", "Of a probe that has learned from all."),
    }[part]
    columns = heads(("without",), "channels", *PARTS, "windows")
    caption += " Others: as many channels elsewhere, drawn at random for each window."
    return Table(title, columns, tuple(rows), caption, notes.listed())


def _regions_figure(own: Scores) -> ReportFigure | None:
    figure = region_figure(own)
    if figure is None:
        return None
    return ReportFigure(
        "What each region carries beyond as many other channels",
        "Left frontal LF, right frontal RF, temporal LT and RT, central LC and RC, occipital O, "
        "midline M. Red: more is lost without all its channels than without as many others. A "
        "blank region can't be compared.",
        "Heads from above, regions coloured by what is lost without them, less without others",
        png_uri(figure),
    )


def _layer_figures(own: Scores) -> list[ReportFigure]:
    figures = [
        ReportFigure(
            "Likeness of layers",
            "Unbiased linear CKA of pooled windows; the right column is each layer beside the same "
            "one of random weights.",
            "Matrix of similarities of layers",
            svg_uri(similarity_figure(own)),
        )
    ]
    if (depths := depth_figure(own)) is not None:
        figures.append(
            ReportFigure(
                "What each depth holds",
                "Linear probes of every layer; dotted: chance.",
                "Scores of probes by layer",
                svg_uri(depths),
            )
        )
    return figures
