"""What is exported computes what was trained."""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from training import decoder, encoder, export


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "encoder.0.pt"
    torch.save(encoder.Encoder().eval().state_dict(), path)
    return path


def run(path: Path, **inputs: np.ndarray) -> np.ndarray:
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, inputs)[0]


def test_a_choir_says_the_mean_and_is_joined_to_the_pen(tmp_path: Path, checkpoint: Path) -> None:
    rng = np.random.default_rng(0)
    mel = rng.uniform(-4, 4, (3, 1, 80, 16)).astype(np.float32)
    face = rng.uniform(0, 1, (3, 6, 96, 96)).astype(np.float32)
    export.export([checkpoint, encoder.FIRST_RELEASE], decoder.Decoder().eval(), tmp_path)
    with torch.no_grad():
        one = encoder.load(checkpoint)(torch.from_numpy(mel)).numpy()
    other = run(encoder.FIRST_RELEASE, mel=mel)
    said = run(tmp_path / "lightlips.encoder.onnx", mel=mel)
    np.testing.assert_allclose(said, (one + other) / 2, atol=1e-5)
    drawn = run(tmp_path / "lightlips.decoder.onnx", face=face, controls=said)
    joined = run(tmp_path / "lightlips.onnx", mel=mel, face=face)
    np.testing.assert_allclose(joined, drawn, atol=1e-5)


def test_a_half_that_was_not_made_anew_stays(tmp_path: Path, checkpoint: Path) -> None:
    export.export([checkpoint], decoder.Decoder().eval(), tmp_path)
    drawing = (tmp_path / "lightlips.decoder.onnx").read_bytes()
    export.export([checkpoint], None, tmp_path)
    assert (tmp_path / "lightlips.decoder.onnx").read_bytes() == drawing
    card = json.loads((tmp_path / "lightlips.json").read_text())
    assert card["mel_lead_frames"] == encoder.MEL_LEAD_FRAMES
