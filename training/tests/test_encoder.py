"""The encoder and its training batches."""

from pathlib import Path

import numpy as np
import pytest
import torch

from backend.avatar.lips.mel import windows_at
from training import encoder


@pytest.fixture
def speech(tmp_path: Path) -> "encoder.Speech":
    rng = np.random.default_rng(0)
    mel, phones = rng.uniform(-4, 4, (500, 80)), rng.uniform(-8, 0, (500, 42))
    sound = np.hstack([mel, phones]).astype(np.float16)
    controls = rng.uniform(0, 1, (500, 8)).astype(np.float16)
    np.savez(tmp_path / "voice-00.0.npz", sound=sound, controls=controls)
    return encoder.Speech.load(tmp_path)


@pytest.mark.parametrize("narrow", [False, True])
def test_size_and_shape(narrow: bool) -> None:
    net = encoder.Encoder(narrow).eval()
    assert sum(p.numel() for p in net.parameters()) < 500_000
    controls = net(torch.zeros(3, 1, 122, 40)).detach()
    assert controls.shape == (3, 8)
    assert 0 < float(controls.min()) <= float(controls.max()) < 1


@pytest.mark.parametrize("narrow", [False, True])
def test_a_stretch_gives_what_its_windows_give(narrow: bool) -> None:
    net = encoder.Encoder(narrow).eval()
    stretch = torch.rand(2, 1, 122, 60) * 8 - 4
    with torch.no_grad():
        along = torch.sigmoid(net.raw(stretch))
        alone = [net(stretch[..., k : k + 40]) for k in range(21)]
    np.testing.assert_allclose(along, torch.stack(alone, -1), atol=1e-6)


def test_a_narrow_one_hears_only_the_end_of_its_window() -> None:
    net, sound = encoder.Encoder(narrow=True).eval(), torch.zeros(1, 1, 122, 40)
    deaf = sound.clone()
    deaf[:, :, :, :24] = deaf[:, :, 80:] = 3.0
    np.testing.assert_array_equal(net(sound).detach(), net(deaf).detach())


def test_batches_hear_what_the_service_hears(speech: "encoder.Speech") -> None:
    stretches, controls = speech.batch(torch.tensor([100, 250]))
    sound = speech.sound.numpy().T.astype(np.float32)
    windows = windows_at(sound, np.array([100, 250]), encoder.WINDOW.columns)
    np.testing.assert_array_equal(stretches[..., :40].numpy(), windows)
    np.testing.assert_array_equal(controls[1, :, 0], speech.controls[280].float())


def test_augmentation_keeps_range_and_hardly_fills_silence() -> None:
    torch.manual_seed(0)
    mel, phones = torch.rand(64, 1, 80, 40) * 8 - 4, torch.rand(64, 1, 42, 40) * -8
    loud = encoder.augment(torch.cat([mel, phones], 2))
    assert loud.shape == (64, 1, 122, 40)
    assert -4 <= float(loud[:, :, :80].min()) <= float(loud[:, :, :80].max()) <= 4
    assert -8 <= float(loud[:, :, 80:].min()) <= float(loud[:, :, 80:].max()) <= 0
    silent = encoder.augment(torch.cat([torch.full_like(mel, -4.0), phones], 2))[:, :, :80]
    assert float((silent == -4).float().mean()) > 0.3
    assert float(silent.mean()) < -3


def test_the_first_fifth_stays_as_it_was() -> None:
    sound = torch.rand(5, 1, 122, 63) * -4
    np.testing.assert_array_equal(encoder.augment(sound)[:1], sound[:1])


def test_the_truth_costs_least() -> None:
    wanted = torch.rand(4, 8, 20) * 0.9 + 0.05
    truth = torch.logit(wanted)
    cost = encoder.loss_of(truth, wanted)
    for wrong in (truth + 0.1, truth.roll(1, -1), truth * 0.9):
        assert encoder.loss_of(wrong, wanted) > cost


def test_training_learns_and_leaves_a_checkpoint(speech: "encoder.Speech", tmp_path: Path) -> None:
    speech.controls[:] = 0.5
    torch.set_num_threads(1)
    net = encoder.train(speech, minutes=0.2, checkpoint=tmp_path / "encoder.pt")
    stretches, wanted = speech.batch(torch.arange(100, 120))
    with torch.no_grad():
        controls = net(stretches[..., :40])
        assert float((controls - wanted[..., 0]).abs().mean()) < 0.1
        restored = encoder.load(tmp_path / "encoder.pt")
        np.testing.assert_array_equal(restored(stretches[..., :40]).numpy(), controls.numpy())
