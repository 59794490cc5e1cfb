"""Sound to video, with real files, a tiny net and the real codecs."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
from face_samples import FRAMES, SIZE, speech

from backend.avatar.mouths.template import load_template
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.pictures.codecs import SAMPLES_PER_FRAME
from backend.avatar.pictures.stream_encoder import StreamEncoder
from backend.avatar.renderer import Line, Progress, RenderedChunk, Renderer, RenderOptions
from backend.errors import BrokenAvatar, ModelFileError, UnknownAvatar
from backend.protocol import Container

OPTIONS = RenderOptions(crf=10, head_motion=False)
LINE = Line(reply=1, sentence=0, begin_at=0)


@pytest.fixture(params=["export", "halves"])
def renderer(request: pytest.FixtureRequest, avatar: Path) -> Renderer:
    return Renderer(avatar, request.getfixturevalue(request.param), OPTIONS)


def push(
    renderer: Renderer,
    line: Line,
    pcm: np.ndarray,
    is_last: bool = True,
    chunk_frames: int | None = None,
) -> list[Progress]:
    """Every step until nothing more can be drawn."""
    steps = [renderer.push(line, pcm, is_last, chunk_frames)]
    while steps[-1].more:
        steps.append(renderer.advance(chunk_frames))
    return steps


def chunks_of(steps: list[Progress]) -> list[RenderedChunk]:
    return [step.chunk for step in steps if step.chunk is not None]


def render(
    renderer: Renderer, pcm: np.ndarray, cuts: tuple[int, ...] = (), line: Line = LINE
) -> RenderedChunk | None:
    """A sentence that comes in pieces, as one chunk."""
    pieces = np.split(pcm, cuts)
    steps = []
    for number, piece in enumerate(pieces):
        steps += push(renderer, line, piece, number == len(pieces) - 1)
    chunks = chunks_of(steps)
    assert len(chunks) <= 1
    return chunks[0] if chunks else None


def pictures(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data)) as video:
        return [frame.to_ndarray(format="yuv420p") for frame in video.decode(video=0)]


def template_frame(renderer: Renderer, number: int) -> np.ndarray:
    return renderer._template.frames[number % FRAMES].picture


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
    shown = pictures(chunk.data)
    assert len(shown) == chunk.frames >= len(pcm) / SAMPLES_PER_FRAME
    assert shown[0].shape == (SIZE * 3 // 2, SIZE)
    assert chunk.mime.startswith('video/mp4; codecs="avc1.42')


def test_the_mouth_moves_with_the_sound_and_comes_to_rest(renderer: Renderer) -> None:
    chunk = render(renderer, speech(1.2, silent_end_s=0.6))
    shown = pictures(chunk.data)
    rest = [mouth_level(template_frame(renderer, n)) for n in range(len(shown))]
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


def test_a_sentence_begins_where_it_is_told_and_follows_the_loop(renderer: Renderer) -> None:
    chunk = render(renderer, speech(0.9), line=Line(1, 0, begin_at=FRAMES + 7))
    shown = [number_shown(picture) for picture in pictures(chunk.data)]
    assert chunk.first_frame == 7
    assert shown == [(7 + number) % FRAMES for number in range(len(shown))]


@pytest.mark.parametrize("container", ["mp4", "fmp4"])
def test_an_abandoned_sentence_leaves_no_trace(
    avatar: Path, halves: Path, container: Container
) -> None:
    fresh, reused = (Renderer(avatar, halves, OPTIONS) for _ in range(2))
    push(reused, LINE, speech(2.0), False)
    line = Line(1, 1, begin_at=0, container=container)
    assert render(reused, speech(0.4), line=line).data == render(fresh, speech(0.4), line=line).data


def stream(renderer: Renderer, sounds: list[np.ndarray], chunk_frames: int | None) -> list:
    """The chunks of a reply in one stream; each sentence begins where the one before ended."""
    chunks, position = [], 3
    for number, pcm in enumerate(sounds):
        line = Line(1, number, position, "fmp4", sum(chunk.frames for chunk in chunks))
        chunks += chunks_of(push(renderer, line, pcm, chunk_frames=chunk_frames))
        position = chunks[-1].first_frame + chunks[-1].frames
    return chunks


@pytest.mark.parametrize("chunk_frames", [None, 8])
def test_the_sentences_of_a_reply_are_one_stream(
    avatar: Path, halves: Path, chunk_frames: int | None
) -> None:
    sounds = [speech(0.9), speech(0.7, silent_end_s=0.4), speech(1.1)]
    chunks = stream(Renderer(avatar, halves, OPTIONS), sounds, chunk_frames)
    shown = [number_shown(picture) for picture in pictures(b"".join(c.data for c in chunks))]
    assert shown == [(3 + number) % FRAMES for number in range(len(shown))]
    assert sum(chunk.frames for chunk in chunks) == len(shown)
    assert [chunk.is_last for chunk in chunks].count(True) == len(sounds)
    assert all(chunk.frames >= 8 for chunk in chunks if not chunk.is_last)


def test_a_chunk_that_did_not_arrive_ends_the_stream(avatar: Path, halves: Path) -> None:
    renderer = Renderer(avatar, halves, OPTIONS)
    first = render(renderer, speech(0.4), line=Line(1, 0, 0, "fmp4", 0))
    lost = render(renderer, speech(0.4), line=Line(1, 1, 0, "fmp4", first.frames))
    again = render(renderer, speech(0.4), line=Line(1, 2, 0, "fmp4", first.frames))
    assert [chunk.data[4:8] for chunk in (first, lost, again)] == [b"ftyp", b"moof", b"ftyp"]


def test_a_pause_in_a_stream_is_at_rest(avatar: Path, halves: Path) -> None:
    renderer = Renderer(avatar, halves, OPTIONS)
    first, second = stream(renderer, [speech(0.9), speech(0.9)], None)
    shown = pictures(first.data + second.data)
    moved = [
        abs(mouth_level(picture) - mouth_level(template_frame(renderer, 3 + n)))
        for n, picture in enumerate(shown)
    ]
    pause = slice(first.frames - 1, first.frames + StreamEncoder.owes_frames)
    assert max(moved[pause]) < 2
    assert min(moved[first.frames + 9 : first.frames + 20]) > 10


def test_the_voices_own_silence_is_not_added_to_the_pause(avatar: Path, halves: Path) -> None:
    abrupt, quiet = speech(0.96), speech(0.96, silent_end_s=0.32)
    lengths = []
    for sound in (abrupt, quiet):
        renderer = Renderer(avatar, halves, OPTIONS)
        lengths.append(sum(c.frames for c in stream(renderer, [sound, speech(0.4)], None)))
    assert lengths[0] == lengths[1]


def test_however_the_sound_is_cut_the_stream_is_the_same(avatar: Path, halves: Path) -> None:
    pcm = speech(1.3, silent_end_s=0.5)
    line = Line(1, 0, 0, "fmp4")
    whole = render(Renderer(avatar, halves, OPTIONS), pcm, line=line)
    pieces = render(Renderer(avatar, halves, OPTIONS), pcm, (7, 6000, 12_345, 28_799), line)
    assert whole.data == pieces.data


def test_a_step_draws_at_most_one_batch(avatar: Path, halves: Path) -> None:
    steps = push(Renderer(avatar, halves, OPTIONS), LINE, speech(2.0))
    drawn = np.diff([0, *(step.frames for step in steps)])
    assert set(drawn[:-1]) == {8}
    assert 0 < drawn[-1] <= 8
    assert steps[-1].chunk.frames == steps[-1].frames


def test_drawing_begins_before_the_sentence_ends(avatar: Path, halves: Path) -> None:
    renderer = Renderer(avatar, halves, OPTIONS)
    assert renderer.push(LINE, speech(0.3), False, None) == Progress(0, None, False)
    progress = renderer.push(LINE, speech(1.7), False, 8)
    assert (progress.frames, progress.chunk.frames, progress.more) == (8, 8, True)


@pytest.mark.parametrize("length", [1, 200, 639, 640, 641])
def test_a_very_short_sentence_is_drawn(avatar: Path, export: Path, length: int) -> None:
    chunk = render(Renderer(avatar, export, OPTIONS), speech(0.1)[:length])
    assert len(pictures(chunk.data)) == chunk.frames <= 8


def test_no_sound_makes_no_chunk(renderer: Renderer) -> None:
    assert render(renderer, np.empty(0, np.int16)) is None
    assert render(renderer, speech(0.2), line=Line(1, 1, 0)).first_frame == 0
    assert renderer.advance(None) == Progress()


def test_silence_shows_the_template_untouched(avatar: Path, export: Path) -> None:
    renderer = Renderer(avatar, export, RenderOptions(crf=0))
    chunk = render(renderer, np.zeros(16_000, np.int16))
    template = load_template(AvatarPackage.load(avatar))
    for number, shown in enumerate(pictures(chunk.data)):
        np.testing.assert_array_equal(shown, template.frames[number % FRAMES].picture)


def test_missing_and_broken_files_are_named(avatar: Path, export: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownAvatar):
        Renderer(tmp_path / "nobody", export, OPTIONS)
    with pytest.raises(ModelFileError, match=r"nothing\.onnx"):
        Renderer(avatar, tmp_path / "nothing.onnx", OPTIONS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BrokenAvatar, match=r"avatar\.json"):
        Renderer(tmp_path / "empty", export, OPTIONS)
