"""What comes out is decoded again: lengths, starts, seams, tags."""

import io
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from struct import unpack_from

import av
import numpy as np
import pytest
from face_samples import picture

from backend.avatar.codecs import SAMPLES_PER_FRAME, VideoFormat
from backend.avatar.colour import BT709, SMPTE170M, Colour
from backend.avatar.encoder import (
    ENCODERS,
    SOUND_LEAD_FRAMES,
    Encoder,
    FileEncoder,
    StreamEncoder,
)

WIDTH = HEIGHT = 192
FORM = VideoFormat(WIDTH, HEIGHT, Colour())
CHUNKS = (8, 1, 16, 3, 24, 5, 2, 31)
PAUSE_FRAMES = 5  # after CHUNKS: 57,600 samples need 59 blocks of sound, 2,816 samples more
TONE_HZ = 443.0


@cache
def planes(number: int) -> np.ndarray:
    image = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
    return image.reformat(format="yuv420p").to_ndarray()


def tone(samples: int) -> np.ndarray:
    return (9000 * np.sin(2 * np.pi * TONE_HZ * np.arange(samples) / 16_000)).astype(np.int16)


def encode(encoder: Encoder, sound: np.ndarray, lengths: Sequence[int]) -> list[bytes]:
    """One sentence, cut after so many pictures each; its sound runs ahead as it should."""
    chunks, told, shown = [], 0, encoder.owed_frames
    for number in range(shown):
        encoder.show(planes(number % 20))
    for length in lengths:
        for _ in range(length):
            until = min(len(sound), (shown + 1 + SOUND_LEAD_FRAMES) * SAMPLES_PER_FRAME)
            encoder.hear(sound[told:until])
            told = max(told, until)
            encoder.show(planes(shown % 20))
            shown += 1
        is_last = len(chunks) == len(lengths) - 1
        chunks.append(encoder.cut(ends_sentence=is_last)[0])
        assert encoder.frames == 0
    return chunks


def one_file(frames: int, form: VideoFormat = FORM, pcm: np.ndarray | None = None) -> bytes:
    sound = np.zeros(frames * SAMPLES_PER_FRAME, np.int16) if pcm is None else pcm
    [data] = encode(FileEncoder(form), sound, [frames])
    return data


