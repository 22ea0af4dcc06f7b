"""The page about clusters holds what ``bench/scaling.py`` prints."""

from pathlib import Path

import pytest
import scaling

PAGE = Path(__file__).parents[3] / "docs/cluster.md"


@pytest.mark.slow
def test_every_number_of_the_page_is_printed_by_the_script() -> None:
    assert PAGE.read_text("utf-8").endswith(f"\n\n{scaling.page()}\n")


def test_gradients_are_exchanged_in_float32_once() -> None:
    model = scaling.model_of("epilepsyfm")
    assert model.gradient_bytes == 4 * model.parameters


def test_rings_send_all_but_one_share_each_way() -> None:
    eight, many = scaling.rings(8e9, 8), scaling.rings(8e9, 512)
    assert eight.n_bytes == 7e9
    assert eight.seconds == 7e9 / 450e9 + 3 * 20e-6
    assert many.n_bytes == 8e9 * 511 / 512
    assert many.seconds > eight.seconds
