"""Settings come from flags, environment, file, preset and defaults, in this order of weight."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.config import stages
from eegssl.config.resolve import (
    flagged,
    nearest,
    read_matrix,
    read_preset,
    read_task,
    resolve,
)
from eegssl.config.stages import STAGES
from eegssl.errors import ConfigError

NO_ENVIRONMENT: dict[str, str] = {}
FOLDER = Path(stages.__file__).parent / "presets"
PRESETS = sorted(path.stem for path in (*FOLDER.glob("*.toml"), *FOLDER.glob("[co]*/*.toml")))


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("stage", [name for name in STAGES if name != "benchmark"])
def test_without_anything_the_defaults_stand(stage: str) -> None:
    assert resolve(stage, environment=NO_ENVIRONMENT) == STAGES[stage]()


def test_each_source_beats_the_next(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.toml",
        "[pretrain.training]\nsteps = 1\nbatch_size = 1\nlog_every = 1\n",
    )
    environment = {
        "EEGSSL_PRETRAIN__TRAINING__STEPS": "2",
        "EEGSSL_PRETRAIN__TRAINING__BATCH_SIZE": "2",
    }
    flags = ["training.steps=3"]
    found = resolve("pretrain", file=file, sets=flags, environment=environment).training
    assert (found.steps, found.batch_size, found.log_every) == (3, 2, 1)
    demo = read_preset("demo")["pretrain"]["training"]
    whole = resolve(
        "pretrain", presets=["demo"], file=file, sets=flags, environment=environment
    ).training
    assert whole.steps == 3
    assert whole.validate_every == demo["validate_every"]


def test_a_part_of_a_table_leaves_the_rest_as_the_stage_has_it(tmp_path: Path) -> None:
    """Also what the stage sets otherwise than the part's own defaults."""
    file = write(tmp_path / "a.toml", "[finetune.training]\nlr = 1e-4\n")
    plain = resolve("finetune", environment=NO_ENVIRONMENT).training
    found = resolve("finetune", file=file, environment=NO_ENVIRONMENT).training
    assert found == plain.model_copy(update={"lr": 1e-4})
    flag = resolve("finetune", sets=["training.lr=1e-4"], environment=NO_ENVIRONMENT).training
    assert flag == found


def test_a_later_flag_beats_an_earlier_one() -> None:
    sets = ["training.steps=3", "training.steps=4"]
    assert resolve("pretrain", sets=sets, environment=NO_ENVIRONMENT).training.steps == 4


def test_other_stages_of_a_file_are_left_alone(tmp_path: Path) -> None:
    file = write(tmp_path / "a.toml", "[tokenize]\nwindow_s = 3\n[evaluate]\ntraces = 1\n")
    assert resolve("tokenize", file=file, environment=NO_ENVIRONMENT).window_s == 3
    assert resolve("evaluate", file=file, environment=NO_ENVIRONMENT).traces == 1


def test_the_environment_of_another_stage_is_not_ours() -> None:
    environment = {"EEGSSL_TOKENIZE__WINDOW_S": "3", "EEGSSL_DATA": "x", "HOME": "y"}
    found = resolve("pretrain", environment=environment)
    assert found == resolve("pretrain", environment=NO_ENVIRONMENT)


@pytest.mark.parametrize(
    ("stage", "item", "near"),
    [
        ("tokenize", "windows_s=3", "window_s"),
        ("tokenize", "tokenizer.n_code=3", "n_codes"),
        ("pretrain", "training.stpes=3", "steps"),
        ("pretrain", "trianing.steps=3", "training"),
        ("preprocess", "filter.notsh=off", "notch"),
        ("finetune", "adaptation.knid=full", "kind"),
    ],
)
def test_an_unknown_key_names_the_nearest_of_its_table(stage: str, item: str, near: str) -> None:
    for how in (
        {"sets": [item]},
        {"environment": {f"EEGSSL_{stage}__{item}".upper().replace(".", "__").split("=")[0]: "3"}},
    ):
        with pytest.raises(ConfigError, match=f"did you mean '{near}'"):
            resolve(stage, **{"environment": NO_ENVIRONMENT, **how})  # type: ignore[arg-type]


def test_an_unknown_key_in_a_file_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'pretrain'"):
        resolve("tokenize", file=write(tmp_path / "a.toml", "[pretrian]\n"))
    with pytest.raises(ConfigError, match="did you mean 'steps'"):
        resolve("tokenize", file=write(tmp_path / "b.toml", "[tokenize.training]\nstep = 1\n"))


