"""Sound to video, with real files, a tiny net and the real codecs."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
from face_samples import FRAMES, SIZE, speech

from backend.avatar.encoder import SAMPLES_PER_FRAME
from backend.avatar.package import AvatarPackage
from backend.avatar.renderer import Progress, RenderedChunk, Renderer, RenderOptions
from backend.avatar.template import load_template
from backend.errors import BrokenAvatar, ModelFileError, UnknownAvatar

OPTIONS = RenderOptions(crf=10)


@pytest.fixture(params=["export", "halves"])
def renderer(request: pytest.FixtureRequest, avatar: Path) -> Renderer:
    return Renderer(avatar, request.getfixturevalue(request.param), OPTIONS)


def finish(renderer: Renderer, progress: Progress) -> RenderedChunk | None:
    while progress.more:
        assert progress.chunk is None
        progress = renderer.advance()
    return progress.chunk


def render(renderer: Renderer, pcm: np.ndarray, cuts: tuple[int, ...] = (), key: object = 0):
    pieces = np.split(pcm, cuts)
    for number, piece in enumerate(pieces):
        chunk = finish(renderer, renderer.push(key, piece, number == len(pieces) - 1))
    return chunk


def pictures(chunk: RenderedChunk) -> list[np.ndarray]:
    with av.open(io.BytesIO(chunk.data)) as video:
        return [frame.to_ndarray(format="yuv420p") for frame in video.decode(video=0)]


def number_shown(picture: np.ndarray) -> int:
    """Which template frame this is, by the brightness of its corner."""
    level = picture[4:28, 4:28].mean()
    return round(((level - 16) / 219 * 255 - 40) / 8)


def mouth_level(picture: np.ndarray) -> float:
    return float(picture[140:160, 80:110].mean())


def test_a_sentence_becomes_one_playable_chunk(renderer: Renderer) -> None:
    pcm = speech(1.3)
    chunk = render(renderer, pcm)
    assert chunk is not None
    shown = pictures(chunk)
    assert len(shown) == chunk.frames >= len(pcm) / SAMPLES_PER_FRAME
    assert shown[0].shape == (SIZE * 3 // 2, SIZE)
    assert chunk.mime.startswith('video/mp4; codecs="avc1.42')


def test_the_mouth_moves_with_the_sound_and_comes_to_rest(renderer: Renderer) -> None:
    chunk = render(renderer, speech(1.2, silent_end_s=0.6))
    shown = pictures(chunk)
    rest = [mouth_level(renderer._compositor.rest(n % FRAMES)) for n in range(len(shown))]
    moved = np.abs(np.array([mouth_level(p) for p in shown]) - rest)
    assert moved[8:24].min() > 10
    assert moved[-4:].max() < 2


def test_however_the_sound_is_cut_the_video_is_the_same(
    avatar: Path, halves: Path, export: Path
) -> None:
    pcm = speech(2.1, silent_end_s=0.1)
    for net in (halves, export):
        whole = render(Renderer(avatar, net, OPTIONS), pcm)
        cuts = (1, 333, 5000, 5000, 12_345, 30_001)
        pieces = render(Renderer(avatar, net, OPTIONS), pcm, cuts)
        assert whole.data == pieces.data


def test_the_loop_runs_on_from_sentence_to_sentence(renderer: Renderer) -> None:
    first = render(renderer, speech(0.5), key="a")
    second = render(renderer, speech(0.5), key="b")
    shown = [number_shown(p) for p in pictures(first) + pictures(second)]
    assert shown == [number % FRAMES for number in range(len(shown))]
    assert second.first_frame == first.frames % FRAMES


def test_seek_chooses_where_speech_begins(renderer: Renderer) -> None:
    renderer.seek(FRAMES + 7)
    chunk = render(renderer, speech(0.3))
    assert chunk.first_frame == 7
    assert number_shown(pictures(chunk)[0]) == 7


def test_an_abandoned_sentence_leaves_no_trace(avatar: Path, halves: Path) -> None:
    fresh, reused = (Renderer(avatar, halves, OPTIONS) for _ in range(2))
    finish(reused, reused.push("abandoned", speech(2.0), False))
    assert render(reused, speech(0.4), key="next").data == render(fresh, speech(0.4)).data


def test_a_step_draws_at_most_one_batch(avatar: Path, halves: Path) -> None:
    renderer = Renderer(avatar, halves, OPTIONS)
    progress, steps = renderer.push(0, speech(2.0), True), 1
    while progress.more:
        progress, steps = renderer.advance(), steps + 1
    assert steps == -(-progress.chunk.frames // 8)


def test_drawing_begins_before_the_sentence_ends(avatar: Path, halves: Path) -> None:
    renderer = Renderer(avatar, halves, OPTIONS)
    assert not renderer.push(0, speech(0.3), False).more
    renderer.push(0, speech(1.7), False)
    assert renderer._encoder.frames == 8


@pytest.mark.parametrize("length", [1, 200, 639, 640, 641])
def test_a_very_short_sentence_is_drawn(avatar: Path, export: Path, length: int) -> None:
    chunk = render(Renderer(avatar, export, OPTIONS), speech(0.1)[:length])
    assert len(pictures(chunk)) == chunk.frames <= 8


def test_no_sound_makes_no_chunk(renderer: Renderer) -> None:
    assert render(renderer, np.empty(0, np.int16)) is None
    assert render(renderer, speech(0.2), key="next").first_frame == 0


def test_silence_shows_the_template_untouched(avatar: Path, export: Path) -> None:
    renderer = Renderer(avatar, export, RenderOptions(crf=0))
    chunk = render(renderer, np.zeros(16_000, np.int16))
    template = load_template(AvatarPackage.load(avatar))
    for number, shown in enumerate(pictures(chunk)):
        np.testing.assert_array_equal(shown, template.frames[number % FRAMES].picture)


def test_missing_and_broken_files_are_named(avatar: Path, export: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownAvatar):
        Renderer(tmp_path / "nobody", export, OPTIONS)
    with pytest.raises(ModelFileError, match=r"nothing\.onnx"):
        Renderer(avatar, tmp_path / "nothing.onnx", OPTIONS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BrokenAvatar, match=r"avatar\.json"):
        Renderer(tmp_path / "empty", export, OPTIONS)
