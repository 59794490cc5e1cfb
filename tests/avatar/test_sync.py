"""The offset between mouth and sound: found where it was put, and small in what we make."""

from pathlib import Path

import numpy as np
import pytest

from backend.avatar import sync
from backend.avatar.lips.articulation_marks import Uttered
from backend.avatar.lips.listener import load_controls_listener
from backend.avatar.packages.card import DrawnBy
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.renderer import Line, Renderer, RenderOptions
from backend.avatar.sync import Offset, Opening
from backend.config import ROOT
from backend.errors import ConfigError
from backend.handlers.tts.espeak import to_marks, to_pcm
from backend.handlers.tts.espeak_native import Manner, espeak
from backend.protocol import Container

MODEL = ROOT / "models/onnx/lightlips.json"
AVATARS = sorted(path.parent for path in (ROOT / "avatars").glob("*/avatar.json"))
TEXTS = {
    "en-us+f2": "Pam and Bob moved the big piano up the ramp, my friend.",
    "cmn+f2": "妈妈买了一把蓝色的雨伞和八本书。",
}


def spoken(voice: str) -> tuple[np.ndarray, list[Uttered]]:
    utterance = espeak().speak(TEXTS[voice], Manner(voice, 165))
    marks = [mark for mark in to_marks(utterance) if mark.kind == "phoneme"]
    uttered = [Uttered(m.start_ms / 1000, m.end_ms / 1000, m.value) for m in marks]
    return to_pcm(utterance), uttered


def wander(seconds: float) -> Opening:
    """An opening like speech: it changes every few frames."""
    rng = np.random.default_rng(0)
    knots = rng.uniform(0, 1, round(seconds * 8))
    moments = np.arange(round(seconds * 80)) / 80
    return Opening(moments, np.interp(moments, np.arange(len(knots)) / 8, knots))


def shown(expected: Opening, late_s: float | np.ndarray, sign: float = 1.0) -> Opening:
    moments = np.arange(round(expected.moments_s[-1] * 25)) / 25
    values = np.interp(moments - late_s, expected.moments_s, expected.values)
    return Opening(moments, sign * values + np.random.default_rng(1).normal(0, 0.05, len(values)))


@pytest.mark.parametrize("late_ms", [-120, -63, -20, 0, 7, 33, 120])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_known_offset_is_found(late_ms: int, sign: float) -> None:
    expected = wander(6.0)
    found = sync.measure(shown(expected, late_ms / 1000, sign), expected)
    assert 1000 * found.offset_s == pytest.approx(late_ms, abs=5)
    assert found.correlation > 0.9


@pytest.mark.parametrize("grows_ms", [-80, 0, 80])
def test_a_known_drift_is_found(grows_ms: int) -> None:
    expected = wander(600.0)
    moments = np.arange(round(expected.moments_s[-1] * 25)) / 25
    found = sync.measure(shown(expected, moments / 600 * grows_ms / 1000), expected)
    assert 1000 * found.drift_s == pytest.approx(grows_ms, abs=5)


def test_what_does_not_belong_together_is_not_trusted() -> None:
    other = Opening(wander(10.0).moments_s, wander(10.0).values[::-1].copy())
    assert sync.measure(shown(wander(10.0), 0.0), other).correlation < 0.6


def test_what_is_no_video_is_refused() -> None:
    card = AvatarPackage.load(AVATARS[0]).card
    with pytest.raises(ConfigError, match="no video"):
        sync.video_of(b"hello", card)


def rendered(renderer: Renderer, line: Line, pcm: np.ndarray, uttered: list[Uttered]) -> bytes:
    """One file, or a stream's parts joined."""
    chunk_frames = 24 if line.container == "fmp4" else None
    steps = [renderer.push(line, pcm, True, chunk_frames, uttered=uttered)]
    while steps[-1].more:
        steps.append(renderer.advance(chunk_frames))
    return b"".join(step.chunk.data for step in steps if step.chunk is not None)


def is_in_sync(found: Offset) -> bool:
    return abs(found.offset_s) <= 0.04 and found.correlation > 0.6


@pytest.mark.parametrize("container", ["mp4", "fmp4"])
@pytest.mark.parametrize("drawn_by", [None, "warp"])
@pytest.mark.parametrize("avatar", AVATARS, ids=lambda path: path.name)
def test_mouths_move_with_their_sound(
    avatar: Path, drawn_by: DrawnBy | None, container: Container
) -> None:
    """EBU R37: sound and picture within 40 ms; and a shift of the sound is found as it is."""
    renderer = Renderer(avatar, MODEL, RenderOptions(drawn_by=drawn_by))
    listener, card = load_controls_listener(MODEL), AvatarPackage.load(avatar).card
    for reply, voice in enumerate(TEXTS, start=1):
        pcm, uttered = spoken(voice)
        video = sync.video_of(rendered(renderer, Line(reply, 0, 0, container), pcm, uttered), card)
        seen = sync.seen(video)
        by_marks = sync.measure(seen, sync.said(uttered))
        by_sound = sync.measure(seen, sync.heard(listener, video.pcm))
        assert is_in_sync(by_marks) and is_in_sync(by_sound)
        for shift_ms in (-120, 50, 120):
            shifted = np.roll(np.pad(video.pcm, 4000), shift_ms * 16)[4000:]
            found = sync.measure(seen, sync.heard(listener, shifted))
            moved_ms = 1000 * (found.offset_s - by_sound.offset_s)
            assert moved_ms == pytest.approx(-shift_ms, abs=10)
