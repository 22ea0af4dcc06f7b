"""Before/after pages: self-contained, true to their numbers, the same bytes every time."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from eegssl.corpus.preprocessing.clips import Clip, write_clip
from eegssl.reports.html import CONTENT_SECURITY_POLICY
from eegssl.reports.quality.quality_figures import before_and_after, flag_strip, spectra, worst_flag
from eegssl.reports.quality.quality_pages import draw_page, write_index
from eegssl.signal.quality import FLAGS

RUDE = "<script>alert('x')</script>"
FACTS = {
    "recordings": 2,
    "refused": 3,
    "hours": 1.5,
    "refused_by_code": {"header": 1, "not-edf": 2},
    "events": {"sz": 7},
    "line_hz": {"50.0": 1, "None": 1},
}


def clip(name: str = "r-000000000001", line_hz: float | None = 50.0) -> Clip:
    """Ten seconds of noise with hum, at 256 Hz before and without it at 200 Hz after."""
    rng = np.random.default_rng(0)
    t = np.arange(2560) / 256
    before_uv = 20 * rng.standard_normal((4, 2560)) + 50 * np.sin(2 * np.pi * 50 * t)
    flags = np.zeros((4, 60), np.uint8)
    flags[1, :30] = FLAGS["line_noise"]
    flags[3, 7] = FLAGS["flat"] | FLAGS["pop"]
    freqs = np.linspace(0, 128, 513), np.linspace(0, 100, 401)
    return Clip(
        recording=name,
        subject="s-00000000000a",
        seconds=60.0,
        onset_s=12.0,
        before_names=("Fp1-F7", "F7-T7", "T7-P7", "P7-O1"),
        before_uv=before_uv.astype(np.float32),
        before_sfreq_hz=256.0,
        after_names=("Fp1-F7", "F7-T7", "P7-O1"),
        after_uv=(15 * rng.standard_normal((3, 2000))).astype(np.float32),
        after_sfreq_hz=200.0,
        before_psd=np.float32(rng.chisquare(8, (4, 513))),
        before_freqs_hz=freqs[0],
        after_psd=np.float32(rng.chisquare(8, (3, 401))),
        after_freqs_hz=freqs[1],
        line_hz=line_hz,
        band_hz=(0.5, 70.0),
        flags=flags,
        events=((14.0, 100.0, "sz"), (13.0, 0.0, "bckg")),
    )


def write_quality_pages(out: Path, clips: Sequence[Clip], facts: dict[str, Any]) -> list[Path]:
    pages = []
    with TemporaryDirectory() as folder:
        for shown in clips:
            kept = Path(folder, "clip.npz")
            write_clip(kept, shown)
            pages.append(draw_page(out, kept, facts))
    return [*pages, write_index(out, clips, facts)]


def test_pages_load_nothing_and_run_nothing(tmp_path: Path) -> None:
    written = write_quality_pages(tmp_path, [clip(), clip("r-000000000002", None)], FACTS)
    assert {p.relative_to(tmp_path).as_posix() for p in written} == {
        "look/index.html",
        "look/r-000000000001.html",
        "look/r-000000000002.html",
    }
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(written)
    for path in written:
        html = path.read_text()
        assert CONTENT_SECURITY_POLICY.replace("'", "&#39;") in html
        assert "<script" not in html
        assert not re.search(r"https?://", html)
        sources = re.findall(r'(?:src|href)="([^"]*)"', html)
        allowed = re.compile(r"data:image/.*|[\w-]+\.html|#[\w-]+", re.DOTALL)
        assert all(allowed.fullmatch(source) for source in sources)


def test_the_same_excerpts_give_the_same_bytes(tmp_path: Path) -> None:
    first = [p.read_bytes() for p in write_quality_pages(tmp_path / "a", [clip()], FACTS)]
    again = [p.read_bytes() for p in write_quality_pages(tmp_path / "b", [clip()], FACTS)]
    assert first == again


@pytest.mark.usefixtures("undrawn")
def test_the_index_lists_and_links_every_recording_and_why_files_were_refused(
    tmp_path: Path,
) -> None:
    write_quality_pages(tmp_path, [clip("r-000000000002"), clip()], FACTS)
    html = (tmp_path / "look" / "index.html").read_text()
    links = [link for link in re.findall(r'href="([^"]+)"', html) if not link.startswith("#")]
    assert links == ["r-000000000001.html", "r-000000000002.html"]
    row = html[html.index(links[0]) : html.index(links[1])]
    for cell in ("s-00000000000a", "3 of 4", "50 Hz", "1.0 min", "12.9%", ">1<"):
        assert cell in row
    told = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", html)
    assert {("not-edf", "2"), ("header", "1"), ("sz", "7"), ("none found", "1")} <= set(told)
    assert told.index(("not-edf", "2")) < told.index(("header", "1"))
    assert {("Files refused", "3"), ("Hours", "1.5"), ("50", "1")} <= set(told)


def test_a_corpus_of_which_nothing_is_drawn_still_has_an_index(tmp_path: Path) -> None:
    (index,) = write_quality_pages(tmp_path, [], {})
    assert "No recording was chosen" in index.read_text()


def test_the_index_says_what_to_look_into(tmp_path: Path) -> None:
    row = {"n": 3, "text": "recording(s) are odd", "cure": "set odd=no", "ids": ["r-1", "r-2"]}
    (index,) = write_quality_pages(tmp_path, [], {"concerns": {"odd": row}})
    page = re.sub("<[^>]*>", "", index.read_text())
    for part in ("What to look into", "3 recording(s) are odd", "r-1, r-2", "set odd=no"):
        assert part in page
    (index,) = write_quality_pages(tmp_path, [], {"concerns": {}})
    assert "What to look into" not in index.read_text()


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", ["r-000000000001", "r-000000000001-2", "r-000000000002"])
def test_a_page_says_first_what_is_odd_of_its_recording(tmp_path: Path, name: str) -> None:
    row = {"n": 3, "text": "recording(s) are odd", "cure": "set odd=no", "ids": ["r-000000000001"]}
    page = write_quality_pages(tmp_path, [clip(name)], {"concerns": {"odd": row}})[0].read_text()
    assert ("One of these: recording(s) are odd" in page) == (name != "r-000000000002")
    if name != "r-000000000002":
        assert page.index("set odd=no") < page.index("Traces")


@pytest.mark.usefixtures("undrawn")
def test_a_page_tells_what_became_of_each_channel(tmp_path: Path) -> None:
    page = write_quality_pages(tmp_path, [clip()], {"synthetic": True})[0].read_text()
    assert "Synthetic data" in page
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    texts = ([re.sub("<[^>]+>", "", c) for c in re.findall("<td.*?</td>", row)] for row in rows)
    cells = {c[0]: c for c in texts if c}
    assert cells["T7-P7"][2] == "not kept"
    assert cells["F7-T7"][6] == "50%"
    assert cells["P7-O1"][3] == cells["P7-O1"][7] == "2%"
    rms_uv = float(np.std(clip().before_uv[0]))
    assert cells["Fp1-F7"][1] == f"{rms_uv:.1f}"


@pytest.mark.usefixtures("undrawn")
def test_background_is_no_mark(tmp_path: Path) -> None:
    calm = replace(clip(), events=((0.0, 60.0, "bckg"),))
    page, index = (p.read_text() for p in write_quality_pages(tmp_path, [calm], {}))
    assert re.search(r"<dt>Events</dt><dd>none</dd>", page)
    assert ">0<" in index


@pytest.mark.usefixtures("undrawn")
def test_every_text_is_escaped(tmp_path: Path) -> None:
    rude = replace(
        clip(),
        subject=RUDE,
        before_names=(RUDE, "a", "b", "c"),
        after_names=("a", "b", RUDE),
        events=((0.0, 1.0, RUDE),),
    )
    for path in write_quality_pages(tmp_path, [rude], {"refused_by_code": {RUDE: 1}}):
        assert "<script" not in path.read_text()


@pytest.mark.parametrize("change", ["no spectra", "no flags", "not finite", "one sample", "zeros"])
def test_poor_recordings_have_pages_too(change: str, tmp_path: Path) -> None:
    e = clip()
    broken = e.before_uv.copy()
    broken[0, 5] = np.nan
    broken[1] = np.inf
    none = np.zeros(0), np.zeros((4, 0), np.float32)
    changed = {
        "no spectra": {
            "before_freqs_hz": none[0],
            "before_psd": none[1],
            "after_freqs_hz": none[0],
            "after_psd": none[1],
        },
        "no flags": {"flags": np.zeros((4, 0), np.uint8)},
        "not finite": {"before_uv": broken, "before_psd": np.full_like(e.before_psd, np.nan)},
        "one sample": {"before_uv": e.before_uv[:, :1], "after_uv": e.after_uv[:, :1]},
        "zeros": {"after_uv": np.zeros_like(e.after_uv), "after_psd": np.zeros_like(e.after_psd)},
    }[change]
    page, _ = write_quality_pages(tmp_path, [replace(e, **changed)], {})
    assert page.read_text().count("<figure>") == (2 if change == "no flags" else 3)


def test_both_traces_share_time_and_gain_and_events_are_shaded() -> None:
    e = clip()
    figure = before_and_after(
        *(e.before_uv, e.before_names, 256.0, e.after_uv, e.after_names, 200.0, e.onset_s),
        [(14.0, 100.0, "sz")],
    )
    below, above = figure.axes
    assert above.get_xlim() == below.get_xlim() == (12.0, 22.0)
    bars = {text.get_text() for ax in figure.axes for text in ax.texts}
    assert len(bars) == 1
    assert "µV" in bars.pop()
    for ax, signal_uv, n in ((above, e.before_uv, 4), (below, e.after_uv, 3)):
        lines = [line for line in ax.lines if len(line.get_xdata()) > 2]
        assert len(lines) == n
        drawn = lines[0].get_ydata()
        gain = (signal_uv[0].max() - signal_uv[0].min()) / (drawn.max() - drawn.min())
        assert gain == pytest.approx(100, rel=0.05)
        assert np.argmax(drawn) == np.argmax(signal_uv[0])  # the axis points down: negative is up
        assert ax.get_ylim()[0] > ax.get_ylim()[1]
        (shade,) = ax.patches
        assert (shade.get_x(), shade.get_x() + shade.get_width()) == (14.0, 22.0)
    colours = {t.get_text(): t.get_color() for t in above.get_yticklabels()}
    assert colours["T7-P7"] != colours["Fp1-F7"]


def test_the_spectra_show_medians_and_where_the_mains_are() -> None:
    e = clip()
    before, after = (e.before_freqs_hz, e.before_psd), (e.after_freqs_hz, e.after_psd)
    figure = spectra(before, after, e.band_hz, 50.0)
    whole, zoom = figure.axes
    drawn = whole.lines[0]
    at = np.isin(e.before_freqs_hz, drawn.get_xdata())
    np.testing.assert_allclose(drawn.get_ydata(), np.median(e.before_psd[:, at], axis=0))
    for ax in (whole, zoom):
        assert any(set(line.get_xdata()) == {50.0} for line in ax.lines)
    assert zoom.get_xlim() == (42.0, 58.0)
    assert len(spectra(before, after, e.band_hz, None).axes) == 1


def test_of_several_flags_the_worst_is_drawn() -> None:
    f = FLAGS
    bits = [0, f["pop"], f["pop"] | f["flat"], f["line_noise"] | f["saturated"], 31]
    assert worst_flag(np.array([bits], np.uint8)).tolist() == [[0, 4, 2, 3, 1]]
    strip = flag_strip(worst_flag(clip().flags), clip().before_names, 60.0, (12.0, 22.0))
    words = [text.get_text() for text in strip.legends[0].get_texts()]
    assert words == ["flat", "line noise", "no flag"]
