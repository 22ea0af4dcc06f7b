"""One bad channel costs itself, settings and tables name channels, and refusals name settings."""

from pathlib import Path

import numpy as np
import pytest
from edf_bytes import EdfSpec, Signal, noise

from eegssl.corpus.channels.overrides import channel_rules, overrides_of
from eegssl.corpus.preprocessing.channel_selection import Choice, Selection, select
from eegssl.errors import ConfigError, RecordingRefused
from eegssl.io.config import ReadSettings
from eegssl.io.edf.header import read_header
from eegssl.signal.config import ChannelSettings, FilterConfig

EQUAL = ("0", "0", "-32768", "32767")
N, RATE = 4, 50


def signal(label: str, **changes: object) -> Signal:
    return Signal(noise(N * RATE, len(label)), label, **changes)  # type: ignore[arg-type]


@pytest.fixture
def chosen(tmp_path: Path):
    """The selection of a file of these signals, under settings of channels and of reading."""

    def choose(
        signals: list[Signal],
        channels: dict[str, object] | None = None,
        read: dict[str, object] | None = None,
        name: str = "s1/a.edf",
    ) -> Selection:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(EdfSpec(signals, N).bytes())
        header = read_header(path)
        rules = channel_rules(
            ChannelSettings.model_validate(channels or {}), ReadSettings.model_validate(read or {})
        )
        overrides = overrides_of(header, name, rules)
        least, unit = rules.channels.least, rules.read.assumed_unit
        return select(header, Choice(overrides, unit, FilterConfig(), least))

    return choose


def names(selection: Selection) -> list[str]:
    return [s.channel.name for s in selection.eeg]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (signal("O1", limits=EQUAL), "limits"),
        (signal("O1", limits=("x", "1", "-5", "5")), "limits"),
        (signal("O1", limits=("-1e300", "1e300", "-5", "5")), "limits"),
        (signal("O1", unit=""), "unit"),
        (signal("O1", unit="%"), "unit"),
        (Signal(noise(N), "O1"), "sampled-too-slowly"),
    ],
)
def test_one_bad_channel_costs_itself(chosen, bad, code):
    selection = chosen([signal("Fp1"), bad, signal("Cz")])
    assert names(selection) == ["Fp1", "Cz"]
    assert [(c.name, c.code) for c in selection.left_out] == [("O1", code)]


def test_too_few_good_channels_refuse_the_file_and_name_the_setting(chosen):
    signals = [signal("Fp1"), signal("O1", limits=EQUAL), signal("Cz", unit="")]
    assert names(chosen(signals)) == ["Fp1"]
    with pytest.raises(RecordingRefused, match=r"1 EEG channel.*1 limits, 1 unit.*channels\.least"):
        chosen(signals, {"least": 2})
    with pytest.raises(RecordingRefused, match=r"no unit.*read\.assumed_unit") as refused:
        chosen([signal("Cz", unit="")])
    assert refused.value.code == "unit"


def test_of_equal_labels_the_live_one_is_kept(chosen):
    dead = Signal(np.zeros(N * RATE, int), "EEG Cz")
    live = signal("Cz-REF")
    assert [s.index for s in chosen([signal("Fp1"), dead, live]).eeg] == [0, 2]
    assert [s.index for s in chosen([signal("Fp1"), live, dead]).eeg] == [0, 1]
    assert [s.index for s in chosen([dead, dead]).eeg] == [0]
    assert chosen([dead, live]).doubled == ("Cz",)


def test_labels_are_renamed_and_dropped(chosen):
    signals = [signal("EEG"), signal("EEG(sec)"), signal("Fp1"), signal("C4-X9")]
    selection = chosen(signals, {"rename": {"eeg": "C4-A1", "EEG(SEC)": "C3-A2"}, "drop": ["fp*"]})
    assert names(selection) == ["C4-A1", "C3-A2"]
    assert [c.code for c in selection.left_out] == []


def test_a_reference_is_named_for_those_without(chosen):
    selection = chosen([signal("Fp1"), signal("F3-REF"), signal("C3-P3")], {"reference": "cz"})
    assert [s.channel.reference for s in selection.eeg] == ["Cz", "REF", ""]


@pytest.mark.parametrize(
    ("settings", "gain_uv"),
    [
        ({}, 100.0),
        ({"units": {"Fp1": "uV"}}, 0.1),
        ({"units": {"EEG F*": "uV"}}, 0.1),
        ({"scale": {"Fp1": 0.001}}, 0.1),
        ({"scale": {"s1/*": 0.001}}, 0.1),
        ({"scale": {"s2/*": 0.001}}, 100.0),
    ],
)
def test_a_unit_is_corrected_by_label_or_file(chosen, settings, gain_uv):
    (channel,) = chosen([signal("EEG Fp1", unit="mV")], read=settings).eeg
    assert channel.gain_uv == pytest.approx(gain_uv)


