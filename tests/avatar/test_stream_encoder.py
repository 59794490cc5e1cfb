"""A stream is taken apart and decoded again: boxes, time lines, seams."""

import io
import shutil
import subprocess
from pathlib import Path
from struct import unpack_from

import av
import numpy as np
import pytest

from backend.avatar.pictures.codecs import SAMPLES_PER_FRAME
from backend.avatar.pictures.encoder import SOUND_LEAD_FRAMES
from backend.avatar.pictures.stream_encoder import StreamEncoder
from tests.avatar.takes import FORM, encode, samples_of, tone

CHUNKS = (8, 1, 16, 3, 24, 5, 2, 31)
PAUSE_FRAMES = 5  # after CHUNKS: 57,600 samples need 59 blocks of sound, 2,816 samples more


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
