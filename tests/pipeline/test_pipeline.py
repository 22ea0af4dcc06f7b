"""Six commands take a folder of EDF files to a scored model, and this is what lies on disk."""

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, files_of, manifest_of, splits_of, stamps_of
from safetensors.numpy import load_file
from signalfiles import load_rows
from sklearn.metrics import roc_auc_score
from tinycorpus import CALM_S, CHANNELS, RECORDINGS, SEIZURE_S, SUBJECTS

from eegssl.corpus.store import open_corpus
from eegssl.masking.entropy import patch_entropy

HISTORY = {
    "history/tokenize/manifest.json",
    "history/tokenize/metrics.jsonl",
    "history/tokenize/codebook.json",
}


PRETRAIN_HISTORY = {
    "history/pretrain/manifest.json",
    "history/pretrain/metrics.jsonl",
    "history/pretrain/examples.safetensors",
}


FILES: dict[str, set[str]] = {
    "preprocess": {
        *("duplicates.tsv", "concerns.tsv"),
        *("recordings.parquet", "events.parquet", "splits.tsv", "subjects.tsv", "refused.tsv"),
        *("channels.tsv", "fingerprint.json", "plan.toml", "look/index.html"),
    },
    "tokenize": {
        "seen.parquet",
        *("tokenizer.safetensors", "tokenizer.json", "metrics.jsonl"),
        *("codebook.json", "codes.parquet", "entropies.parquet"),
        *("atlas.parquet", "atlas_timecourse.parquet", "atlas.html"),
    },
    "pretrain": {
        "seen.parquet",
        *("encoder.safetensors", "encoder.json", "head.safetensors", "head.json"),
        *("metrics.jsonl", "report.html", "examples.safetensors", *HISTORY),
    },
    "finetune": {
        "seen.parquet",
        *(
            "model.safetensors",
            "model.json",
            "encoder.json",
            "task.json",
            "threshold.json",
            "postprocess.json",
            "temperature.json",
            "channels.json",
            "cleaning.json",
        ),
        *("metrics.jsonl", *HISTORY, *PRETRAIN_HISTORY),
    },
    "evaluate": {"predictions.parquet", "metrics.json", "report.html"},
}


KINDS = {
    "preprocess": ("recordings", ["edf-folder"]),
    "tokenize": ("tokens", ["recordings"]),
    "pretrain": ("encoder", ["recordings", "tokens"]),
    "finetune": ("model", ["recordings", "encoder"]),
    "evaluate": ("evaluation", ["model", "recordings"]),
}


def rows(path: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(path).to_pylist())


@pytest.mark.parametrize("stage", Pipeline.STAGES)
def test_exactly_these_files_lie_on_disk(tiny: Pipeline, stage: str) -> None:
    ids = {row["recording"] for row in rows(tiny.recordings / "recordings.parquet")}
    seen = {row["recording"] for row in rows(tiny.tokens / "codes.parquet")}
    bulk = {
        "preprocess": {f"signals/{id_}.safetensors" for id_ in ids},
        "tokenize": {f"{kind}/{id_}.npy" for id_ in seen for kind in ("codes", "entropies")},
    }.get(stage, set())
    found = set(files_of(tiny.out(stage)))
    pages = {name for name in found if name.startswith("look/r-")}
    assert pages < {f"look/{id_}.html" for id_ in ids}
    assert len(pages) == (2 if stage == "preprocess" else 0)
    tables = {name for name in found if name.startswith("detections/sub-")}
    scored = rows(tiny.evaluation / "predictions.parquet") if stage == "evaluate" else []
    names = {f"{row['recording']}_events.tsv" for row in scored}
    assert sorted(Path(name).name for name in tables) == sorted(names)
    clips = {name for name in found if name.startswith("clips/r-")}
    assert len(clips) == len(pages)
    beside = {"inventory.parquet", "rows.parquet", *clips} if stage == "preprocess" else set()
    assert found == FILES[stage] | bulk | pages | tables | beside | {"manifest.json"}
    assert set(manifest_of(tiny.out(stage))["files"]) == FILES[stage] | pages | tables


