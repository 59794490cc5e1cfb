"""The encoder and its training batches."""

from pathlib import Path

import numpy as np
import pytest
import torch

from backend.avatar.mel import mel_windows, windows_at
from training import encoder


@pytest.fixture
def speech(tmp_path: Path) -> "encoder.Speech":
    rng = np.random.default_rng(0)
    mel = rng.uniform(-4, 4, (500, 80)).astype(np.float16)
    controls = rng.uniform(0, 1, (500, 8)).astype(np.float16)
    np.savez(tmp_path / "voice-00.0.npz", mel=mel, controls=controls)
    return encoder.Speech.load(tmp_path)


def test_size_and_shape() -> None:
    net = encoder.Encoder().eval()
    assert sum(p.numel() for p in net.parameters()) < 400_000
    controls = net(torch.zeros(3, 1, 80, 16)).detach()
    assert controls.shape == (3, 8)
    assert 0 < float(controls.min()) <= float(controls.max()) < 1


def test_a_stretch_gives_what_its_windows_give() -> None:
    net = encoder.Encoder().eval()
    stretch = torch.rand(2, 1, 80, 40) * 8 - 4
    with torch.no_grad():
        along = torch.sigmoid(net.raw(stretch))
        alone = [net(stretch[..., k : k + 16]) for k in range(25)]
    np.testing.assert_allclose(along, torch.stack(alone, -1), atol=1e-6)


def test_batches_hear_what_the_service_hears(speech: "encoder.Speech") -> None:
    stretches, controls = speech.batch(torch.tensor([100, 250]))
    mel = speech.mel.numpy().T.astype(np.float32)
    first_windows = windows_at(mel, np.array([100, 250]))
    np.testing.assert_array_equal(stretches[..., :16].numpy(), first_windows)
    frame = mel_windows(mel, 100, encoder.MEL_LEAD_FRAMES)[80]
    np.testing.assert_array_equal(stretches[1, :, :, :16].numpy(), frame)
    np.testing.assert_array_equal(controls[1, :, 0], speech.controls[256].float())


def test_augmentation_keeps_range_and_hardly_fills_silence() -> None:
    torch.manual_seed(0)
    loud = encoder.augment(torch.rand(64, 1, 80, 16) * 8 - 4)
    assert loud.shape == (64, 1, 80, 16)
    assert -4 <= float(loud.min()) <= float(loud.max()) <= 4
    silent = encoder.augment(torch.full((64, 1, 80, 16), -4.0))
    assert float((silent == -4).float().mean()) > 0.3
    assert float(silent.mean()) < -3


def test_augmentation_takes_whole_stretches() -> None:
    assert encoder.augment(torch.zeros(5, 1, 80, 63)).shape == (5, 1, 80, 63)


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
        controls = net(stretches[..., :16])
        assert float((controls - wanted[..., 0]).abs().mean()) < 0.1
        restored = encoder.load(tmp_path / "encoder.pt")
        np.testing.assert_array_equal(restored(stretches[..., :16]).numpy(), controls.numpy())
