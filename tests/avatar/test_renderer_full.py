"""A whole reply of an avatar with three loops: every frame is what it should be, to the pixel.

Videos are coded without loss, so what is decoded is what was drawn.
"""

from pathlib import Path

import numpy as np
import pytest
from face_samples import speech
from full_avatar import FRAMES, MOOD_BOX, SIZE, make_full_avatar

from backend.avatar.figure.performance import OPENING_FRAMES
from backend.avatar.packages.track_cache import TrackCache
from backend.avatar.pictures.matte import stacked
from backend.avatar.renderer import Line, RenderedChunk, Renderer, RenderOptions
from tests.avatar.test_renderer import chunks_of, pictures, push

STILL = RenderOptions(crf=0, head_motion=False)
MOVING = RenderOptions(crf=0)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_full_avatar(tmp_path_factory.mktemp("faces"))


def say(
    renderer: Renderer, line: Line, pcm: np.ndarray, *, goes_on: bool = False
) -> tuple[list[np.ndarray], list[RenderedChunk]]:
    steps = [renderer.push(line, pcm, True, None, goes_on)]
    while steps[-1].more:
        steps.append(renderer.advance(None))
    chunks = chunks_of(steps)
    return pictures(b"".join(chunk.data for chunk in chunks)), chunks


def loop(renderer: Renderer, clip: str = "idle") -> np.ndarray:
    return renderer._template.tracks.clip(clip)


def brow(picture: np.ndarray) -> float:
    """Brightness within the mood's rectangle, above the mouth."""
    x0, y0, x1, _ = MOOD_BOX
    return float(picture[y0 + 14 : y0 + 24, x0 + 20 : x1 - 20].mean())


def off(shown: list[np.ndarray], wanted: np.ndarray) -> list[int]:
    """How far each frame is from the loop's, at most."""
    return [
        int(np.abs(picture.astype(int) - wanted[number % FRAMES]).max())
        for number, picture in enumerate(shown)
    ]


@pytest.mark.parametrize("options", [STILL, MOVING])
@pytest.mark.parametrize("mood", [None, "happy", "sad"])
def test_a_reply_leaves_the_loop_smoothly_and_ends_exactly_in_it(
    full: Path, halves: Path, options: RenderOptions, mood: str | None
) -> None:
    renderer = Renderer(full, halves, options)
    shown, _ = say(renderer, Line(1, 0, 0, mood=mood), speech(1.6))
    lift = np.array([brow(p) - brow(loop(renderer)[n % FRAMES]) for n, p in enumerate(shown)])
    wanted = {None: 0, "happy": 40, "sad": -40}[mood]
    assert lift[16:-16].mean() == pytest.approx(wanted, abs=6)
    assert np.abs(np.diff(lift)).max() < 14
    assert abs(lift[0]) < 4
    assert off(shown, loop(renderer))[-1] == 0


def test_moods_change_between_sentences_and_stay_when_they_are_the_same(
    full: Path, halves: Path
) -> None:
    renderer = Renderer(full, halves, STILL)
    shown, at, sent = [], 0, 0
    for number, (mood, goes_on) in enumerate([("happy", True), ("happy", True), ("sad", False)]):
        line = Line(1, number, at, "fmp4", sent, mood=mood)
        steps = [renderer.push(line, speech(1.0), True, None, goes_on)]
        while steps[-1].more:
            steps.append(renderer.advance(None))
        [chunk] = chunks_of(steps)
        shown.append(chunk)
        at, sent = at + chunk.frames, sent + chunk.frames
    frames = pictures(b"".join(chunk.data for chunk in shown))
    lift = np.array([brow(p) - brow(loop(renderer)[n % FRAMES]) for n, p in enumerate(frames)])
    first, second = shown[0].frames, shown[0].frames + shown[1].frames
    assert lift[12 : second - 1].min() > 30, "no way back to calm between two of a kind"
    assert lift[second + 12 : -12].max() < -30
    assert np.abs(np.diff(lift)).max() < 20
    assert off(frames, loop(renderer))[-1] == 0
    assert first > 20


@pytest.mark.parametrize("clip", ["listening", "thinking"])
@pytest.mark.parametrize("options", [STILL, MOVING])
def test_speech_comes_out_of_the_loop_on_show(
    full: Path, halves: Path, clip: str, options: RenderOptions
) -> None:
    renderer = Renderer(full, halves, options)
    shown, _ = say(renderer, Line(1, 0, 5, shown=clip), np.zeros(16_000, np.int16))
    idle, other = loop(renderer), loop(renderer, clip)
    share = []
    for number, picture in enumerate(shown[: OPENING_FRAMES + 2], 5):
        way = other[number].astype(float) - idle[number]
        gone = picture.astype(float) - idle[number]
        share.append(float((gone * way).sum() / (way * way).sum()))
    assert share[0] > 0.9
    assert share[OPENING_FRAMES:] == [0.0, 0.0]
    assert (np.diff(share[: OPENING_FRAMES + 1]) < 0).all()


