"""What is exported computes what was trained."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from backend.avatar.lips.listener import load_controls_listener
from training import encoder, export


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "encoder.0.pt"
    torch.save(encoder.Encoder().eval().state_dict(), path)
    return path


def run(path: Path, **inputs: np.ndarray) -> np.ndarray:
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, inputs)[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the decoder, which stays as it was shipped."""
    (tmp_path / "models").mkdir()
    shutil.copy(export.MODELS / "lightlips.decoder.onnx", tmp_path / "models")
    return tmp_path / "models"


def test_a_choir_says_the_mean(folder: Path, checkpoint: Path, tmp_path: Path) -> None:
    sound = np.random.default_rng(0).uniform(-4, 0, (1, 1, 122, 52)).astype(np.float32)
    narrow = tmp_path / "encoder.1.pt"
    torch.save(encoder.Encoder(narrow=True).eval().state_dict(), narrow)
    export.export([checkpoint, narrow], folder)
    together = run(folder / "lightlips.hearing.onnx", sound=sound)
    assert together.shape == (1, 8, 13)
    last = torch.from_numpy(sound[..., -40:])
    with torch.no_grad():
        said = [encoder.load(path)(last).numpy() for path in (checkpoint, narrow)]
    np.testing.assert_allclose(together[..., -1], np.mean(said, axis=0), atol=1e-3)


def test_a_half_that_was_not_made_anew_stays(folder: Path, checkpoint: Path) -> None:
    export.export([checkpoint], folder)
    drawing = (folder / "lightlips.decoder.onnx").read_bytes()
    export.export([], folder)
    assert (folder / "lightlips.decoder.onnx").read_bytes() == drawing
    card = json.loads((folder / "lightlips.json").read_text())
    assert card["hearing"] == {"lead_columns": 30, "columns": 40}


def test_what_is_exported_is_what_the_service_loads(folder: Path, checkpoint: Path) -> None:
    export.export([checkpoint], folder)
    listener = load_controls_listener(folder / "lightlips.json")
    assert listener.window == encoder.WINDOW
    assert listener.hear(np.zeros(16_000, np.float32)).shape == (25, 8)
