"""Write the settings that a corpus calls for as editable TOML.

`eegssl preprocess --plan` writes it for a person to read, edit and hand back with ``--config``;
without ``--plan`` the same decisions are taken and recorded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.config.settings import PRIVATE, Settings, public_values

MIXED_SHARE = 0.2
"""Ours: from this share of the rarer mains frequency on, each recording is looked at by itself."""
LINE_SHARE = 0.1
"""Ours: mains hum is taken out of all recordings when it stands out in this share of them."""


@dataclass(frozen=True)
class Plan:
    """Settings with nothing left open, the reason of each decision, and what to look into."""

    config: PreprocessConfig
    reasons: dict[str, str]
    warnings: tuple[str, ...]


def decide(fingerprint: Mapping[str, Any], config: PreprocessConfig) -> Plan:
    """Settle what the settings leave to the data: ``filter.notch = "auto"``."""
    notch, reason = _notch(fingerprint["line_hz"], fingerprint["readable"])
    reasons = _remarks(fingerprint, config) | {"filter.notch": reason}
    if config.filter.notch != "auto":
        return Plan(config, reasons, ())
    filters = config.filter.model_copy(update={"notch": notch})
    mixed = min(fingerprint["line_hz"].get(line, 0) for line in ("50", "60"))
    done = "each is treated by itself" if notch == "each" else f"all get a notch at {notch} Hz"
    told = f"{reason}; {done}: do the files come from different places?"
    warnings = (told,) if mixed else ()
    return Plan(config.model_copy(update={"filter": filters}), reasons, warnings)


def to_toml(plan: Plan) -> str:
    """The plan as a file for ``--config``: a table a part, each decision with its reason.

    Values that may name people are not written: they have to be given again.
    """
    values = public_values(plan.config)
    lines = [
        "# The settings of this preprocessing. Edit them, and hand them back:",
        "#   eegssl preprocess EDF_DIR --out FOLDER --config plan.toml",
    ]
    tables = {name: value for name, value in values.items() if _is_part(plan.config, name)}
    plain = {name: value for name, value in values.items() if name not in tables}
    for name, table in {"": plain, **tables}.items():
        lines += ["", f"[preprocess.{name}]" if name else "[preprocess]"]
        for key, value in table.items():
            path = f"{name}.{key}".lstrip(".")
            lines += [f"# {plan.reasons[path]}"] if path in plan.reasons else []
            lines.append(_line(key, value))
    return "\n".join(lines) + "\n"


def _is_part(config: PreprocessConfig, name: str) -> bool:
    return isinstance(getattr(config, name), Settings)


def _line(key: str, value: Any) -> str:
    if value is None:
        return f"# {key} is not set"
    if value == PRIVATE:
        return f"# {key} may name people and is not written here: give it again"
    return f"{key} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, str):  # as JSON, but for one character that TOML wants escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_value(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value)


def _notch(lines: Mapping[str, int], n_files: int) -> tuple[str, str]:
    """The notch for a corpus, from how many files show which mains frequency."""
    counts = {line: lines.get(line, 0) for line in ("50", "60")}
    seen = ", ".join(f"{n} show {line} Hz" for line, n in counts.items() if n)
    reason = f"mains hum: of {n_files} files {seen or 'none shows any'}"
    stronger, weaker = sorted(counts, key=lambda line: -counts[line])
    if counts[weaker] and counts[weaker] >= MIXED_SHARE * sum(counts.values()):
        return "each", reason
    return (stronger if counts[stronger] >= max(1, LINE_SHARE * n_files) else "off"), reason


def _remarks(fingerprint: Mapping[str, Any], config: PreprocessConfig) -> dict[str, str]:
    """Remarks for a person on settings that stay as they are."""
    remarks = {
        "filter.sfreq_hz": "EEG channels of the files are sampled at (Hz: files) "
        + _listed(fingerprint["sfreq_hz"]),
        "montage.reference": f"{fingerprint['derivations']} of "
        f"{sum(fingerprint['channels'].values())} channels are derivations; references: "
        + (_listed(fingerprint["references"]) or "none named"),
        "events.sources": "labels were found in (source: files) "
        + _listed(fingerprint["label_sources"]),
    }
    slow = [rate for rate in fingerprint["sfreq_hz"] if float(rate) / 2 <= config.filter.high_hz]
    if slow:
        remarks["filter.high_hz"] = f"lowered for files sampled at {', '.join(slow)} Hz"
    no_unit = sum(row["files"] for row in fingerprint["refused"] if row["code"] == "unit")
    if no_unit:
        remarks["read.assumed_unit"] = f"{no_unit} files name no voltage as their unit"
    return remarks


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {n}" for name, n in counts.items())