@pytest.mark.parametrize("stage", Pipeline.STAGES)
def test_the_manifest_says_what_it_is_and_from_what(tiny: Pipeline, stage: str) -> None:
    manifest = manifest_of(tiny.out(stage))
    kind, parents = KINDS[stage]
    ids = {manifest_of(tiny.out(s))["kind"]: manifest_of(tiny.out(s))["id"] for s in KINDS}
    assert manifest["kind"] == kind
    assert [parent["kind"] for parent in manifest["inputs"]] == parents
    for parent in manifest["inputs"]:
        assert parent["id"] == ids.get(parent["kind"], parent["id"])
    assert manifest["schema_version"] == (5 if manifest["kind"] == "recordings" else 4)
    assert manifest["seed"] == 0
    assert manifest["eegssl_version"]
    assert manifest["facts"]["synthetic"] is False
    for name, file in manifest["files"].items():
        assert file["bytes"] == (tiny.out(stage) / name).stat().st_size


def test_only_training_and_validation_subjects_were_fitted_on(tiny: Pipeline) -> None:
    by_split = splits_of(tiny)
    assert {name: len(who) for name, who in by_split.items()} == {"train": 4, "val": 2, "test": 2}
    owner = {r["recording"]: r["subject"] for r in rows(tiny.recordings / "recordings.parquet")}
    fitted = by_split["train"] | by_split["val"]
    nobody = {"subjects": [], "recordings": [], "aliases": []}
    assert manifest_of(tiny.recordings)["fitted_on"] == nobody
    for stage in ("tokenize", "pretrain", "finetune", "evaluate"):
        found = manifest_of(tiny.out(stage))["fitted_on"]
        assert set(found["subjects"]) == fitted
        assert set(found["recordings"]) == {r for r, s in owner.items() if s in fitted}
        if stage != "evaluate":
            seen = rows(tiny.out(stage) / "seen.parquet")
            assert {row["recording"] for row in seen} == set(found["recordings"])
            assert all(len(row["sketch"]) > 50 for row in seen)


def test_recordings_are_microvolts_at_200_hz_with_their_events(tiny: Pipeline) -> None:
    table = rows(tiny.recordings / "recordings.parquet")
    events = rows(tiny.recordings / "events.parquet")
    facts = manifest_of(tiny.recordings)["facts"]
    assert len(table) == RECORDINGS
    assert facts["recordings"] == RECORDINGS
    assert facts["subjects"] == SUBJECTS
    assert (facts["unit"], facts["sfreq_hz"], facts["phase"]) == ("uV", 200, "zero")
    names = {"T3": "T7", "T4": "T8"}  # the names of today
    assert set(facts["channels"]) == {names.get(c, c) for c in CHANNELS}
    ictal = {e["recording"] for e in events if e["type"] == "sz"}
    assert len(ictal) == SUBJECTS
    for row in table:
        stored = load_rows(tiny.recordings / "signals" / f"{row['recording']}.safetensors")
        seconds = SEIZURE_S if row["recording"] in ictal else CALM_S
        assert set(stored) == {"signal", "n_samples", "scale_uv", "quality"}
        assert stored["quality"].shape == (len(row["channels"]), seconds)
        assert stored["signal"].dtype == np.int16
        assert stored["signal"].shape == (len(row["channels"]), 200 * seconds)
        assert stored["scale_uv"].dtype == np.float32
        assert stored["scale_uv"].shape == (len(row["channels"]),)
        peak_uv = np.abs(stored["signal"] * stored["scale_uv"][:, None]).max()
        assert (peak_uv > 120) == (row["recording"] in ictal)
    for event in events:
        assert event["type"] in ("sz", "bckg")
        if event["type"] == "sz":
            assert event["duration_s"] == 16
            assert event["onset_s"] in (8, 12, 16)


