"""What comes out is decoded again: lengths, start, tags."""

import io

import av
import numpy as np
import pytest
from face_samples import picture

from backend.avatar.colour import BT709, SMPTE170M, Colour
from backend.avatar.encoder import (
    SAMPLES_PER_FRAME,
    ChunkEncoder,
    VideoFormat,
    mime_type,
    whole_frames,
)

WIDTH = HEIGHT = 192


def encode(frames: int, form: VideoFormat, pcm: np.ndarray | None = None) -> tuple[bytes, str]:
    encoder = ChunkEncoder(form)
    sound = np.zeros(frames * SAMPLES_PER_FRAME, np.int16) if pcm is None else pcm
    for number in range(frames):
        image = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
        planes = image.reformat(format="yuv420p").to_ndarray()
        encoder.add(planes, sound[number * SAMPLES_PER_FRAME : (number + 1) * SAMPLES_PER_FRAME])
    assert encoder.frames == frames
    return encoder.finish()


def samples_of(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


@pytest.mark.parametrize("frames", [1, 3, 4, 8, 24, 30, 75])
def test_picture_and_sound_start_together_and_last_equally_long(frames: int) -> None:
    data, _ = encode(whole_frames(frames), VideoFormat(WIDTH, HEIGHT, Colour()))
    frames = whole_frames(frames)
    with av.open(io.BytesIO(data)) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert video.start_time == audio.start_time == 0
        assert float(video.duration * video.time_base) == pytest.approx(frames / 25)
        assert float(audio.duration * audio.time_base) == pytest.approx(frames / 25)
        assert len(list(file.decode(video=0))) == frames
    assert abs(len(samples_of(data)) - frames * SAMPLES_PER_FRAME) < SAMPLES_PER_FRAME


def test_sound_begins_where_it_should() -> None:
    pcm = np.zeros(25 * SAMPLES_PER_FRAME, np.int16)
    pcm[8000:12_000] = (12_000 * np.sin(np.arange(4000) * 0.3)).astype(np.int16)
    data, _ = encode(25, VideoFormat(WIDTH, HEIGHT, Colour()), pcm)
    loud = np.flatnonzero(np.abs(samples_of(data)) > 0.2)
    assert loud[0] == pytest.approx(8000, abs=160)
    assert loud[-1] == pytest.approx(12_000, abs=160)


@pytest.mark.parametrize("matrix", [BT709, SMPTE170M])
def test_colour_tags_are_written(matrix: int) -> None:
    data, _ = encode(1, VideoFormat(WIDTH, HEIGHT, Colour(matrix, matrix, matrix)))
    with av.open(io.BytesIO(data)) as file:
        codec = file.streams.video[0].codec_context
        assert (codec.colorspace, codec.color_primaries, codec.color_trc) == (matrix,) * 3
        assert codec.color_range == 1


def test_mime_names_the_codecs_of_the_file() -> None:
    data, mime = encode(1, VideoFormat(WIDTH, HEIGHT, Colour()))
    with av.open(io.BytesIO(data)) as file:
        avcc = file.streams.video[0].codec_context.extradata
    assert mime == f'video/mp4; codecs="avc1.{avcc[1:4].hex().upper()}, mp4a.40.2"'


def test_mime_refuses_what_is_not_a_parameter_set() -> None:
    with pytest.raises(ValueError, match="sequence parameter set"):
        mime_type(b"\x00\x00\x00\x01\x68\xce\x0f\xc8", b"\x14\x08")


def test_equal_input_gives_equal_bytes() -> None:
    form = VideoFormat(WIDTH, HEIGHT, Colour())
    assert encode(5, form) == encode(5, form)


def test_sound_of_another_length_than_the_frame_is_refused() -> None:
    encoder = ChunkEncoder(VideoFormat(WIDTH, HEIGHT, Colour()))
    with pytest.raises(ValueError, match="640 samples"):
        encoder.add(np.zeros((HEIGHT * 3 // 2, WIDTH), np.uint8), np.zeros(10, np.int16))
    encoder.add(np.zeros((HEIGHT * 3 // 2, WIDTH), np.uint8), np.zeros(640, np.int16))
    encoder.finish()


def test_whole_frames_adds_one_at_most() -> None:
    assert all(frames <= whole_frames(frames) <= frames + 1 for frames in range(500))
