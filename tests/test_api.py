"""eegssl in a notebook: three lines from a recording to embeddings, and clear refusals."""

from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from edf_bytes import EdfSpec, Signal
from safetensors.torch import save_file
from tinycorpus import noise_uv, write_recording

import eegssl
from eegssl.artifacts.context import Context
from eegssl.config.resolve import resolve
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder
from eegssl.errors import ArtifactError, InputError, RecordingRefused
from eegssl.io.edf.edf_writer import write_edf
from eegssl.signal.config import FilterConfig, MontageConfig
from eegssl.stages import preprocess
from eegssl.training.embedding import Embeddings
from eegssl.training.weights import load_weights

TINY = EncoderConfig(layers=1, width=16, heads=2, ffn=32)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return build_encoder(TINY, 0).eval()


@pytest.fixture(scope="module")
def edf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """32 s of EEG of subject 1 (256 Hz, twisted names), see ``tinycorpus``."""
    path = tmp_path_factory.mktemp("api") / "corpus" / "sub-01" / "a.edf"
    path.parent.mkdir(parents=True)
    write_recording(path, 1, 32, None)
    return path


def embed_edf(encoder: Encoder, path: object, **choices: object) -> Embeddings:
    found = eegssl.embed(encoder, path, **choices)
    assert isinstance(found, Embeddings)
    return found


def test_an_edf_becomes_embeddings_with_times_and_channels(encoder: Encoder, edf: Path) -> None:
    found = embed_edf(encoder, str(edf))
    channels, patches, width = found.vectors.shape
    assert (channels, width) == (len(found.channels), 16)
    assert patches == 32
    assert found.times_s.tolist() == list(range(32))
    assert {"Fp1", "T7", "O2"} <= {name.split("-")[0] for name in found.channels}
    assert np.isfinite(found.vectors).all()


def test_a_file_a_raw_and_a_stored_recording_give_the_same(
    encoder: Encoder, edf: Path, tmp_path: Path
) -> None:
    from_file = embed_edf(encoder, edf)
    raw = mne.io.read_raw_edf(edf, preload=True, verbose="ERROR")
    from_raw = embed_edf(encoder, raw)
    settings = resolve("preprocess", sets=["filter.notch=each"], environment={})
    out = tmp_path / "recordings"
    for k in (2, 3, 4):  # a split needs several subjects
        other = edf.parents[1] / f"sub-{k:02d}" / "a.edf"
        other.parent.mkdir(exist_ok=True)
        write_recording(other, k, 32, None)
    preprocess.run(settings, [edf.parents[1]], Context(out))
    stored = list(eegssl.embed(encoder, out))
    assert {r.recording for r in stored} == set(eegssl.recording_ids(out))
    nearest = min(
        (r for r in stored if r.vectors.shape == from_file.vectors.shape),
        key=lambda r: float(np.abs(r.vectors - from_file.vectors).max()),
    )
    assert nearest.channels == from_file.channels == from_raw.channels
    np.testing.assert_allclose(nearest.vectors, from_file.vectors, atol=1e-5)
    np.testing.assert_allclose(from_raw.vectors, from_file.vectors, atol=0.02)
    np.testing.assert_array_equal(nearest.times_s, from_file.times_s)


def test_times_jump_where_a_file_has_a_gap(encoder: Encoder, tmp_path: Path) -> None:
    onsets = [*range(20), *range(120, 140)]
    path = tmp_path / "gap.edf"
    names = ["Fp1", "Cz", "O2"]
    write_edf(path, noise_uv(3, 40, 200, seed=3), names, 200, record_onsets_s=onsets)
    found = embed_edf(encoder, path)
    assert found.times_s.tolist() == onsets
    assert found.vectors.shape == (3, 40, 16)


def test_flat_channels_of_a_raw_are_left_out_as_those_of_a_file_are(encoder: Encoder) -> None:
    signal_v = 1e-6 * noise_uv(3, 20, 200, seed=4)
    signal_v[1] = 5e-6
    info = mne.create_info(["Fp1", "Cz", "O2"], 200.0, "eeg")
    raw = mne.io.RawArray(signal_v, info, verbose=False)
    assert embed_edf(encoder, raw).channels == ("Fp1", "O2")


