"""What both kinds of chunk have in common: tags, types, equal bytes."""

import gc
import io

import av
import psutil
import pytest

from backend.avatar.pictures.codecs import SAMPLES_PER_FRAME, VideoFormat
from backend.avatar.pictures.colour import BT709, SMPTE170M, Colour
from backend.avatar.pictures.encoder import Encoder
from backend.avatar.renderer import ENCODERS
from tests.avatar.takes import FORM, HEIGHT, WIDTH, encode, planes, tone


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


@pytest.mark.parametrize("kind", ENCODERS.values())
def test_a_reply_that_was_cut_leaves_no_threads_behind(kind: type[Encoder]) -> None:
    process = psutil.Process()
    gc.disable()  # it would come one day, and take what is looked for here along
    try:
        before = process.num_threads()
        for _ in range(3):
            encoder = kind(FORM)
            encoder.hear(tone(2 * SAMPLES_PER_FRAME))
            encoder.show(planes(0))
            del encoder
        assert process.num_threads() <= before
    finally:
        gc.enable()
