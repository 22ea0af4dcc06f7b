"""The teacher: first a copy, then a moving average, without gradients or parameters."""

import torch
from smallencoders import given, small

from eegssl.objectives.latents.teacher import Teacher


def test_it_has_no_parameters_and_embeds_as_the_encoder_it_was_made_of() -> None:
    encoder = small(dropout=0.5, summary=True)
    teacher = Teacher(encoder, 0.9).train()
    assert not list(teacher.parameters())
    signal_uv, placed, _ = given()
    output = teacher.encoder(signal_uv, *placed)
    torch.testing.assert_close(output, encoder(signal_uv, *placed))  # which is in inference
    assert not output.requires_grad


def test_the_first_update_copies_and_later_ones_average() -> None:
    encoder, other = small(), small()
    teacher = Teacher(encoder, 0.9)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(torch.randn_like(parameter))
    teacher.follow(other)
    weights = dict(teacher.encoder.named_buffers())
    first = {name: parameter.clone() for name, parameter in other.named_parameters()}
    for name, parameter in first.items():
        assert torch.equal(weights[name], parameter), name
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(2)
    teacher.follow(other)
    for name, parameter in first.items():
        expected = 0.9 * parameter + 0.1 * 2 * parameter
        torch.testing.assert_close(weights[name], expected, msg=name)
    for name, buffer in encoder.named_buffers():
        assert torch.equal(weights[name], buffer), name


def test_its_state_can_be_stored_and_read() -> None:
    teacher = Teacher(small(), 0.5)
    teacher.follow(small(summary=False))
    again = Teacher(small(), 0.5)
    again.load_state_dict(teacher.state_dict())
    for teaching in (teacher, again):
        teaching.follow(small())
    for one, other in zip(teacher.buffers(), again.buffers(), strict=True):
        assert torch.equal(one, other)
