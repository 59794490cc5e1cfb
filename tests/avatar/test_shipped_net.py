"""The files in models/onnx: their contract, and a mouth that does what it must."""

import json
from pathlib import Path

import numpy as np
import pytest

from backend.avatar.lips import mouth
from backend.avatar.lips.mel import SAMPLE_RATE_HZ
from backend.avatar.mouths.lipsync import FACE_SHAPE, ControlledLipSync, load_lipsync
from backend.avatar.network import Contract
from backend.handlers.tts.espeak_native import Manner, espeak

MODELS = Path(__file__).parents[2] / "models" / "onnx"
CARD = MODELS / "lightlips.json"
DECODER = Contract(((6, 96, 96), (8,)), (3, 96, 96), "the contract's drawing half")
ENCODER = Contract(((1, 80, 16),), (8,), "the contract's hearing half")
JAW, PRESS = mouth.CONTROLS.index("jaw"), mouth.CONTROLS.index("press")


@pytest.fixture(scope="module")
def net() -> ControlledLipSync:
    loaded = load_lipsync(CARD)
    assert isinstance(loaded, ControlledLipSync)
    return loaded


def controls_of(net: ControlledLipSync, text: str, voice: str) -> np.ndarray:
    utterance = espeak().speak(text, Manner(voice))
    seconds = len(utterance.pcm) / utterance.rate_hz
    moments = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ * utterance.rate_hz
    pcm = np.interp(moments, np.arange(len(utterance.pcm)), utterance.pcm) / 32768
    return net.hear(pcm.astype(np.float32))


def test_card_names_what_is_there() -> None:
    card = json.loads(CARD.read_text(encoding="utf-8"))
    assert tuple(card["controls"]) == mouth.CONTROLS
    assert card["licence"] == "Apache-2.0"
    for name, about in card["files"].items():
        assert (MODELS / name).stat().st_size == about["bytes"] <= 8_000_000


@pytest.mark.parametrize("frames", [1, 5])
def test_contract(net: ControlledLipSync, frames: int) -> None:
    rng = np.random.default_rng(frames)
    face = rng.uniform(0, 1, (frames, *FACE_SHAPE)).astype(np.float32)
    face[:, :3, 48:] = 0
    picture = net.draw(face, rng.uniform(0, 1, (frames, 8)).astype(np.float32))
    assert picture.shape == (frames, 3, 96, 96)
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture[:, :, :48], face[:, :3, :48], atol=1e-6)


@pytest.mark.parametrize("noise_db", [-200, -60])
def test_mouth_is_still_when_nobody_speaks(net: ControlledLipSync, noise_db: float) -> None:
    noise = np.random.default_rng(1).normal(0, 10 ** (noise_db / 20), 2 * SAMPLE_RATE_HZ)
    assert (net.hear(noise.astype(np.float32)) == 0).all()


@pytest.mark.parametrize(("voice", "vowels"), [("en-us", "Ah, ah, ah."), ("cmn", "啊，啊，啊。")])
def test_open_vowels_open_and_never_close(net: ControlledLipSync, voice: str, vowels: str) -> None:
    controls = controls_of(net, vowels, voice)
    assert controls[:, JAW].max() > 0.3
    assert controls[:, PRESS].max() < 0.5


@pytest.mark.parametrize(
    ("voice", "text", "closures"),
    [("en-us", "Maybe Bob made a map.", 6), ("cmn", "爸爸买面包。", 5)],
)
def test_lips_meet_on_p_b_m(net: ControlledLipSync, voice: str, text: str, closures: int) -> None:
    shut = controls_of(net, text, voice)[:, PRESS] > 0.9
    runs = int((np.diff(shut.astype(int), prepend=0) == 1).sum())
    assert closures - 1 <= runs <= closures + 1
    assert shut.mean() < 0.6


def test_controls_are_calm(net: ControlledLipSync) -> None:
    controls = controls_of(net, "She sells warm red jumpers by the harbour.", "en-us")
    open_controls = np.delete(controls, PRESS, axis=1)
    assert np.abs(np.diff(open_controls, axis=0)).mean() < 0.06
    assert controls[-1].max() < 0.1
