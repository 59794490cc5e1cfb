"""Pictures and sound to one video file that a browser plays, in process. No faces, no sockets.

H.264 (ultrafast, zero latency, 4:2:0) and AAC in a plain MP4: its edit list takes away the AAC
encoder's priming, so sound and picture start together; fragmented files without one do not.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from backend.avatar.colour import LIMITED_RANGE, Colour
from backend.protocol import Container

I420 = npt.NDArray[np.uint8]
"""Planes Y, U, V as one picture, shape (height * 3 / 2, width)."""

Pcm = npt.NDArray[np.int16]

FPS = 25
SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS
AAC_BLOCK_SAMPLES = 1024
MAX_OVERHANG_SAMPLES = SAMPLES_PER_FRAME - 1
NO_MORE_KEY_FRAMES = 1_000_000


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What a chunk is made as. `crf` is x264's quality, lower is better."""

    width: int
    height: int
    colour: Colour
    crf: int = 23
    audio_kbps: int = 64


class ChunkEncoder:
    """One self-contained MP4: frames and their sound go in together, the file comes out at the end.

    Use it for one chunk. Frames are compressed as they come, so that `finish` is cheap.
    """

    container: Container = "mp4"

    def __init__(self, form: VideoFormat) -> None:
        self._file = io.BytesIO()
        self._output = av.open(self._file, "w", format="mp4")
        self._video = _add_video(self._output, form)
        self._audio = _add_audio(self._output, form)
        self._blocks = av.AudioFifo()
        self._samples = 0
        self.frames = 0

    def add(self, picture: I420, pcm: Pcm) -> None:
        """One frame and its `SAMPLES_PER_FRAME` samples of sound."""
        if pcm.shape != (SAMPLES_PER_FRAME,):
            raise ValueError(f"a frame has {SAMPLES_PER_FRAME} samples, not {pcm.shape}")
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = self.frames, Fraction(1, FPS)
        self.frames += 1
        self._output.mux(self._video.encode(frame))
        self._add_sound(pcm)

    def finish(self) -> tuple[bytes, str]:
        """The file and its MIME type with the codecs parameter. Nothing may be added after."""
        while block := self._blocks.read(AAC_BLOCK_SAMPLES, partial=True):
            self._output.mux(self._audio.encode(block))
        self._output.mux(self._video.encode(None))
        self._output.mux(self._audio.encode(None))
        mime = mime_type(self._video.codec_context.extradata, self._audio.codec_context.extradata)
        self._output.close()
        return self._file.getvalue(), mime

    def _add_sound(self, pcm: Pcm) -> None:
        scaled = pcm[None].astype(np.float32) / 32768.0
        sound = av.AudioFrame.from_ndarray(scaled, format="fltp", layout="mono")
        sound.sample_rate, sound.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
        sound.pts = self._samples
        self._samples += len(pcm)
        self._blocks.write(sound)
        while block := self._blocks.read(AAC_BLOCK_SAMPLES):
            self._output.mux(self._audio.encode(block))


def whole_frames(frames: int) -> int:
    """The least count, `frames` or a little above, whose sound nearly fills whole AAC blocks.

    AAC codes blocks of 1024 samples. The edit list says where the sound ends, but a decoder that
    does not read it plays the rest of the last block: up to 64 ms, more than a frame. Some counts
    leave less than a frame over, and one of them is always next door.
    """
    return next(n for n in range(frames, frames + 8) if _overhang(n) < MAX_OVERHANG_SAMPLES)


def mime_type(avc_parameters: bytes, aac_config: bytes) -> str:
    """MIME type with RFC 6381 codecs, read from Annex B parameter sets and AudioSpecificConfig."""
    start = avc_parameters.index(b"\x00\x00\x01") + 3
    kind, *profile = avc_parameters[start : start + 4]
    if kind & 0x1F != 7:
        raise ValueError("the first NAL unit is not a sequence parameter set")
    avc = "".join(f"{byte:02X}" for byte in profile)
    return f'video/mp4; codecs="avc1.{avc}, mp4a.40.{aac_config[0] >> 3}"'


def _overhang(frames: int) -> int:
    samples = frames * SAMPLES_PER_FRAME
    return math.ceil(samples / AAC_BLOCK_SAMPLES) * AAC_BLOCK_SAMPLES - samples


def _add_video(output: Any, form: VideoFormat) -> Any:
    options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": str(form.crf),
        # The preset leaves this filter out, and smooth skin then shows the edges of blocks.
        "x264-params": "deblock=0,0",
    }
    stream = output.add_stream("libx264", rate=FPS, options=options)
    stream.width, stream.height, stream.pix_fmt = form.width, form.height, "yuv420p"
    codec = stream.codec_context
    codec.gop_size = NO_MORE_KEY_FRAMES
    codec.thread_count = (
        1  # workers are the parallelism, and one thread gives the same bytes always
    )
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