def test_the_head_moves_with_the_voice_and_rests_with_it(full: Path, halves: Path) -> None:
    still, moving = (Renderer(full, halves, options) for options in (STILL, MOVING))
    sound = speech(2.4, silent_end_s=0.4)
    without, with_ = (say(renderer, Line(1, 0, 0), sound)[0] for renderer in (still, moving))
    changes = [np.abs(a.astype(int) - b)[:SIZE] for a, b in zip(without, with_, strict=True)]
    assert max(change.mean() for change in changes[8:-16]) > 1
    assert changes[-1].max() == 0
    assert max(change[:, :2].max() for change in changes) == 0


def test_silence_costs_no_drawing(full: Path, halves: Path) -> None:
    renderer = Renderer(full, halves, MOVING)
    shown, _ = say(renderer, Line(1, 0, 3), np.zeros(20_000, np.int16))
    wanted = np.roll(loop(renderer), -3, axis=0)
    assert set(off(shown, wanted)) == {0}
    camera = renderer._cameras[False]
    picture = camera._scenery.picture(4, renderer._stream.performance.step(0.0, None))
    assert np.shares_memory(picture, loop(renderer))


def test_before_any_background_the_figure_is_its_loop_and_its_matte(
    full: Path, halves: Path
) -> None:
    renderer = Renderer(full, halves, MOVING)
    line = Line(1, 0, 0, alpha=True)
    shown, chunks = say(renderer, line, np.zeros(9_600, np.int16))
    assert {(chunk.width, chunk.height) for chunk in chunks} == {(SIZE, SIZE * 3 // 2)}
    tracks = renderer._template.tracks
    for number, picture in enumerate(shown):
        wanted = stacked(tracks.freed("idle")[number], tracks.matte("idle")[number])
        np.testing.assert_array_equal(picture, wanted)


def test_the_matte_goes_with_the_head_and_the_loop(full: Path, halves: Path) -> None:
    renderer = Renderer(full, halves, MOVING)
    shown, _ = say(renderer, Line(1, 0, 0, shown="thinking", alpha=True), speech(1.6))
    tracks = renderer._template.tracks
    mattes = [picture[SIZE : SIZE * 3 // 2, : SIZE // 2].astype(int) for picture in shown]
    idle, thinking = (tracks.matte(clip)[0].astype(int) for clip in ("idle", "thinking"))
    assert np.abs(mattes[0] - thinking).mean() < np.abs(mattes[0] - idle).mean()
    assert max(np.abs(matte - idle).max() for matte in mattes[8:-8]) > 8
    np.testing.assert_array_equal(mattes[-1], idle)


def test_an_avatar_without_a_matte_is_shown_as_it_is(tmp_path: Path, halves: Path) -> None:
    renderer = Renderer(make_full_avatar(tmp_path, has_matte=False), halves, STILL)
    _, [chunk] = say(renderer, Line(1, 0, 0, alpha=True), speech(0.3))
    assert (chunk.width, chunk.height) == (SIZE, SIZE)


def test_however_the_sound_is_cut_the_face_does_the_same(full: Path, halves: Path) -> None:
    pcm = speech(2.1, silent_end_s=0.1)
    line = Line(1, 0, 0, "fmp4", mood="happy", shown="listening")
    whole = Renderer(full, halves, MOVING)
    pieces = Renderer(full, halves, MOVING)
    chunks = chunks_of(push(whole, line, pcm))
    steps = []
    cuts = np.split(pcm, (1, 333, 5000, 12_345, 29_000))
    for number, piece in enumerate(cuts, 1):
        steps += push(pieces, line, piece, number == len(cuts))
    assert [chunk.data for chunk in chunks] == [chunk.data for chunk in chunks_of(steps)]


def test_two_renderers_share_what_is_decoded(full: Path, halves: Path, tmp_path: Path) -> None:
    cache = TrackCache(tmp_path)
    Renderer(full, halves, RenderOptions(cache=cache))
    kept = sorted(path.name for path in tmp_path.glob("*.planes"))
    assert len(kept) == 5, "three loops and two moods; mattes wait until they are asked for"
    Renderer(full, halves, RenderOptions(cache=TrackCache(tmp_path, 3_000_000_000)))
    assert sorted(path.name for path in tmp_path.glob("*.planes")) == kept