def test_subjects_are_listed_by_id(tiny: Pipeline) -> None:
    lines = (tiny.recordings / "subjects.tsv").read_text().splitlines()
    found = [line.split("\t") for line in lines]
    assert found[0] == ["subject", "age_years", "sex"]
    assert {row[0] for row in found[1:]} == set().union(*splits_of(tiny).values())
    assert {cell for row in found[1:] for cell in row[1:]} == {"n/a"}


def test_codes_stand_on_the_fixed_tiling(tiny: Pipeline) -> None:
    facts = manifest_of(tiny.tokens)["facts"]
    held = {r["recording"]: r for r in rows(tiny.recordings / "recordings.parquet")}
    assert (facts["window_s"], facts["patch_samples"], facts["n_codes"]) == (4, 200, 16)
    total = 0
    for row in rows(tiny.tokens / "codes.parquet"):
        codes = np.load(tiny.tokens / "codes" / f"{row['recording']}.npy", allow_pickle=False)
        recording = held[row["recording"]]
        assert codes.dtype == np.uint8
        assert codes.shape == (len(recording["channels"]), recording["n_samples"] // 800 * 4)
        assert codes.max() < 16
        total += codes.size
    assert facts["patches"]["train"] + facts["patches"]["val"] == total
    assert facts["codes_used_val"] > 4
    assert 1 < facts["perplexity_val"] <= facts["codes_used_val"]


def test_models_have_a_few_thousand_parameters_and_their_own_configuration(tiny: Pipeline) -> None:
    for folder, name in ((tiny.tokens, "tokenizer"), (tiny.encoder, "encoder")):
        tensors = load_file(folder / f"{name}.safetensors")
        counted = manifest_of(folder)["facts"]["n_parameters"]
        assert 1_000 < counted < 15_000
        assert all(np.isfinite(tensor).all() for tensor in tensors.values())
    config = json.loads((tiny.encoder / "encoder.json").read_text())
    assert (config["layers"], config["width"], config["sfreq_hz"]) == (1, 16, 200.0)
    facts = manifest_of(tiny.encoder)["facts"]
    assert config["montages"] == facts["montages"] == ["referential"]
    assert facts["precision"] in ("float32", "bfloat16")
    assert json.loads((tiny.tokens / "tokenizer.json").read_text())["n_codes"] == 16
    chosen = json.loads((tiny.model / "threshold.json").read_text())
    assert 0 < chosen["value"] < 1


def test_metrics_are_logged_while_training(tiny: Pipeline) -> None:
    for folder, steps in ((tiny.tokens, 12), (tiny.encoder, 12), (tiny.model, 24)):
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        assert [row["step"] for row in lines] == list(range(2, steps + 1, 2))
        assert all(math.isfinite(row["train_loss"]) for row in lines)
        validated = [row["step"] for row in lines if any(name.startswith("val_") for name in row)]
        assert validated == list(range(4, steps + 1, 4))


def test_predictions_are_one_row_a_window_of_the_test_subjects(tiny: Pipeline) -> None:
    table = pq.read_table(tiny.evaluation / "predictions.parquet")
    assert table.schema.names == [
        *("subject", "recording", "unit", "start_s", "duration_s", "truth"),
        *("p_background", "p_seizure", "split_hash"),
    ]
    types = dict(zip(table.schema.names, table.schema.types, strict=True))
    assert types["truth"] == pa.int32()
    assert {types[n] for n in ("start_s", "duration_s", "p_seizure")} == {pa.float64()}
    besides = json.loads(table.schema.metadata[b"eegssl"])
    assert besides["classes"] == ["background", "seizure"]
    assert {r["subject"] for r in besides["references"]} == splits_of(tiny)["test"]
    found = table.to_pylist()
    assert {row["subject"] for row in found} == splits_of(tiny)["test"]
    assert len(found) == 2 * (SEIZURE_S + CALM_S) // 4
    assert len({(row["recording"], row["start_s"]) for row in found}) == len(found)
    assert sum(row["truth"] for row in found) == 2 * 16 / 4
    for row in found:
        assert row["start_s"] % 4 == 0
        assert row["duration_s"] == 4
        assert row["p_background"] + row["p_seizure"] == pytest.approx(1)


def test_scores_come_from_the_saved_predictions(tiny: Pipeline) -> None:
    metrics = json.loads((tiny.evaluation / "metrics.json").read_text())
    assert set(metrics) >= {"windows", "subject_means", "per_subject", "events", "subgroups"}
    table = pq.read_table(tiny.evaluation / "predictions.parquet")
    auroc = roc_auc_score(table["truth"].to_numpy(), table["p_seizure"].to_numpy())
    assert metrics["windows"]["auroc"] == pytest.approx(auroc)
    assert metrics["windows"]["n"] == table.num_rows
    assert set(metrics["per_subject"]) == splits_of(tiny)["test"]
    assert metrics["units"] is None
    assert auroc > 0.9  # what was planted is found


def test_recordings_under_ten_minutes_get_no_event_scores(
    tiny: Pipeline, tmp_path: Path, undrawn: None
) -> None:
    events = json.loads((tiny.evaluation / "metrics.json").read_text())["events"]
    assert events["n_recordings_scored"] == 0
    assert events["scorers"]["szcore-event"]["pooled"]["sensitivity"] is None
    assert "n/a" in (tiny.evaluation / "report.html").read_text()
    command = tiny.command("evaluate", tmp_path / "evaluation")
    done(*command, "--set", "scoring.shortest_event_recording_s=30")
    scored = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())["events"]
    assert scored["n_recordings_scored"] == 4
    assert scored["scorers"]["szcore-event"]["pooled"]["n_reference"] == 2
    assert scored["scorers"]["szcore-event"]["pooled"]["sensitivity"] is not None


