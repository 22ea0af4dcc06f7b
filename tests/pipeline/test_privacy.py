"""No name of a person, no path and no word of a recording leaves in an artifact, log or report."""

import json
import re
from pathlib import Path

import pytest
from clirun import Pipeline, Ran, eegssl, manifest_of
from killedruns import short_settings
from leakedwords import contents, spoken
from planted import DATES, PLACES, REFUSED, write_planted
from tinycorpus import CHANNELS, SEIZURE_S, noise_uv, spike_and_wave_uv

from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.private.deid import collect, known_names, meaningful, search
from eegssl.io.private.find_bytes import Finder

WORDS = (
    *("Harry", "Haagse", "MCH0234567", "Betty", "Nightingale", "NK1200", "17-MAR-1951"),
    *("Achterhuis", "moeder", "Jansen", "medicatie"),
)
"""Planted in patient and recording fields, folder, file names, annotations, labels, transducers."""

FIRST, LAST = ("Anna", "Bram", "Chris", "Daan", "Eefje", "Floor"), "Jansen"


@pytest.fixture(scope="module")
def edf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six subjects whose names are everywhere, and a file that is refused."""
    root = tmp_path_factory.mktemp("privacy") / "Achterhuis"
    for k, first in enumerate(FIRST):
        folder = root / f"{first}_{LAST}"
        folder.mkdir(parents=True)
        path = folder / f"Haagse_Harry_{first}_EEG.edf"
        write_named(path, k, f"MCH0234567{k} F 17-MAR-1951 {first}_Jansen")
        if k % 2:
            rows = ["onset\tduration\teventType\tchannels\tnote\tconfidence"]
            rows += ["8.0\t16.0\tsz\tFp1,Betty\tHarry came in\tn/a"]
            rows += ["1.0\t2.0\tmedicatie\tn/a\tmoeder\tn/a"]
            path.with_name(f"{path.stem}.tsv").write_text("\n".join(rows) + "\n")
    bad = root / "Harry_Haagse"
    bad.mkdir()
    whole = (root / f"Anna_{LAST}" / "Haagse_Harry_Anna_EEG.edf").read_bytes()
    (bad / "Nightingale.edf").write_bytes(whole[:3000])
    (bad / "medicatie.edf").write_bytes(b"Betty Nightingale, medicatie" * 20)
    (bad / "moeder.edf").write_bytes(whole)
    (bad / "moeder.tsv").write_text("onset\tduration\teventType\nHarry\tBetty\tsz_Nightingale\n")
    return root


def write_named(path: Path, k: int, patient: str) -> None:
    """A recording with a seizure, whose header and annotations name people."""
    signal_uv = noise_uv(len(CHANNELS) + 1, SEIZURE_S, 200, seed=50 + k)
    signal_uv[:-1] += spike_and_wave_uv(SEIZURE_S, 200, 8, 16)
    marks = [
        (1.0, 0.0, "Betty Nightingale calls moeder"),
        (2.0, 3.0, "medicatie Haagse Harry"),
        (8.0, 16.0, "sz"),
        (9.0, 0.0, "seizure of Harry?"),
    ]
    write_edf(
        path,
        signal_uv,
        [*(f"EEG {name}-REF" for name in CHANNELS), "Harry"],
        200,
        annotations=marks,
        patient=patient,
        recording="MCH0234567 Betty_Nightingale NK1200",
    )


@pytest.fixture(scope="module")
def made(edf: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, list[Ran]]:
    """All stages, quiet and as JSON, and the user's own tables; with all that was printed."""
    settings = tmp_path_factory.mktemp("settings") / "tiny.toml"
    settings.write_text(short_settings())
    pipeline = Pipeline(tmp_path_factory.mktemp("out"), edf, settings)
    tables = tmp_path_factory.mktemp("tables_of_Nightingale")
    splits = tables / "Betty_splits.tsv"
    split = ("train", "val", "test")
    people = [f"MCH0234567{k}\t{split[k % 3]}\n" for k in range(len(FIRST))]
    splits.write_text("subject\tsplit\n" + "".join(people))
    labels = tables / "Betty_labels.tsv"
    files = [f"{first}_{LAST}/Haagse_Harry_{first}_EEG.edf" for first in FIRST]
    named = [f"{name}\t{('odd', 'even')[k // 3]}\n" for k, name in enumerate(files)]
    labels.write_text("recording\tlabel\n" + "".join(named))
    task = tables / "task.toml"
    task.write_text(
        'name = "t"\nlabels = "table"\ntable = "Betty_labels.tsv"\nclasses = ["even", "odd"]\n'
    )
    more = {
        "preprocess": [
            *("--set", f"splits.file={splits}"),
            *("--set", 'subjects.aliases={"Harry_Haagse" = "MCH02345670"}'),
        ],
    }
    ran = [eegssl(*pipeline.command(s), *more.get(s, [])) for s in Pipeline.STAGES]
    ran += [eegssl(*pipeline.command(s), *more.get(s, []), "--json") for s in Pipeline.STAGES]
    root = pipeline.root
    ran += [
        eegssl(
            *("finetune", pipeline.recordings, "--encoder", pipeline.encoder, "--task", task),
            *("--out", root / "table-model", "--config", settings),
        ),
        eegssl(
            *("evaluate", root / "table-model", pipeline.recordings),
            *("--out", root / "table-evaluation", "--set", f"labels={labels}"),
        ),
    ]
    ran += [eegssl("info", folder) for folder in sorted(root.iterdir())]
    assert [r.code for r in ran] == [0] * len(ran), [r.err for r in ran if r.code]
    return pipeline, ran


