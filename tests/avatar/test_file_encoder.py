"""Complete files are decoded again: lengths, starts, seams."""

import io

import av
import numpy as np
import pytest

from backend.avatar.pictures.codecs import SAMPLES_PER_FRAME, VideoFormat
from backend.avatar.pictures.file_encoder import FileEncoder
from tests.avatar.takes import FORM, encode, planes, samples_of, tone


def one_file(frames: int, form: VideoFormat = FORM, pcm: np.ndarray | None = None) -> bytes:
    sound = np.zeros(frames * SAMPLES_PER_FRAME, np.int16) if pcm is None else pcm
    [data] = encode(FileEncoder(form), sound, [frames])
    return data


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