def test_a_preset_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'demo'"):
        resolve("tokenize", presets=["dmeo"])
    with pytest.raises(ConfigError, match=r"there are .*demo"):
        resolve("tokenize", presets=["zzzzzz"])


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_used_by_every_stage(name: str) -> None:
    assert set(read_preset(name)) <= set(STAGES)
    for stage in set(STAGES) - {"benchmark"}:
        resolve(stage, presets=[name], environment=NO_ENVIRONMENT)


@pytest.mark.parametrize(
    "item", ["steps", "=3", "", " =1", "training=3", "training.steps.more=3", "training..steps=3"]
)
def test_what_is_no_key_and_value_is_refused(item: str) -> None:
    with pytest.raises(ConfigError):
        resolve("pretrain", sets=[item], environment=NO_ENVIRONMENT)


def test_flags_name_single_settings() -> None:
    sets = ["seed=1", "training.lr = 1e-3", "training={ steps = 3, betas = [0, 0] }"]
    assert flagged(sets) == ["seed", "training.lr", "training.steps", "training.betas"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("auto", "auto"), ('"auto"', "auto"), ("a=b", "a=b"), ("~/x y", "~/x y")],
)
def test_values_are_toml_where_they_can_be_and_text_else(text: str, value: object) -> None:
    if isinstance(value, int):
        found = resolve("evaluate", sets=[f"traces={text}"], environment=NO_ENVIRONMENT)
        assert found.traces == value
    else:
        found = resolve("preprocess", sets=[f"corpus={text}"], environment=NO_ENVIRONMENT)
        assert found.corpus == value


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("training.steps=many", ("training.steps", "many")),
        ("training.steps=0", ("training.steps", "0")),
        ("training.precision=float16", ("training.precision", "float16")),
        ("masking.ratio=1", ("masking.ratio", "1")),
        ("encoder.heads=3", ("encoder", "3 heads")),
    ],
)
def test_an_impossible_value_says_what_it_got(item: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve("pretrain", sets=[item], environment=NO_ENVIRONMENT)
    assert all(word in str(caught.value) for word in words)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve("pretrain", sets=["training.steps=0", "masking.ratio=2"], environment={})
    assert "training.steps" in str(caught.value)
    assert "masking.ratio" in str(caught.value)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_settings_are_read_or_refused_in_every_encoding_of_windows(
    tmp_path: Path, codec: str
) -> None:
    (tmp_path / "a.toml").write_bytes("[tokenize]\r\nwindow_s = 6.0 # µ\r\n".encode(codec))
    if codec == "utf-16-le":  # nothing says what it is
        with pytest.raises(ConfigError, match=r"a\.toml is no"):
            resolve("tokenize", file=tmp_path / "a.toml", environment={})
        return
    assert resolve("tokenize", file=tmp_path / "a.toml", environment={}).window_s == 6.0


@pytest.mark.parametrize("text", ["[tokenize", "a = = 1", "\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"a\.toml"):
        resolve("tokenize", file=tmp_path / "a.toml")
    with pytest.raises(ConfigError, match=r"b\.toml"):
        resolve("tokenize", file=tmp_path / "b.toml")


def test_numbers_of_thousands_of_digits_are_refused_in_our_words(tmp_path: Path) -> None:
    digits = "9" * 6000
    (tmp_path / "c.toml").write_text(f"[preprocess.look]\nrecordings = {digits}\n")
    for more in ({"file": tmp_path / "c.toml"}, {"sets": [f"look.recordings={digits}"]}):
        with pytest.raises(ConfigError, match="a number has thousands of digits"):
            resolve("preprocess", **more)


def test_a_stage_of_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        resolve("tokenize", file=write(tmp_path / "a.toml", "tokenize = 3\n"))


MATRIX = """
recordings = ["r"]
[encoders.ours]
path = "e"
[tasks.seizure]
task = "seizure-detection"
"""


def test_a_matrix_beats_preset_and_file_and_is_beaten_by_flags(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.toml",
        "[finetune.training]\nsteps = 1\nbatch_size = 1\n[benchmark]\nseeds = [5]\n",
    )
    matrix = write(tmp_path / "m.toml", MATRIX + "[finetune.training]\nsteps = 2\n")
    found = read_matrix(matrix, file=file, sets=["finetune.training.lr=1e-5"])
    assert found.seeds == (5,)
    training = found.finetune.training
    assert (training.steps, training.batch_size, training.lr) == (2, 1, 1e-5)


@pytest.mark.parametrize("missing", ['recordings = ["r"]', '[encoders.ours]\npath = "e"'])
def test_a_matrix_without_a_part_says_which(tmp_path: Path, missing: str) -> None:
    matrix = write(tmp_path / "m.toml", MATRIX.replace(missing, ""))
    with pytest.raises(ConfigError, match=missing.strip("[").split()[0].split(".")[0]):
        read_matrix(matrix)


def test_a_task_of_the_package_is_found_by_name() -> None:
    task = read_task("seizure-detection", {"window_s": 2.0})
    assert (task.name, task.window_s) == ("seizure-detection", 2.0)
    assert task.classes == ("background", "seizure")
    with pytest.raises(ConfigError, match="'seizure-detection'"):
        read_task("seizure_detection", {})
    with pytest.raises(ConfigError, match="'window_s'"):
        read_task("seizure-detection", {"windows_s": 2.0})


def test_what_is_wrong_with_a_task_is_said_in_words(tmp_path: Path) -> None:
    text = 'name = "t"\nlabels = "table"\ntable = "Jane Doe.tsv"\nclasses = ["a", "a"]\n'
    file = str(write(tmp_path / "t.toml", text))
    with pytest.raises(ConfigError) as caught:
        read_task(file, {})
    said = str(caught.value)
    assert said == f"the task {file}: a class is named twice: ('a', 'a')"
    with pytest.raises(ConfigError, match=r"t\.toml has no 'clases'; did you mean 'classes'"):
        read_task(str(write(tmp_path / "t.toml", text + 'clases = ["a"]\n')), {})
    with pytest.raises(ConfigError, match="the settings of tokenize have no 'windows_s'"):
        resolve("tokenize", sets=["windows_s=3"], environment=NO_ENVIRONMENT)
    with pytest.raises(ConfigError) as caught:
        resolve("finetune", sets=['training.lr={table = "Jane Doe"}'], environment=NO_ENVIRONMENT)
    assert "training.lr" in str(caught.value)
    assert "Doe" not in str(caught.value)


def test_a_table_is_sought_beside_the_task_of_the_user(tmp_path: Path) -> None:
    text = 'name = "t"\nlabels = "table"\nclasses = ["a", "b"]\ntable = "{}"\n'
    near = read_task(str(write(tmp_path / "t.toml", text.format("l.tsv"))), {})
    assert near.table == str(tmp_path / "l.tsv")
    far = read_task(str(write(tmp_path / "u.toml", text.format("/far/l.tsv"))), {})
    assert far.table == "/far/l.tsv"


@given(st.lists(st.sampled_from("abcde"), min_size=3).map("".join), st.integers(0, 2))
def test_one_letter_wrong_still_finds_the_word(word: str, place: int) -> None:
    wrong = word[:place] + "_" + word[place + 1 :]
    if len(word) >= 4:
        assert nearest(wrong, [word, "entirely-else"]) == f"; did you mean {word!r}?"
    assert nearest("zzzz", [word]) == f"; there are {word}"
    assert nearest("zzzz", []) == ""


@given(value=st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_toml_value_arrives_as_toml_reads_it(value: object) -> None:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    wanted = tomllib.loads(f"x = {text}")["x"]
    found = resolve("finetune", sets=[f"task.anything={text}"], environment=NO_ENVIRONMENT)
    assert found.task == {"anything": wanted}


DEEP = {
    "lists": "x = " + "[" * 5000 + "]" * 5000,
    "lists of some depth": "x = " + "[" * 60 + "]" * 60,
    "keys": ".".join(["a"] * 5000) + " = 1",
    "keys of a table": "[finetune]\n" + ".".join(["a"] * 5000) + " = 1",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_a_file_that_is_nested_without_end_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(f"{text}\n")
    readers: list[Callable[[], object]] = [
        lambda: resolve("finetune", file=path, environment={}),
        lambda: read_task(str(path), {}),
        lambda: read_matrix(path),
    ]
    for read in readers:
        with pytest.raises(ConfigError, match="nested"):
            read()


@pytest.mark.parametrize("item", ["a=" + "[" * 5000 + "]" * 5000, ".".join("a" * 5000) + "=1"])
def test_a_flag_or_variable_that_is_nested_without_end_is_refused(item: str) -> None:
    with pytest.raises(ConfigError, match=r"nested|5000 parts"):
        resolve("finetune", sets=[item], environment={})
    key, value = item.split("=")
    name = "EEGSSL_FINETUNE__" + key.upper().replace(".", "__")
    with pytest.raises(ConfigError, match=r"nested|5000 parts"):
        resolve("finetune", environment={name: value})