def test_the_corpus_went_through_and_three_files_were_refused(
    made: tuple[Pipeline, list[Ran]],
) -> None:
    facts = manifest_of(made[0].recordings)["facts"]
    assert (facts["recordings"], facts["refused"]) == (6, 3)
    assert facts["events"] == {"sz": 6}


def test_the_search_finds_what_is_there(edf: Path) -> None:
    planted = b"".join(p.read_bytes() for p in edf.rglob("*") if p.is_file())
    names = "/".join(p.as_posix() for p in edf.rglob("*")).encode()
    assert set(spoken(planted + names, WORDS)) == set(WORDS)


def test_no_file_holds_a_planted_word(made: tuple[Pipeline, list[Ran]]) -> None:
    root = made[0].root
    files = [p for p in root.rglob("*") if p.is_file()]
    assert len(files) > 50
    told = {
        p.relative_to(root).as_posix(): words
        for p in files
        if (words := [w for data in contents(p) for w in spoken(data, WORDS)])
    }
    assert told == {}


def test_no_file_name_holds_a_planted_word(made: tuple[Pipeline, list[Ran]]) -> None:
    root = made[0].root
    names = [p.relative_to(root).as_posix() for p in root.rglob("*")]
    assert not [name for name in names if spoken(name.encode(), (*WORDS, *FIRST))]


def test_no_file_holds_a_path(made: tuple[Pipeline, list[Ran]], own_world: Path) -> None:
    root = made[0].root
    places = (str(made[0].edf), str(root), str(root.parent), str(own_world), "/tmp/")
    told = {
        p.relative_to(root).as_posix()
        for p in root.rglob("*")
        if p.is_file() and any(spoken(data, places) for data in contents(p))
    }
    assert told == set()


def test_nothing_printed_holds_a_planted_word(made: tuple[Pipeline, list[Ran]]) -> None:
    for ran in made[1]:
        assert spoken((ran.out + ran.err).encode(), WORDS) == []


def test_what_is_refused_altogether_is_not_named_either(edf: Path, tmp_path: Path) -> None:
    for flags in ([], ["--json"]):
        ran = eegssl("preprocess", edf / "Harry_Haagse", "--out", tmp_path / "out", *flags)
        assert ran.code == 3
        assert spoken((ran.out + ran.err).encode(), WORDS) == []


def test_a_subject_missing_from_the_splits_file_is_named_by_id(edf: Path, tmp_path: Path) -> None:
    table = tmp_path / "splits.tsv"
    table.write_text("subject\tsplit\nMCH02345670\ttrain\n")
    out = ("--out", tmp_path / "out", "--jobs", 1)
    ran = eegssl("preprocess", edf, *out, "--set", f"splits.file={table}")
    assert ran.code == 3
    assert re.search(r"s-[0-9a-f]{12}", ran.err)
    assert spoken((ran.out + ran.err).encode(), WORDS) == []


def test_the_table_of_names_lies_beside_the_key_for_its_owner_only(
    made: tuple[Pipeline, list[Ran]], own_world: Path
) -> None:
    for name in ("key", "names.tsv"):
        assert (own_world / name).stat().st_mode & 0o777 == 0o600
    named = (own_world / "names.tsv").read_text()
    assert "Haagse_Harry_Anna_EEG.edf" in named
    for row in (made[0].recordings / "refused.tsv").read_text().splitlines()[1:]:
        assert row.split("\t")[0] in named


