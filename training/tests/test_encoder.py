"""The encoder and its training batches."""

from pathlib import Path

import numpy as np
import pytest
import torch

from backend.avatar.mel import mel_windows, windows_at
from training import encoder


@pytest.fixture
def strip(tmp_path: Path) -> "encoder.Strip":
    rng = np.random.default_rng(0)
    mel = rng.uniform(-4, 4, (80, 500)).astype(np.float16)
    controls = rng.uniform(0, 1, (500, 8)).astype(np.float16)
    np.savez(tmp_path / "speech.npz", mel=mel, controls=controls)
    return encoder.Strip.load(tmp_path / "speech.npz")


def test_size_and_shape() -> None:
    net = encoder.Encoder().eval()
    assert sum(p.numel() for p in net.parameters()) < 300_000
    controls = net(torch.zeros(3, 1, 80, 16)).detach()
    assert controls.shape == (3, 8)
    assert 0 < float(controls.min()) <= float(controls.max()) < 1


def test_batches_hear_what_the_service_hears(strip: "encoder.Strip") -> None:
    moments = torch.tensor([100, 256])
    windows, controls = strip.batch(moments)
    mel = strip.mel.numpy().T.astype(np.float32)
    starts = moments.numpy() - encoder.MEL_LEAD_FRAMES
    np.testing.assert_array_equal(windows.numpy(), windows_at(mel, starts))
    frame = mel_windows(mel, 100, encoder.MEL_LEAD_FRAMES)[80]
    np.testing.assert_array_equal(windows[1].numpy(), frame)
    np.testing.assert_array_equal(controls[0].numpy(), strip.controls[100].float().numpy())


def test_odds_keep_off_the_edges_and_favour_closures(strip: "encoder.Strip") -> None:
    strip.controls[:, 6] = 0
    strip.controls[300, 6] = 1
    odds = strip.odds()
    chance = torch.diff(odds, prepend=torch.zeros(1))
    assert float(odds[-1]) == pytest.approx(1)
    assert float(chance[:16].sum()) == float(chance[-16:].sum()) == 0
    assert float(chance[300]) == pytest.approx(2 * float(chance[301]))


def test_augmentation_keeps_range_and_most_silence() -> None:
    torch.manual_seed(0)
    loud = encoder.augment(torch.rand(64, 1, 80, 16) * 8 - 4)
    assert loud.shape == (64, 1, 80, 16)
    assert -4 <= float(loud.min()) <= float(loud.max()) <= 4
    silent = encoder.augment(torch.full((64, 1, 80, 16), -4.0))
    assert float((silent == -4).float().mean()) > 0.4
    assert float(silent.mean()) < -3


def test_training_learns_and_leaves_a_checkpoint(strip: "encoder.Strip", tmp_path: Path) -> None:
    strip.controls[:] = 0.5
    torch.set_num_threads(1)
    net = encoder.train(strip, minutes=0.03, checkpoint=tmp_path / "encoder.pt")
    windows, wanted = strip.batch(torch.arange(100, 120))
    with torch.no_grad():
        assert float((net(windows) - wanted).abs().mean()) < 0.1
        restored = encoder.load(tmp_path / "encoder.pt")
        np.testing.assert_array_equal(restored(windows).numpy(), net(windows).numpy())