def test_windows_see_themselves_only(encoder: Encoder, edf: Path) -> None:
    whole = embed_edf(encoder, edf, window_s=32.0).vectors
    cut = embed_edf(encoder, edf, window_s=5.0).vectors
    assert whole.shape == cut.shape
    assert not np.allclose(whole, cut, atol=1e-3)


def test_a_montage_can_be_asked_for(encoder: Encoder) -> None:
    rng = np.random.default_rng(0)
    names = ["Fp1", "F7", "T7", "P7", "O1", "F3", "C3", "P3", "Fp2", "F8", "T8", "P8", "O2", "F4"]
    names += ["C4", "P4", "Fz", "Cz", "Pz", "ECG"]
    raw = mne.io.RawArray(
        3e-5 * rng.standard_normal((20, 2560)), mne.create_info(names, 256.0, "eeg"), verbose=False
    )
    assert len(embed_edf(encoder, raw).channels) == 19
    banana = embed_edf(encoder, raw, montage=MontageConfig(reference="banana"))
    assert "Fp1-F7" in banana.channels
    assert len(banana.channels) == 18


def test_an_array_gives_an_array(encoder: Encoder) -> None:
    signal_uv = 30 * np.random.default_rng(0).standard_normal((2, 1000))
    vectors = eegssl.embed(encoder, signal_uv, ["EEG FP1-F7", "Cz"], 200)
    assert isinstance(vectors, np.ndarray)
    assert vectors.shape == (2, 5, 16)
    swapped = eegssl.embed(encoder, signal_uv[::-1], ["Cz", "Fp1-F7"], 200)
    np.testing.assert_allclose(swapped[::-1], vectors, atol=1e-5)


def test_what_was_not_said_to_be_handled_is_refused_by_name(
    encoder: Encoder, edf: Path, tmp_path: Path
) -> None:
    signal_uv = np.ones((1, 1000))
    with pytest.raises(InputError, match="got 256 Hz, the encoder expects 200 Hz"):
        eegssl.embed(encoder, signal_uv, ["Cz"], 256)
    with pytest.raises(InputError, match="'XYZ' names no electrode"):
        eegssl.embed(encoder, signal_uv, ["XYZ"], 200)
    with pytest.raises(InputError, match="a patch has 200 samples; got 150"):
        eegssl.embed(encoder, signal_uv[:, :150], ["Cz"], 200)
    with pytest.raises(InputError, match="the filters give 100 Hz"):
        eegssl.embed(encoder, edf, filters=FilterConfig(sfreq_hz=100, high_hz=40))
    with pytest.raises(InputError, match="got list; expected a path"):
        eegssl.embed(encoder, [1, 2])  # type: ignore[call-overload]
    with pytest.raises(ArtifactError):
        eegssl.embed(encoder, tmp_path)
    raw = mne.io.RawArray(np.ones((1, 2560)), mne.create_info(["XYZ"], 256.0, "eeg"), verbose=False)
    with pytest.raises(InputError, match="rename them"):
        eegssl.embed(encoder, raw)
    strange = tmp_path / "other.edf"
    write_edf(strange, np.ones((1, 2560)), ["ECG"], 256)
    with pytest.raises(RecordingRefused, match="no-eeg"):
        eegssl.embed(encoder, strange)


def test_a_file_that_is_not_there_is_said_so(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        eegssl.embed(encoder, tmp_path / "no.edf")


def test_weights_that_do_not_match_are_named(encoder: Encoder, tmp_path: Path) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in encoder.state_dict().items()}
    missing = tensors.pop("transformer.norm.weight")
    tensors["transformer.norm.scale"] = missing
    tensors["mask_token"] = missing[:-1].clone()
    save_file(tensors, tmp_path / "encoder.safetensors")
    with pytest.raises(ArtifactError) as refusal:
        load_weights(build_encoder(TINY, 0), tmp_path, "encoder")
    for words in ("3 of", "mask_token (file (15,), model (16,))", "transformer.norm.scale (file"):
        assert words in str(refusal.value)
    assert "transformer.norm.weight (file None, model (16,))" in str(refusal.value)