def test_the_key_never_lies_in_the_output(
    edf_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EEGSSL_PRIVATE", str(tmp_path / "out" / "private"))
    ran = eegssl("preprocess", edf_dir, "--out", tmp_path / "out", "--jobs", 1)
    assert ran.code == 2
    assert not (tmp_path / "out").exists()


def test_another_key_gives_other_ids(
    edf_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Pipeline
) -> None:
    monkeypatch.setenv("EEGSSL_PRIVATE", str(tmp_path / "private"))
    assert eegssl("preprocess", edf_dir, "--out", tmp_path / "out", "--jobs", 1).code == 0
    ours = {p.name for p in (tiny.recordings / "signals").iterdir()}
    assert not ours & {p.name for p in (tmp_path / "out" / "signals").iterdir()}


def test_a_bug_is_told_without_its_message(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an unforeseen exception says may repeat words out of a recording."""
    from eegssl.stages import tokenize

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Haagse Harry")

    monkeypatch.setattr(tokenize, "open_corpus", broken)
    ran = eegssl("tokenize", tiny.recordings, "--out", tmp_path / "out", "--json")
    assert ran.code == 1
    assert "RuntimeError" in json.loads(ran.out)["error"]
    assert spoken((ran.out + ran.err).encode(), WORDS) == []


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names in every field, file name and table, and a file for each code of refusal."""
    return write_planted(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def cleaned(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Ran]]:
    """All that ``preprocess`` makes of it: the plan, the artifact, and what was printed."""
    out = tmp_path_factory.mktemp("cleaned")
    command = ["preprocess", planted, "--jobs", 1, "--out"]
    ran = [
        eegssl(*command, out / "plan", "--plan"),
        eegssl(*command, out / "recordings"),
        eegssl(*command, out / "strict", "--strict", "--json", "--set", "look.recordings=0"),
        eegssl("info", out / "recordings"),
    ]
    assert [r.code for r in ran] == [0, 0, 3, 0], [r.err for r in ran]
    return out, ran


@pytest.fixture(scope="module")
def needles(planted: Path, cleaned: tuple[Path, list[Ran]]) -> dict[str, str]:
    """Every planted name and date, and whatever ``deid`` itself collects from the folder."""
    known = known_names()
    told, left_out = meaningful({name: place for place, name in PLACES.items()})
    assert (told.keys(), left_out) == (set(PLACES.values()), {})
    return {**meaningful(collect([planted]) | known)[0], **dict.fromkeys(DATES, "date"), **told}


def test_every_kind_of_refusal_was_provoked(cleaned: tuple[Path, list[Ran]]) -> None:
    rows = (cleaned[0] / "recordings" / "refused.tsv").read_text().splitlines()
    code = rows[0].split("\t").index("code")
    assert {row.split("\t")[code] for row in rows[1:]} == REFUSED
    assert manifest_of(cleaned[0] / "recordings")["facts"]["recordings"] == 6


def test_every_place_was_planted_and_the_search_sees_it(
    planted: Path, tmp_path: Path, needles: dict[str, str]
) -> None:
    found = {f.needle for f in search(planted.parent, needles)}
    assert set(PLACES.values()) <= found


def test_no_output_of_preprocess_holds_a_planted_name(
    cleaned: tuple[Path, list[Ran]], needles: dict[str, str]
) -> None:
    assert len(list(cleaned[0].rglob("*"))) > 30
    assert search(cleaned[0], needles) == []


def test_nothing_that_preprocess_printed_holds_a_planted_name(
    cleaned: tuple[Path, list[Ran]], needles: dict[str, str]
) -> None:
    finder = Finder(needles)
    for ran in cleaned[1]:
        assert finder.count([ran.out.encode(), b"\n", ran.err.encode()]) == {}


def test_what_is_refused_altogether_is_not_named(
    planted: Path, tmp_path: Path, needles: dict[str, str]
) -> None:
    finder = Finder(needles)
    folders = [p for p in planted.iterdir() if p.is_dir() and not p.name[-1].isdecimal()]
    assert len(folders) >= len(REFUSED) - 1
    for k, folder in enumerate(folders):
        ran = eegssl("preprocess", folder, "--out", tmp_path / str(k), "--jobs", 1, "--json")
        assert ran.code == 3
        assert finder.count([ran.out.encode(), b"\n", ran.err.encode()]) == {}
    assert search(tmp_path, needles) == []


def test_kept_text_is_found(planted: Path, tmp_path: Path, needles: dict[str, str]) -> None:
    """``--keep-text`` keeps what annotations say, so the search has to see it there."""
    out = tmp_path / "out"
    more = ("--jobs", 1, "--keep-text", "--set", "look.recordings=0")
    assert eegssl("preprocess", planted, "--out", out, *more).code == 0
    kept = {f.needle for f in search(out, needles)}
    assert PLACES["annotation"] in kept
    assert not kept & {PLACES[place] for place in ("patient", "code", "recording", "file name")}
