"""State what an artifact of probes holds."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from eegssl.artifacts.atomic import canonical_json
from eegssl.artifacts.contract import Contract
from eegssl.artifacts.json_parts import STRICT, Count, JsonObject, OpenPart, damaged, read_json
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.probes.measure import Measure

KIND = "probes"
SCORES, REPORT = "probes.json", "report.html"

_SCORES = TypeAdapter(JsonObject, config=STRICT)


def as_json(value: Any) -> Any:
    """Measures and arrays as JSON values; what is not finite becomes null."""
    if isinstance(value, Measure):
        return as_json(value.as_dict())
    if isinstance(value, Mapping):
        return {name: as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [as_json(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value


def facts_of(scores: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a manifest: what was asked of whom, and the numbers that are read first."""
    probes = scores["probes"]
    first = ("subjects", "files", "labels", "age", "sex")
    return {
        **scores["about"],
        "values": {
            probe: {space: one["value"] for space, one in probes[probe].items()} for probe in first
        },
        "chance": {
            probe: next((o["chance"] for o in probes[probe].values()), None) for probe in first
        },
        "bands": {band: own["encoder"]["value"] for band, own in probes["bands"].items()},
    }


def headline(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that matter first, in words; all measures are in `SCORES`."""
    values, chance = facts["values"], facts["chance"]
    rows = {words: _beside(values[probe], chance[probe]) for probe, words in _HEADLINES.items()}
    asked = f"{facts['n_subjects']} subjects ({facts['split']}), {facts['n_windows']:,} windows"
    return {"asked of": asked, **rows}


_HEADLINES = {
    "subjects": "subjects named rightly",
    "files": "recordings of one subject named",
    "labels": "AUROC of seizures",
    "age": "R² of age",
    "sex": "AUROC of sex",
}


def _beside(values: Mapping[str, float | None], chance: float | None) -> str:
    """A value of the encoder beside the others."""
    shown = {name: "n/a" if v is None else f"{v:.3f}" for name, v in values.items()}
    if values["encoder"] is None or chance is None:
        return "n/a"
    others = [f"{name} {shown[name]}" for name in shown if name != "encoder" and "less" not in name]
    return f"{shown['encoder']}; {', '.join(others)}; chance {chance:.3g}"


class _Facts(OpenPart):
    n_subjects: Count
    n_windows: Count
    synthetic: bool
    within_subject: bool
    leaks: tuple[str, ...]


def _require_facts(artifact: Artifact) -> None:
    """Raise ArtifactError where the manifest says other facts than follow from the scores."""
    scores = read_json(artifact / SCORES, _SCORES)
    try:
        derived = facts_of(scores)
    except (AttributeError, LookupError, TypeError) as error:
        problem = f"a score is missing, or of another type ({type(error).__name__})"
        raise damaged(artifact / SCORES, problem) from None
    for name, value in derived.items():
        if canonical_json(value) != canonical_json(artifact.manifest.facts.get(name)):
            raise damaged(artifact.path / MANIFEST, f"facts.{name} are not those of {SCORES}")


CONTRACT = Contract(
    KIND,
    parts={SCORES: partial(read_json, schema=_SCORES)},
    facts=_Facts,
    whole=_require_facts,
)
"""What `evaluate --probes` makes."""