def samples_of(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def boxes(data: bytes) -> list[tuple[str, bytes]]:
    found = []
    while data:
        size, kind = unpack_from(">I4s", data)
        found.append((kind.decode(), data[8:size]))
        data = data[size:]
    return found


def decode_times(fragment: bytes) -> dict[int, int]:
    """Track number to `tfdt` of one `moof`."""
    [moof] = [body for kind, body in boxes(fragment) if kind == "moof"]
    times = {}
    for kind, traf in boxes(moof):
        if kind == "traf":
            inner = dict(boxes(traf))
            (track,) = unpack_from(">I", inner["tfhd"], 4)
            (times[track],) = unpack_from(">Q", inner["tfdt"], 4)
    return times


# ------------------------------------------------------------------ complete files


@pytest.mark.parametrize("frames", [1, 3, 4, 8, 24, 30, 75])
def test_picture_and_sound_of_a_file_start_together_and_last_equally_long(frames: int) -> None:
    frames = FileEncoder.padded(frames)
    data = one_file(frames)
    with av.open(io.BytesIO(data)) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert video.start_time == audio.start_time == 0
        assert float(video.duration * video.time_base) == pytest.approx(frames / 25)
        assert float(audio.duration * audio.time_base) == pytest.approx(frames / 25)
        assert len(list(file.decode(video=0))) == frames
    assert abs(len(samples_of(data)) - frames * SAMPLES_PER_FRAME) < SAMPLES_PER_FRAME


def test_every_cut_is_a_file_of_its_own() -> None:
    sound = tone(24 * SAMPLES_PER_FRAME)
    first, second = encode(FileEncoder(FORM), sound, [8, 16])
    assert first == one_file(8, pcm=sound[: 8 * SAMPLES_PER_FRAME])
    middle = slice(2000, -2000)
    heard = samples_of(second)[: 16 * SAMPLES_PER_FRAME][middle] * 32768
    np.testing.assert_allclose(heard, sound[8 * SAMPLES_PER_FRAME :][middle], atol=900)


def test_sound_begins_where_it_should() -> None:
    pcm = np.zeros(25 * SAMPLES_PER_FRAME, np.int16)
    pcm[8000:12_000] = (12_000 * np.sin(np.arange(4000) * 0.3)).astype(np.int16)
    loud = np.flatnonzero(np.abs(samples_of(one_file(25, pcm=pcm))) > 0.2)
    assert loud[0] == pytest.approx(8000, abs=160)
    assert loud[-1] == pytest.approx(12_000, abs=160)


def test_padding_adds_one_frame_at_most() -> None:
    assert all(frames <= FileEncoder.padded(frames) <= frames + 1 for frames in range(500))
    assert all(FileEncoder.padded(frames) == frames for frames in range(0, 400, 8))


def test_a_picture_without_its_sound_is_refused() -> None:
    encoder = FileEncoder(FORM)
    encoder.hear(np.zeros(SAMPLES_PER_FRAME - 1, np.int16))
    with pytest.raises(ValueError, match="before its sound"):
        encoder.show(planes(0))
    with pytest.raises(ValueError, match="nothing was shown"):
        encoder.cut(ends_sentence=True)


# ------------------------------------------------------------------ one stream


@pytest.fixture(scope="module")
def stream() -> list[bytes]:
    """Two sentences: chunks of odd lengths, then one chunk."""
    encoder = StreamEncoder(FORM)
    frames = sum(CHUNKS)
    first = encode(encoder, tone(frames * SAMPLES_PER_FRAME), CHUNKS)
    return first + encode(encoder, tone(20 * SAMPLES_PER_FRAME), [20])


def test_only_the_first_chunk_holds_the_init_segment(stream: list[bytes]) -> None:
    kinds = [[kind for kind, _ in boxes(chunk)] for chunk in stream]
    assert kinds[0] == ["ftyp", "moov", "moof", "mdat"]
    assert all(kind == ["moof", "mdat"] for kind in kinds[1:])


def test_streams_of_one_format_have_one_init_segment(stream: list[bytes]) -> None:
    [other] = encode(StreamEncoder(FORM), tone(SAMPLES_PER_FRAME * 9), [9])
    assert other.partition(b"moof")[0][:-4] == stream[0].partition(b"moof")[0][:-4]


def test_time_goes_on_from_chunk_to_chunk(stream: list[bytes]) -> None:
    times = [decode_times(chunk) for chunk in stream]
    shown = np.cumsum([0, *CHUNKS])
    assert [time[1] for time in times] == [512 * frames for frames in shown]
    for time, frames in zip(times, shown, strict=True):
        begin = time.get(2)  # one picture may end before a block of sound does
        if begin is not None:
            assert begin % 1024 == 0
            assert 0 <= begin - frames * SAMPLES_PER_FRAME < 2048


def test_a_stream_decodes_without_a_gap(stream: list[bytes]) -> None:
    with av.open(io.BytesIO(b"".join(stream))) as file:
        frames = list(file.decode(video=0))
        steps = np.diff([frame.pts for frame in frames])
        assert frames[0].pts == 0
        assert set(steps) == {512}
        keys = [number for number, frame in enumerate(frames) if frame.key_frame]
        assert keys == [0, sum(CHUNKS)]
    with av.open(io.BytesIO(b"".join(stream))) as file:
        blocks = [(block.pts, block.samples) for block in file.decode(audio=0)]
        assert blocks == [(1024 * number, 1024) for number in range(len(blocks))]


def test_sound_crosses_every_seam_unharmed(stream: list[bytes]) -> None:
    heard = samples_of(b"".join(stream)) * 32768
    frames = sum(CHUNKS)
    inner = slice(1024, (frames - 1) * SAMPLES_PER_FRAME)
    np.testing.assert_allclose(heard[inner], tone(len(heard))[inner], atol=400)
    # The second sentence comes after the silence that brought out the end of the first.
    rest = heard[(frames + PAUSE_FRAMES) * SAMPLES_PER_FRAME :]
    inner = slice(0, 20 * SAMPLES_PER_FRAME)
    np.testing.assert_allclose(rest[inner], tone(len(rest))[inner], atol=400)


@pytest.mark.parametrize("frames", range(1, 12))
def test_a_sentence_is_out_to_its_last_sample_when_it_ends(frames: int) -> None:
    encoder = StreamEncoder(FORM)
    pcm = tone(frames * SAMPLES_PER_FRAME)
    [data] = encode(encoder, pcm, [frames])
    heard = samples_of(data) * 32768
    assert len(heard) >= len(pcm)
    if frames > 3:  # the first block of a stream fades in
        error = heard[1024 : len(pcm)] - pcm[1024:]
        assert np.sqrt(np.mean(error**2)) < 700
    assert StreamEncoder.owes_frames <= encoder.owed_frames <= SOUND_LEAD_FRAMES


def test_what_is_owed_comes_before_the_next_sentence() -> None:
    encoder = StreamEncoder(FORM)
    encode(encoder, tone(8 * SAMPLES_PER_FRAME), [8])
    owed = encoder.owed_frames
    encode(encoder, tone(8 * SAMPLES_PER_FRAME), [8])
    assert encoder.owed_frames == owed == StreamEncoder.owes_frames


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_another_reader_has_no_complaint(stream: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "reply.mp4"
    path.write_bytes(b"".join(stream))
    command = ["ffprobe", "-v", "warning", "-count_frames", "-of", "csv=p=0"]
    command += ["-show_entries", "stream=nb_read_frames", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    pictures, blocks = map(int, result.stdout.split())
    assert result.stderr == ""
    assert pictures == sum(CHUNKS) + PAUSE_FRAMES + 20
    assert abs(blocks * 1024 - pictures * SAMPLES_PER_FRAME) < 1024


# ------------------------------------------------------------------ both


@pytest.mark.parametrize("kind", ENCODERS.values())
@pytest.mark.parametrize("matrix", [BT709, SMPTE170M])
def test_colour_tags_are_written(kind: type[Encoder], matrix: int) -> None:
    form = VideoFormat(WIDTH, HEIGHT, Colour(matrix, matrix, matrix))
    [data] = encode(kind(form), tone(SAMPLES_PER_FRAME), [1])
    with av.open(io.BytesIO(data)) as file:
        codec = file.streams.video[0].codec_context
        assert (codec.colorspace, codec.color_primaries, codec.color_trc) == (matrix,) * 3
        assert codec.color_range == 1


@pytest.mark.parametrize("kind", ENCODERS.values())
def test_mime_names_the_codecs_of_the_file(kind: type[Encoder]) -> None:
    encoder = kind(FORM)
    encoder.hear(tone(SAMPLES_PER_FRAME))
    encoder.show(planes(0))
    data, mime = encoder.cut(ends_sentence=True)
    with av.open(io.BytesIO(data)) as file:
        avcc = file.streams.video[0].codec_context.extradata
    assert mime == f'video/mp4; codecs="avc1.{avcc[1:4].hex().upper()}, mp4a.40.2"'


@pytest.mark.parametrize("kind", ENCODERS.values())
def test_equal_input_gives_equal_bytes(kind: type[Encoder]) -> None:
    sound = tone(13 * SAMPLES_PER_FRAME)
    assert encode(kind(FORM), sound, [8, 5]) == encode(kind(FORM), sound, [8, 5])