def test_a_table_names_channels_of_many_files(chosen, tmp_path):
    table = tmp_path / "channels.tsv"
    rows = ["s1/*\tCh1\tC3\tA2\tuV\tn/a", "s2/*\tCh1\tC4\tn/a\tn/a\t2", "n/a\tCh2\tdrop\t\t\t"]
    table.write_text("file\tlabel\tname\treference\tunit\tscale\n" + "\n".join(rows) + "\n")
    settings, signals = {"table": str(table)}, [signal("Ch1", unit="mV"), signal("Ch2")]
    (one,), (two,) = chosen(signals, settings).eeg, chosen(signals, settings, name="s2/a.edf").eeg
    assert (one.channel.name, one.channel.reference, one.gain_uv) == (
        "C3",
        "A2",
        pytest.approx(0.1),
    )
    assert (two.channel.name, two.gain_uv) == ("C4", pytest.approx(200))
    table.write_text("label\tname\nCh1\tJane\n")
    with pytest.raises(ConfigError, match="no electrode or derivation"):
        chosen(signals, settings)


def test_a_cap_names_its_contacts_where_it_is_worn(chosen):
    cap = {"cap": "biosemi64"}
    biosemi = [signal(f"{bank}{n}") for bank in "AB" for n in range(1, 33)]
    assert names(chosen([*biosemi, signal("EXG1")], cap))[:3] == ["Fp1", "AF7", "AF3"]
    assert len(chosen(biosemi, cap).eeg) == 64
    assert names(chosen([signal("C3"), signal("A1")], cap)) == ["C3", "A1"]
    with pytest.raises(RecordingRefused, match=r"channels\.cap=biosemi64"):
        chosen(biosemi)


@pytest.mark.parametrize(
    ("cap", "labels", "n", "some"),
    [
        ("biosemi128", [f"{b}{n}" for b in "ABCD" for n in range(1, 33)], 62, {"Cz", "Oz", "T7"}),
        ("biosemi256", [f"{b}{n}" for b in "ABCDEFGH" for n in range(1, 33)], 63, {"Cz", "P9"}),
        ("egi64", [f"E{n}" for n in range(1, 65)], 52, {"Fp1", "C3", "T8", "Pz"}),
        ("egi256", [f"E{n}" for n in range(1, 257)], 82, {"Fp1", "C3", "T8", "Pz"}),
        ("egi128", [f"E{n}" for n in range(1, 129)], 57, {"Fp1", "C3", "T8", "Pz"}),
        ("egi128", [f"EEG {n:03d}" for n in range(1, 129)], 57, {"Fp1", "C3", "T8", "Pz"}),
    ],
)
def test_contacts_without_an_electrode_are_left_out(chosen, cap, labels, n, some):
    selection = chosen([signal(label) for label in labels], {"cap": cap})
    assert len(selection.eeg) == n
    assert some <= set(names(selection))


def test_a_bids_table_gives_types_units_and_bad_channels(chosen, tmp_path):
    signals = [signal("Fp1"), signal("F7"), signal("T3"), signal("O1", unit=""), signal("Cz")]
    (tmp_path / "sub-1_channels.tsv").write_text(
        "name\ttype\tunits\tstatus\nFp1\tEOG\tuV\tgood\nF7\tMISC\tn/a\tgood\n"
        "T3\tEEG\tuV\tbad\nO1\tEEG\tmV\tgood\n"
    )
    selection = chosen(signals, name="sub-1_eeg.edf")
    assert names(selection) == ["O1", "Cz"]
    assert selection.eeg[0].gain_uv == pytest.approx(100)
    assert [(s.channel.kind, s.index) for s in selection.auxiliary] == [("eog", 0)]
    assert [(c.name, c.code) for c in selection.left_out] == [("T7", "marked-bad")]
    assert "T7" in names(chosen(signals, {"bads": "keep"}, name="sub-1_eeg.edf"))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("name\nFp1\n", "no columns name and type"),
        ("name\ttype\ttype\nFp1\tEEG\tMISC\n", "1 column name.s. that stand there twice"),
    ],
)
def test_a_bids_table_that_cannot_be_read_refuses_the_file(chosen, tmp_path, table, words):
    (tmp_path / "sub-1_channels.tsv").write_text(table)
    with pytest.raises(RecordingRefused, match=words):
        chosen([signal("Fp1")], name="sub-1_eeg.edf")


@pytest.mark.parametrize(
    ("channels", "read", "words"),
    [
        ({"rename": {"A": "Jane"}}, {}, "channels.rename: got a name that is no electrode"),
        ({"reference": "Jane"}, {}, "channels.reference: got another word"),
        ({}, {"assumed_unit": "mmHg"}, "read.assumed_unit: got a unit that is no voltage"),
        ({}, {"units": {"A": "x"}}, "read.units: got a unit that is no voltage"),
    ],
)
def test_settings_that_name_no_channel_or_unit_are_refused(channels, read, words):
    with pytest.raises(ConfigError, match=words):
        channel_rules(ChannelSettings.model_validate(channels), ReadSettings.model_validate(read))


def test_a_factor_of_zero_is_refused():
    with pytest.raises(ValueError, match="factor of 0"):
        ReadSettings.model_validate({"scale": {"A": 0}})


def test_a_refusal_shows_labels_of_known_words_only(chosen):
    with pytest.raises(RecordingRefused) as refused:
        chosen([signal("EEG1"), signal("Jane Doe"), signal("ECG")])
    assert '"EEG1", …' in refused.value.reason
    assert "Jane" not in refused.value.reason
    assert "channels.rename" in refused.value.reason