def test_only_what_the_api_offers_is_found() -> None:
    assert {"embed", "load_encoder", "load_tokenizer"} <= set(dir(eegssl))
    with pytest.raises(AttributeError, match="no attribute 'embedd'"):
        eegssl.embedd  # noqa: B018


def test_an_encoder_refuses_channels_that_it_was_not_trained_for() -> None:
    signal_uv = np.random.default_rng(0).normal(0, 30, (2, 400)).astype(np.float32)
    referential = build_encoder(TINY.model_copy(update={"montages": ("referential",)}), seed=0)
    assert eegssl.embed(referential, signal_uv, ["Cz", "Pz"], 200).shape[:2] == (2, 2)
    with pytest.raises(InputError, match=r"derivations channels, .* trained on referential"):
        eegssl.embed(referential, signal_uv, ["Cz", "Fp1-F7"], 200)
    either = build_encoder(TINY, seed=0)
    assert eegssl.embed(either, signal_uv, ["Cz", "Fp1-F7"], 200).shape[:2] == (2, 2)


@pytest.mark.parametrize(
    ("shape", "names", "words"),
    [
        ((4, 400), ["C3"], "got 4 rows and 1 channel names"),
        ((1, 400), ["C3", "C4"], "got 1 rows and 2 channel names"),
        ((4, 400), [], "got 4 rows and 0 channel names"),
        ((400, 2), ["C3", "C4"], r"got 400 rows and 2 channel names.*give signal.T"),
        ((400,), ["C3"], r"1 dimension\(s\), \(400,\); expected \[channels, samples\]"),
        ((1, 2, 400), ["C3", "C4"], r"3 dimension\(s\), \(1, 2, 400\)"),
        ((0, 400), [], "got no channels"),
    ],
)
def test_names_fit_the_rows_of_an_array(
    encoder: Encoder, shape: tuple[int, ...], names: list[str], words: str
) -> None:
    signal_uv = 20 * np.random.default_rng(0).standard_normal(shape)
    with pytest.raises(InputError, match=words):
        eegssl.embed(encoder, signal_uv, names, 200)


def test_a_single_name_is_one_name(encoder: Encoder) -> None:
    signal_uv = 20 * np.random.default_rng(0).standard_normal((2, 400))
    with pytest.raises(InputError, match="got 2 rows and 1 channel names"):
        eegssl.embed(encoder, signal_uv, "C3", 200)
    assert eegssl.embed(encoder, signal_uv[:1], "C3", 200).shape[:2] == (1, 2)


def test_samples_that_are_no_number_are_named(encoder: Encoder) -> None:
    signal_uv = 20 * np.random.default_rng(0).standard_normal((4, 1000))
    signal_uv[2, 700:703] = np.nan
    signal_uv[3, 5] = np.inf
    words = r"in 2 of 4 channels, 4 of 4000 samples \(O1 from sample 700, O2 from sample 5\)"
    with pytest.raises(InputError, match=words):
        eegssl.embed(encoder, signal_uv, ["C3", "C4", "O1", "O2"], 200)


def test_samples_of_a_raw_that_are_no_number_are_named(encoder: Encoder) -> None:
    signal_v = 1e-6 * noise_uv(2, 20, 200, seed=4)
    signal_v[1, 77] = np.nan
    raw = mne.io.RawArray(signal_v, mne.create_info(["Fp1", "Cz"], 200.0, "eeg"), verbose=False)
    with pytest.raises(RecordingRefused, match=r"1 of 2 channels.*Cz from sample 77"):
        eegssl.embed(encoder, raw)


@pytest.mark.parametrize(
    ("factor", "cure"),
    [
        (1e-6, "as small as EEG in V: multiply by 1e6"),
        (1e-3, "in mV by 1e3"),
        (1e3, "divide by 1e3"),
    ],
)
def test_other_units_than_microvolts_are_known_by_their_size(
    encoder: Encoder, factor: float, cure: str
) -> None:
    signal = factor * 20 * np.random.default_rng(0).standard_normal((2, 1000))
    with pytest.raises(InputError, match=cure) as refusal:
        eegssl.embed(encoder, signal, ["C3", "C4"], 200)
    assert "EEG in µV spreads over 0.3 to 1000" in str(refusal.value)
    assert eegssl.embed(encoder, signal, ["C3", "C4"], 200, any_size=True).shape[:2] == (2, 5)