class Loads(HTMLParser):
    """Everything in a page that a browser would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.found: list[str] = []
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = {name: value or "" for name, value in attrs}
        if values.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = values["content"]
        for name, value in values.items():
            if name in ("src", "srcset", "data", "action", "poster") or name.endswith("href"):
                self.found += [] if value.startswith(("data:", "#")) else [f"{tag} {name}={value}"]
            self.found += [f"{tag} {name}"] if name.startswith("on") else []


def test_the_report_is_one_page_that_loads_and_runs_nothing(tiny: Pipeline) -> None:
    text = (tiny.evaluation / "report.html").read_text()
    page = Loads(text)
    assert page.found == []
    assert not {"script", "iframe", "object", "embed", "link", "base"} & set(page.tags)
    assert "default-src 'none'" in page.policy
    assert "script-src" not in page.policy
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:|#)", text)
    for word in ("Codebook usage", "Masked and reconstructed", "Pretraining", "threshold"):
        assert word.lower() in text.lower()
    for subject in splits_of(tiny)["test"]:
        assert subject in text


def test_the_same_command_again_finds_it_made_and_touches_nothing(tiny: Pipeline) -> None:
    before = stamps_of(tiny.root)
    for stage, document in tiny.make().items():
        assert document["state"] == "already made", stage
        assert document["id"] == manifest_of(tiny.out(stage))["id"]
    assert stamps_of(tiny.root) == before


@pytest.mark.slow
def test_a_fresh_run_elsewhere_gives_the_same_bytes(tiny: Pipeline, tmp_path: Path) -> None:
    again = Pipeline(tmp_path / "another place", tiny.edf, tiny.settings)
    again.make()
    assert files_of(again.root) == files_of(tiny.root)


def test_entropies_are_made_once_with_the_codes(tiny: Pipeline) -> None:
    corpus = open_corpus([tiny.recordings])
    recording = corpus.of_split("train")[0]
    stored = np.load(tiny.tokens / "entropies" / f"{recording.id}.npy", allow_pickle=False)
    signal_uv = corpus.read_uv(recording, 0, 200 * stored.shape[1])
    assert stored.dtype == np.float16
    assert np.allclose(stored, patch_entropy(signal_uv, 200), atol=1e-3)
