"""`evaluate --probes` asks what an encoder knows, says of whom, and refuses what is no encoder."""

import json
from pathlib import Path

import pytest
from clirun import Pipeline, Ran, done, eegssl, files_of, manifest_of
from resigned import with_fact

from eegssl.probes.embedded import SPACES
from eegssl.signal.bands import BANDS_HZ
from eegssl.signal.channels.regions import REGIONS

FEW = ("--set", "windows=64", "--set", "label_windows=30")
GAINS = ("encoder less random weights", "encoder less band power")
ALL = ("--set", "split=all", "--allow-leak")


def ask(pipeline: Pipeline, out: Path, *more: object, encoder: Path | None = None) -> Ran:
    given = [encoder or pipeline.encoder, pipeline.recordings, "--probes", "--out", out]
    return eegssl("evaluate", *given, *FEW, *more)


@pytest.fixture(scope="module")
def asked(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    """The document of probes of all subjects, and their folder."""
    out = tmp_path_factory.mktemp("probes") / "probes"
    given = [tiny.encoder, tiny.recordings, "--probes", "--out", out]
    return done("evaluate", *given, *FEW, *ALL), out


def test_every_probe_has_values_chance_and_counts(asked: tuple[dict, Path]) -> None:
    _, out = asked
    scores = json.loads((out / "probes.json").read_text())
    probes = scores["probes"]
    for name in ("subjects", "files", "labels"):
        assert probes[name].keys() == {*SPACES, *GAINS}
        for one in (probes[name][space] for space in SPACES):
            assert 0 <= one["value"] <= 1
            assert one["n_subjects"] == 8
            assert one["interval"]["reason"].startswith("8 subjects, fewer than 10")
    assert probes["subjects"]["encoder"]["chance"] == pytest.approx(1 / 8)
    assert probes["bands"].keys() == set(BANDS_HZ)
    assert probes["labels"]["band power"]["value"] > 0.9  # 200 µV of spikes and waves
    assert probes["age"]["encoder"]["reason"].startswith("0 of 8 subjects have an age")
    assert set(probes["aperiodic"]) == {"common", "own", "change"}
    assert len(probes["layers"]["similarity"]) == 2
    assert probes["layers"]["subjects"][-1]["encoder"] == probes["subjects"]["encoder"]


def test_a_region_without_channels_is_said_to_have_none(asked: tuple[dict, Path]) -> None:
    regions = json.loads((asked[1] / "probes.json").read_text())["probes"]["regions"]
    assert set(regions) == set(REGIONS)
    none = regions["M"]["moved"]["region"]
    assert none["reason"] == "no recording has channels in it and as many elsewhere"
    assert regions["LF"]["moved"]["region"]["value"] > 0
    assert regions["LF"]["labels"]["less others"]["value"] is not None


def test_the_artifact_is_sound_marked_and_holds_no_path(
    tiny: Pipeline, asked: tuple[dict, Path]
) -> None:
    document, out = asked
    assert document["kind"] == "probes"
    assert manifest_of(out)["facts"] == document["facts"]
    assert document["facts"]["leaks"]
    assert any("LEAK, allowed" in words for words in document["warnings"])
    assert eegssl("check", out).code == 0
    page = (out / "report.html").read_text()
    assert "Leak: something upstream was fitted" in page
    for name in ("Who is recorded", "From recording to recording", "Layer by layer"):
        assert name in page
    assert "AUROC of seizures" in page
    assert "Age: R²" not in page  # nothing is known of it, which a sentence says
    assert "Age can&#39;t be asked for here" in page
    assert str(tiny.root) not in page + (out / "probes.json").read_text()


def test_again_it_is_already_made_and_elsewhere_the_same(
    tiny: Pipeline, asked: tuple[dict, Path], tmp_path: Path
) -> None:
    assert "already made" in ask(tiny, asked[1], *ALL).out
    assert ask(tiny, tmp_path / "p", *ALL).code == 0
    assert files_of(tmp_path / "p") == files_of(asked[1])


def test_a_fact_that_is_not_of_the_scores_is_damage(
    asked: tuple[dict, Path], tmp_path: Path
) -> None:
    ran = eegssl("check", with_fact(asked[1], tmp_path / "p", ("n_subjects",), 80))
    assert ran.code == 4
    assert "facts.n_subjects are not those of probes.json" in ran.err


def test_by_default_validation_subjects_are_asked_with_a_warning(
    tiny: Pipeline, tmp_path: Path
) -> None:
    ran = ask(tiny, tmp_path / "p", "--json")
    assert ran.code == 0, ran.err
    facts = ran.document["facts"]
    assert facts["split"] == "val"
    assert facts["leaks"] == []
    assert "no weight was trained on them" in ran.document["warnings"][0]


def test_subjects_that_it_was_trained_on_are_refused(tiny: Pipeline, tmp_path: Path) -> None:
    ran = ask(tiny, tmp_path / "p", "--set", "split=all")
    assert ran.code == 4
    assert "--allow-leak" in ran.err
    assert not (tmp_path / "p" / "manifest.json").exists()


@pytest.mark.parametrize("kind", ["model", "tokens", "recordings"])
def test_what_is_no_encoder_is_refused_with_the_way_on(
    tiny: Pipeline, tmp_path: Path, kind: str
) -> None:
    ran = ask(tiny, tmp_path / "p", encoder=tiny.root / kind)
    assert ran.code == 2
    assert f"holds {kind}" in ran.err
    assert "give the folder that pretrain made" in ran.err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--nan-policy", "zero"], "--probes does not read scoring.nan_policy"),
        (["--targets", "elsewhere"], "--probes does not read targets"),
        (["--set", "window_s=4.5"], "no multiple of the 200 of a patch"),
        (["--set", "window_s=60"], "no recording here is as long as one window"),
        (["--set", "traces=3"], "traces"),
    ],
)
def test_what_probes_do_not_read_is_refused(
    tiny: Pipeline, tmp_path: Path, more: list[str], words: str
) -> None:
    ran = ask(tiny, tmp_path / "p", *more)
    assert ran.code in (2, 3)
    assert words in ran.err


def test_probes_of_stored_predictions_are_refused(tmp_path: Path) -> None:
    ran = eegssl("evaluate", "--probes", "--rescore", tmp_path, "--out", tmp_path / "p")
    assert ran.code == 2
    assert "--probes asks of an encoder" in ran.err