@pytest.mark.parametrize("kind", ["raw", "file"])
def test_files_and_raws_of_other_sizes_are_refused_as_arrays_are(
    encoder: Encoder, tmp_path: Path, kind: str
) -> None:
    """µV taken for V, the commonest mistake, by a notebook or by the header of a file."""
    signal_uv = noise_uv(2, 20, 200, seed=4)
    source: Any = tmp_path / "a.edf"
    if kind == "raw":
        info = mne.create_info(["Fp1", "Cz"], 200.0, "eeg")
        source = mne.io.RawArray(signal_uv, info, verbose=False)
    else:
        steps = np.rint(signal_uv * 10).astype(int)
        limits = ("-3276.8", "3276.7", "-32768", "32767")
        rows = [Signal(s, n, "V", limits) for s, n in zip(steps, ("Fp1", "Cz"), strict=True)]
        source.write_bytes(EdfSpec(rows, 20).bytes())
    cure = "read.scale" if kind == "file" else "multiply by 1e-6"
    with pytest.raises(InputError, match=f"{cure}.*any_size=True"):
        eegssl.embed(encoder, source)
    assert embed_edf(encoder, source, any_size=True).channels == ("Fp1", "Cz")


def test_channels_marked_bad_are_left_out_as_preprocess_does(
    encoder: Encoder, tmp_path: Path
) -> None:
    info = mne.create_info(["Fp1", "Cz", "O2"], 200.0, "eeg")
    raw = mne.io.RawArray(1e-6 * noise_uv(3, 20, 200, seed=4), info, verbose=False)
    raw.info["bads"] = ["Cz"]
    raw.save(tmp_path / "a_raw.fif", verbose=False)
    assert embed_edf(encoder, raw).channels == ("Fp1", "O2")
    assert embed_edf(encoder, tmp_path / "a_raw.fif").channels == ("Fp1", "O2")


def test_what_would_be_lost_of_an_array_is_refused(encoder: Encoder) -> None:
    signal_uv = 20 * np.random.default_rng(0).standard_normal((2, 1000))
    with pytest.raises(InputError, match="got a rate of type str"):
        eegssl.embed(encoder, signal_uv, ["C3", "C4"], "200")  # type: ignore[call-overload]
    with pytest.raises(InputError, match="got C3 twice"):
        eegssl.embed(encoder, signal_uv, ["C3", "EEG C3-REF"], 200)
    with pytest.raises(InputError, match=r"2 of 2 channel names of type bytes_; .*decode"):
        eegssl.embed(encoder, signal_uv, np.array([b"C3", b"C4"]), 200)  # type: ignore[call-overload]
    with pytest.raises(InputError, match="masked array"):
        eegssl.embed(encoder, np.ma.masked_greater(signal_uv, 10), ["C3", "C4"], 200)


def test_a_flat_or_offset_channel_is_no_other_unit(encoder: Encoder) -> None:
    signal_uv = 20 * np.random.default_rng(0).standard_normal((3, 1000)) + 8000
    signal_uv[:2] = 0
    assert eegssl.embed(encoder, signal_uv, ["C3", "C4", "O1"], 200).shape[:2] == (3, 5)


def test_arrays_of_integers_are_embedded_and_of_words_refused(encoder: Encoder) -> None:
    counts = (20 * np.random.default_rng(0).standard_normal((1, 400))).astype(np.int16)
    assert eegssl.embed(encoder, counts, ["C3"], 200).shape[:2] == (1, 2)
    with pytest.raises(InputError, match="expected real numbers"):
        eegssl.embed(encoder, counts.astype(complex), ["C3"], 200)


def test_electrodes_that_it_never_saw_are_told() -> None:
    signal_uv = 20 * np.random.default_rng(0).standard_normal((2, 400))
    trained = build_encoder(TINY.model_copy(update={"electrodes": ("Cz", "Pz")}), seed=0)
    with pytest.warns(UserWarning, match=r"never saw 1 of these electrodes \(AF3\)"):
        eegssl.embed(trained, signal_uv, ["Cz", "AF3"], 200)
