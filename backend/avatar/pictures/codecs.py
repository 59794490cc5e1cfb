"""Pictures and sound through x264 and AAC, in process. Faces, files and chunks do not belong here.

H.264 is ultrafast with zero latency, 4:2:0: a packet for every picture at once. AAC codes blocks of
1024 samples and hears two blocks ahead: a block comes out when the second one after it is in.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from weakref import finalize

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType

from backend.avatar.pictures.colour import LIMITED_RANGE, Colour

I420 = npt.NDArray[np.uint8]
"""Planes Y, U, V as one picture, shape (height * 3 / 2, width)."""

Pcm = npt.NDArray[np.int16]

Packet = Any
"""A compressed picture or block of sound, as PyAV gives it."""

FPS = 25
SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS
AAC_BLOCK_SAMPLES = 1024
NO_MORE_KEY_FRAMES = 1_000_000
FRAGMENTED = {"movflags": "empty_moov+default_base_moof"}


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What is made. `crf` is x264's quality, lower is better."""

    width: int
    height: int
    colour: Colour
    crf: int = 23
    audio_kbps: int = 64


class Tracks:
    """One encoder of each kind, and the MP4 file that their streams are declared in.

    The header of a fragmented file is there at once, and is its whole init segment.
    """

    def __init__(self, form: VideoFormat, *, is_fragmented: bool) -> None:
        self._file = io.BytesIO()
        options = FRAGMENTED if is_fragmented else {}
        self._output = av.open(self._file, "w", format="mp4", options=options)
        self._video = _add_video(self._output, form)
        self._audio = _add_audio(self._output, form)
        self._output.start_encoding()
        # A file and its streams hold each other, so they would wait for the garbage collector:
        # of a reply that was cut, with all its threads and megabytes.
        finalize(self, self._output.close).atexit = False
        self._blocks = av.AudioFifo()
        self._samples = 0
        self.frames = 0

    @property
    def header(self) -> bytes:
        """What is in the file so far."""
        return self._file.getvalue()

    @property
    def picture_ticks(self) -> int:
        """A picture's duration in units of the video track."""
        return int(1 / (FPS * self._video.time_base))

    @property
    def mime(self) -> str:
        """MIME type with RFC 6381 codecs."""
        avcc, aac = self._video.codec_context.extradata, self._audio.codec_context.extradata
        profile = avcc[1:4].hex().upper()
        return f'video/mp4; codecs="avc1.{profile}, mp4a.40.{aac[0] >> 3}"'

    def show(self, picture: I420, is_key: bool) -> list[Packet]:
        """The next picture's packet. A key frame needs nothing before it."""
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = self.frames, Fraction(1, FPS)
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        self.frames += 1
        packets: list[Packet] = self._video.encode(frame)
        return packets

    def hear(self, pcm: Pcm) -> list[Packet]:
        """Blocks that are whole now."""
        scaled = pcm[None].astype(np.float32) / 32768.0
        sound = av.AudioFrame.from_ndarray(scaled, format="fltp", layout="mono")
        sound.sample_rate, sound.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
        sound.pts = self._samples
        self._samples += len(pcm)
        self._blocks.write(sound)
        packets: list[Packet] = []
        while block := self._blocks.read(AAC_BLOCK_SAMPLES):
            packets += self._audio.encode(block)
        return packets

    def mux(self, packets: list[Packet]) -> None:
        """Put packets into the file."""
        self._output.mux(packets)

    def close(self) -> bytes:
        """Let out what the encoders still hold, and end the file."""
        while block := self._blocks.read(AAC_BLOCK_SAMPLES, partial=True):
            self.mux(self._audio.encode(block))
        self.mux(self._video.encode(None))
        self.mux(self._audio.encode(None))
        self._output.close()
        return self._file.getvalue()


def _add_video(output: Any, form: VideoFormat) -> Any:
    options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": str(form.crf),
        "forced-idr": "1",
        # The preset leaves the deblocking filter out, and smooth skin then shows the edges of
        # blocks. Without Annex B packets are as MP4 has them: each unit after its length.
        "x264-params": "deblock=0,0:annexb=0",
    }
    stream = output.add_stream("libx264", rate=FPS, options=options)
    stream.width, stream.height, stream.pix_fmt = form.width, form.height, "yuv420p"
    codec = stream.codec_context
    codec.gop_size = NO_MORE_KEY_FRAMES
    # Workers are the parallelism, and one thread gives the same bytes always.
    codec.thread_count = 1
    codec.color_range = LIMITED_RANGE
    codec.colorspace = form.colour.matrix
    codec.color_primaries = form.colour.primaries
    codec.color_trc = form.colour.transfer
    return stream


def _add_audio(output: Any, form: VideoFormat) -> Any:
    stream = output.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
    stream.bit_rate = form.audio_kbps * 1000
    stream.codec_context.format = "fltp"
    return stream
